"""A chain's blocks, watched beside trading: what others took, and what pools traded.

Invariant: it asks and tells; nothing is ever sent to a chain. What a reorganization undid is
counted; a block's findings are told when it comes, for nobody trades on them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, final

import structlog

from bot3.domain.chain import ChainBlock
from bot3.messages.chain import (
    BlockSeen,
    BlocksMissed,
    BlockUndone,
    ChainEvent,
    ChainLost,
    ChainRestored,
)
from bot3.messages.mev import ChainHeard, MevSeen
from bot3.mev.detector import MevDetector, MevFinding
from bot3.mev.dex import DexMarkets
from bot3.ports.chain import ChainPort
from supervisors.actor import Address, EdgeActor, EdgeContext
from supervisors.clock import Clock


@final
class ChainActor(EdgeActor):
    """Ready at once: trading does not wait for a chain."""

    def __init__(
        self,
        port: ChainPort,
        markets: DexMarkets,
        clock: Clock,
        *,
        listeners: Sequence[Address[Any]],
        board: Address[MevSeen],
    ) -> None:
        self._port, self._markets, self._clock = port, markets, clock
        self._listeners, self._board = listeners, board
        self._detector = MevDetector()
        self._log = structlog.get_logger("bot3.chain")

    async def run(self, context: EdgeContext) -> None:
        context.ready()
        await self._port.run(self._heard(context.progress), ready=_nothing)

    def _heard(self, progress: Callable[[], None]) -> Callable[[ChainEvent], None]:
        def hear(event: ChainEvent) -> None:
            match event:
                case BlockSeen(block=block, ts_local_ns=ts_ns):
                    self._block(block, ts_ns)
                case BlockUndone(ts_local_ns=ts_ns):
                    self._tell(ChainHeard(True, "a block was undone", 1, ts_ns))
                case BlocksMissed(after=after, before=before):
                    self._log.warning("blocks missed", first=after + 1, last=before - 1)
                case ChainLost(reason=reason, ts_local_ns=ts_ns):
                    self._log.warning("the chain is not heard", reason=reason)
                    self._tell(ChainHeard(False, reason, 0, ts_ns))
                case ChainRestored(ts_local_ns=ts_ns):
                    self._tell(ChainHeard(True, "", 0, ts_ns))
            progress()

        return hear

    def _tell(self, heard: ChainHeard) -> None:
        for listener in self._listeners:
            listener.send(heard)

    def _block(self, block: ChainBlock, ts_ns: int) -> None:
        for traded in self._markets.traded(block.swaps, block.number or 0, ts_ns):
            for listener in self._listeners:
                listener.send(traded)
        found = self._detector.findings(block)
        counts = Counter(each.kind.value for each in found)
        done = [each for each in found if not each.is_reverted]
        for each in done:
            self._log.info("taken from the chain", what=_words(each), taker=each.taker)
        best = max(done, key=lambda each: each.worth.profit_ether or 0.0, default=None)
        self._board.send(
            MevSeen(
                block=block.number or 0,
                counts=dict(counts),
                profit=sum(each.worth.profit_ether or 0.0 for each in done),
                miner=sum(each.worth.miner_ether or 0.0 for each in done),
                largest="" if best is None else _words(best),
                ts_ns=ts_ns,
            )
        )


def _words(found: MevFinding) -> str:
    profit = found.worth.profit_ether
    told = "of unknown profit" if profit is None else f"of {profit:.4f} ETH"
    return f"{found.kind.value} {told} in block {found.block}, {found.transactions[0]}"


def _nothing() -> None:
    """Nobody waits."""
