"""A node that answers from memory: heads, receipts, refusals. Messages, no bytes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import trio

from adapters.net.errors import ConnectionLostError


def head(number: int, fork: str = "a", parent: str | None = None) -> dict[str, Any]:
    """A block's header; its hash says its number and which fork it is of."""
    own = f"0x{fork}{number:04d}"
    return {
        "number": hex(number),
        "hash": own,
        "parentHash": parent or f"0x{fork}{number - 1:04d}",
        "timestamp": hex(1_700_000_000 + 12 * number),
        "baseFeePerGas": hex(20 * 10**9),
    }


class FakeNode:
    """`MessageNetwork` that reaches one node. `receipts` by block hash."""

    def __init__(self) -> None:
        self.blocks: dict[str, dict[str, Any]] = {}
        self.receipts: dict[str, list[dict[str, Any]] | None] = {}
        self.faults: dict[str, dict[str, Any]] = {}
        self.mute: set[str] = set()
        self.is_reachable = True
        self.sockets: list[_Socket] = []
        self.asked: list[str] = []

    def add(self, block: dict[str, Any], *receipts: dict[str, Any]) -> None:
        """The node has it, and tells nobody yet."""
        self.blocks[block["hash"]] = block
        self.receipts[block["hash"]] = list(receipts)

    def announce(self, block: dict[str, Any], *receipts: dict[str, Any]) -> None:
        """The node has a new head."""
        if block["hash"] not in self.blocks:
            self.add(block, *receipts)
        body = {"jsonrpc": "2.0", "method": "eth_subscription"}
        for socket in self.sockets:
            socket.push(body | {"params": {"subscription": "0x1", "result": block}})

    def cut(self) -> None:
        """Every connection ends."""
        for socket in self.sockets:
            socket.end()

    def answer(self, question: dict[str, Any]) -> dict[str, Any] | None:
        method, params = question["method"], question["params"]
        self.asked.append(method)
        if method in self.mute:
            return None
        told: dict[str, Any] = {"jsonrpc": "2.0", "id": question["id"]}
        if method in self.faults:
            return told | {"error": self.faults[method]}
        match method:
            case "eth_subscribe":
                return told | {"result": "0x1"}
            case "eth_getBlockByHash":
                return told | {"result": self.blocks.get(params[0])}
            case "eth_getBlockReceipts":
                return told | {"result": self.receipts.get(params[0])}
        return told | {"error": {"code": -32601, "message": "no such method"}}

    @asynccontextmanager
    async def open_messages(
        self, url: str, *, connect_timeout_s: float, silence_s: float
    ) -> AsyncIterator[_Socket]:
        if not self.is_reachable:
            raise ConnectionLostError(f"{url}: refused")
        socket = _Socket(self)
        self.sockets.append(socket)
        try:
            yield socket
        finally:
            self.sockets.remove(socket)

    async def connect(self, host: str, port: int, *, is_tls: bool) -> trio.abc.Stream:
        raise ConnectionLostError("a node speaks websocket messages alone")

    async def listen(self, host: str, port: int) -> trio.abc.Listener[trio.abc.Stream]:
        raise ConnectionLostError("a node speaks websocket messages alone")


class _Socket:
    """One connection to it."""

    quiet_s = 0.0

    def __init__(self, node: FakeNode) -> None:
        self._node = node
        self._send, self._receive = trio.open_memory_channel[str](10_000)

    def push(self, body: dict[str, Any]) -> None:
        self._send.send_nowait(msgspec.json.encode(body).decode())

    def push_text(self, text: str) -> None:
        self._send.send_nowait(text)

    def end(self) -> None:
        self._send.close()

    async def send(self, text: str) -> None:
        answer = self._node.answer(msgspec.json.decode(text))
        if answer is not None:
            self.push(answer)

    async def receive_batch(self) -> Sequence[str]:
        try:
            return [await self._receive.receive()]
        except trio.EndOfChannel:
            raise ConnectionLostError("cut") from None
