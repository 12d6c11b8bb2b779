"""A node's new blocks behind `ChainPort`: heads by subscription, receipts by question, reorgs told.

Invariant: published blocks are one line, each the parent of the next, but for what `BlocksMissed`
says is missing. Nothing but questions is sent: the node is not asked to send anything for us.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, final

import msgspec
import trio
from attrs import field, frozen, validators

from adapters.ethereum.block_file import cost_of
from adapters.ethereum.heads import REMEMBERED, BlockId, HeadLine
from adapters.ethereum.log_liquidations import liquidations_in
from adapters.ethereum.log_swaps import swaps_in
from adapters.ethereum.rpc import NodeError, RpcSocket
from adapters.ethereum.wire import Head, NodeReceipt, number_of
from adapters.net.errors import ConnectionLostError
from adapters.net.network import Network
from adapters.net.reconnect import Backoff, BackoffPolicy, Draw
from adapters.net.websocket import WebSocketLimits, open_websocket
from bot3.domain.chain import ChainBlock
from bot3.messages.chain import (
    BlockSeen,
    BlocksMissed,
    BlockUndone,
    ChainEvent,
    ChainLost,
    ChainRestored,
)
from supervisors.clock import Clock

# A full block's receipts are some megabytes of JSON.
_LIMITS: Final = WebSocketLimits(message_bytes=128 * 1024 * 1024)
_NS: Final = 1_000_000_000


@frozen
class NodeSettings:
    """`url`: ws:// or wss://. A chain adds a block each 12 s: silence is a node that is stuck."""

    url: str
    connect_timeout_s: float = field(default=10.0, validator=validators.gt(0.0))
    request_timeout_s: float = field(default=20.0, validator=validators.gt(0.0))
    silence_s: float = field(default=90.0, validator=validators.gt(0.0))
    reconnect: BackoffPolicy = field(factory=BackoffPolicy)


@final
class EthereumNode:
    """`ChainPort`. One `run` at a time."""

    def __init__(
        self, settings: NodeSettings, *, network: Network, clock: Clock, dice: Draw
    ) -> None:
        self._settings, self._network, self._clock = settings, network, clock
        self._backoff = Backoff(settings.reconnect, dice)
        self._line = HeadLine()

    async def run(
        self, publish: Callable[[ChainEvent], None], *, ready: Callable[[], None]
    ) -> None:
        """See `ChainPort.run`."""
        is_first = True

        def live() -> None:
            nonlocal is_first
            self._backoff.reset()
            publish(ChainRestored(self._clock.now_ns()))
            if is_first:
                is_first = False
                ready()

        while True:
            try:
                await self._session(publish, live)
            except (ConnectionLostError, NodeError, msgspec.DecodeError, ValueError) as error:
                publish(ChainLost(str(error), self._clock.now_ns()))
            await trio.sleep(self._backoff.next_s())

    async def _session(
        self, publish: Callable[[ChainEvent], None], live: Callable[[], None]
    ) -> None:
        settings = self._settings
        async with open_websocket(
            self._network,
            settings.url,
            connect_timeout_s=settings.connect_timeout_s,
            silence_s=settings.silence_s,
            limits=_LIMITS,
        ) as socket:
            rpc = RpcSocket(socket, settings.request_timeout_s)
            session = _Session(rpc, self._line, publish, self._clock)
            await session.run(live)


@final
class _Session:
    """Lives as long as its socket. Of heads only the newest waits: its parents are asked for."""

    def __init__(
        self,
        rpc: RpcSocket,
        line: HeadLine,
        publish: Callable[[ChainEvent], None],
        clock: Clock,
    ) -> None:
        self._rpc, self._line, self._publish, self._clock = rpc, line, publish, clock
        self._newest: Head | None = None
        self._has_head = trio.Event()

    async def run(self, live: Callable[[], None]) -> None:
        """Until something fails, which is raised as itself and not in a group."""
        failure: Exception | None = None
        async with trio.open_nursery() as nursery:

            async def part(work: Callable[[], Awaitable[None]]) -> None:
                nonlocal failure
                try:
                    await work()
                except (ConnectionLostError, NodeError, msgspec.DecodeError, ValueError) as error:
                    failure = failure or error
                    nursery.cancel_scope.cancel()

            nursery.start_soon(part, lambda: self._rpc.read(self._announced))
            nursery.start_soon(part, lambda: self._follow(live))
        if failure is not None:
            raise failure

    def _announced(self, result: bytes) -> None:
        self._newest = msgspec.json.decode(result, type=Head)
        self._has_head.set()

    async def _follow(self, live: Callable[[], None]) -> None:
        await self._rpc.ask("eth_subscribe", ["newHeads"])
        live()
        while True:
            await self._has_head.wait()
            self._has_head = trio.Event()
            head, self._newest = self._newest, None
            if head is not None and not self._line.is_known(head.hash):
                await self._lead_to(head)

    async def _lead_to(self, head: Head) -> None:
        """Tells of `head` after its forebears; gives up where the node no longer has them."""
        heads = [head]
        while not self._line.is_linked(_id(heads[-1])):
            oldest = heads[-1]
            is_lost = self._line.is_too_far(_id(oldest)) or len(heads) > REMEMBERED
            parent = None if is_lost else await self._header(oldest.parent_hash)
            if parent is None:
                last = self._line.restart()
                assert last is not None
                now_ns = self._clock.now_ns()
                self._publish(BlocksMissed(last.number, number_of(oldest.number), now_ns))
                break
            heads.append(parent)
        for each in reversed(heads):
            block = await self._block(each)
            if block is None:  # undone while we asked: the next head leads elsewhere
                return
            place = _id(each)
            for undone in self._line.undone_by(place):
                self._publish(BlockUndone(undone.number, undone.hash, self._clock.now_ns()))
            self._line.take(place)
            self._publish(BlockSeen(block, self._clock.now_ns()))

    async def _header(self, block_hash: str) -> Head | None:
        answer = await self._rpc.ask("eth_getBlockByHash", [block_hash, False])
        return msgspec.json.decode(answer, type=Head | None)

    async def _block(self, head: Head) -> ChainBlock | None:
        answer = await self._rpc.ask("eth_getBlockReceipts", [head.hash])
        receipts = msgspec.json.decode(answer, type=list[NodeReceipt] | None)
        return None if receipts is None else block_of_receipts(head, receipts)


def _id(head: Head) -> BlockId:
    return BlockId(number_of(head.number), head.hash, head.parent_hash)


def block_of_receipts(head: Head, receipts: list[NodeReceipt]) -> ChainBlock:
    """Decoded from logs; what was sent to the miner directly is not in them, and counts as 0."""
    base_fee_wei = number_of(head.base_fee_per_gas or 0)
    costs = {
        each.transaction_hash.lower(): cost_of(
            number_of(each.gas_used), number_of(each.effective_gas_price), base_fee_wei, 0
        )
        for each in receipts
    }
    return ChainBlock(
        number=number_of(head.number),
        swaps=tuple(swap for each in receipts for swap in swaps_in(each)),
        liquidations=tuple(found for each in receipts for found in liquidations_in(each)),
        costs=costs,
        hash=head.hash,
        parent_hash=head.parent_hash,
        ts_ns=number_of(head.timestamp) * _NS,
    )
