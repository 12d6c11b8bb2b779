"""A chain's blocks beside trading."""

from __future__ import annotations

from collections.abc import Callable

from bot3.domain.chain import ChainBlock
from bot3.domain.values import Symbol
from bot3.messages.chain import (
    BlockSeen,
    BlocksMissed,
    BlockUndone,
    ChainEvent,
    ChainLost,
    ChainRestored,
)
from bot3.messages.mev import ChainHeard, DexTraded, MevSeen
from bot3.mev.dex import DexMarkets
from bot3.services.chain import ChainActor
from supervisors.clock import ManualClock
from tests.bot3.listening import Ear, Looks
from tests.bot3.mev.swap_rows import ETH, back, swap

BLOCK = ChainBlock(7, (swap(0, "0xa"), back(0, "0xb", 2_000 * 10**6, ETH + 10**15, index=1)))
EVENTS: tuple[ChainEvent, ...] = (
    ChainRestored(1),
    BlockSeen(BLOCK, 2),
    BlockUndone(7, "0x7", 3),
    BlocksMissed(7, 9, 4),
    ChainLost("cut", 5),
)


class Port:
    """Says all it has to say at once."""

    async def run(
        self, publish: Callable[[ChainEvent], None], *, ready: Callable[[], None]
    ) -> None:
        ready()
        for event in EVENTS:
            publish(event)


async def test_findings_trades_and_the_chains_state_are_told() -> None:
    board, listener, context = Ear(), Ear(), Looks()
    actor = ChainActor(
        Port(), DexMarkets([Symbol("ETH/USDT")]), ManualClock(1), listeners=[listener], board=board
    )
    await actor.run(context)
    assert context.is_ready.is_set()
    assert context.looks == len(EVENTS)
    (seen,) = board.heard
    assert isinstance(seen, MevSeen)
    assert (seen.block, seen.counts, seen.profit) == (7, {"arbitrage": 1}, 0.001)
    assert seen.largest.startswith("arbitrage of 0.0010 ETH in block 7")
    kinds = [type(each) for each in listener.heard]
    assert kinds == [ChainHeard, DexTraded, ChainHeard, ChainHeard]
    assert [each.undone for each in listener.heard if isinstance(each, ChainHeard)] == [0, 1, 0]
    assert listener.heard[-1].reason == "cut"
