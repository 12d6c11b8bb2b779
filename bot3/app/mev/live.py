"""`python -m bot3 mev --rpc URL`: a node's blocks as they come, until Ctrl-C.

Invariant: a block that a reorganization undid is told as undone, after what was found in it.
"""

from __future__ import annotations

import json
import sys
from typing import Final, final
from urllib.parse import urlsplit

import trio
from attrs import frozen

from adapters.ethereum.node import EthereumNode, NodeSettings
from adapters.net.network import Network, SocketNetwork
from bot3.app.mev.told import as_json, as_text
from bot3.domain.errors import ConfigError
from bot3.messages.chain import (
    BlockSeen,
    BlocksMissed,
    BlockUndone,
    ChainEvent,
    ChainLost,
    ChainRestored,
)
from bot3.mev.detector import MevDetector
from supervisors.clock import SystemClock
from supervisors.entropy import Entropy

_SCHEMES: Final = ("ws", "wss")


@frozen
class MevStream:
    """`duration_s` None: until interrupted."""

    url: str
    duration_s: float | None
    is_json: bool


def watch_chain(stream: MevStream) -> int:
    """The exit code; raises `ConfigError` for an address that is none of a websocket's."""
    parts = urlsplit(stream.url)
    if parts.scheme not in _SCHEMES or not parts.hostname:
        raise ConfigError("--rpc: give the node's websocket, like ws://127.0.0.1:8546")
    trio.run(_watch, stream, SocketNetwork())
    return 0


async def _watch(stream: MevStream, network: Network) -> None:
    clock, entropy = SystemClock(), Entropy(0)
    settings = NodeSettings(stream.url)
    node = EthereumNode(settings, network=network, clock=clock, dice=entropy.dice("chain"))
    teller = _Teller(is_json=stream.is_json)
    with trio.CancelScope() as scope:
        if stream.duration_s is not None:
            scope.deadline = trio.current_time() + stream.duration_s
        await node.run(teller.hear, ready=_nothing)


@final
class _Teller:
    """Prints what is found; what is amiss goes to the error stream."""

    def __init__(self, *, is_json: bool) -> None:
        self._is_json = is_json
        self._detector = MevDetector()

    def hear(self, event: ChainEvent) -> None:
        match event:
            case BlockSeen(block=block):
                for found in self._detector.findings(block):
                    self._tell(as_json(found) if self._is_json else as_text(found))
                note = f"block {block.number}: {len(block.swaps)} swaps"
                print(note, file=sys.stderr, flush=True)
            case BlockUndone(number=number, hash=undone):
                body = json.dumps({"block": number, "kind": "undone", "hash": undone})
                words = f"{number}  undone: what was told of it is the chain's no more"
                self._tell(body if self._is_json else words)
            case BlocksMissed(after=after, before=before):
                print(f"blocks {after + 1} to {before - 1} missed", file=sys.stderr, flush=True)
            case ChainLost(reason=reason):
                print(f"node lost: {reason}", file=sys.stderr, flush=True)
            case ChainRestored():
                print("node heard", file=sys.stderr, flush=True)

    def _tell(self, line: str) -> None:
        print(line, flush=True)


def _nothing() -> None:
    """Nobody waits."""
