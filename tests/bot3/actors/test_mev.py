"""Pools beside venues: gaps, and what the minds hear of them."""

from __future__ import annotations

import pytest

from bot3.actors.mev import CHAIN, MevActor, MevSettings
from bot3.domain.book import Quote
from bot3.domain.values import InstrumentId, Symbol, VenueName
from bot3.messages.market import BookLost, QuoteChanged
from bot3.messages.mev import ChainHeard, DexPriced, DexTraded
from tests.bot3.listening import Ear

ETHER = Symbol("ETH/USDT")
A, B = InstrumentId(VenueName("a"), ETHER), InstrumentId(VenueName("b"), ETHER)


class World:
    def __init__(self, *, is_fed: bool = False) -> None:
        self.market, self.board = Ear(), Ear()
        settings = MevSettings(gap_alert_bps=50.0, is_fed=is_fed)
        self.actor = MevActor(settings, markets={ETHER: [self.market]}, board=self.board)

    def quote(self, key: InstrumentId, mid: float) -> None:
        self.actor.handle(QuoteChanged(key, Quote(mid - 1, 1, mid + 1, 1), 0, 0))

    def trade(self, price: float) -> DexPriced | None:
        before = len(self.board.heard)
        self.actor.handle(DexTraded(ETHER, 7, price, 1.0, 2.0, 99))
        return self.board.heard[-1] if len(self.board.heard) > before else None


def test_a_gap_is_from_the_mean_of_the_venues() -> None:
    world = World()
    assert world.trade(2_000) is None  # of no venue is a price known
    world.quote(A, 1_990)
    world.quote(B, 2_010)
    found = world.trade(2_002)
    assert found is not None
    assert found.gap_bps == pytest.approx(10.0)
    assert (found.is_wide, found.bought, found.sold) == (False, 1.0, 2.0)
    wide = world.trade(1_985)
    assert wide is not None
    assert wide.is_wide


def test_a_lost_book_counts_no_more() -> None:
    world = World()
    world.quote(A, 1_000)
    world.quote(B, 2_000)
    world.actor.handle(BookLost(A, "gap", 0))
    found = world.trade(2_000)
    assert found is not None
    assert found.gap_bps == pytest.approx(0.0)


@pytest.mark.parametrize("is_fed", [True, False])
def test_the_minds_hear_of_pools_as_of_a_peer_where_asked_for(is_fed: bool) -> None:
    world = World(is_fed=is_fed)
    world.quote(A, 2_000)
    world.trade(2_010)
    world.actor.handle(ChainHeard(True, "", 0, 100))
    world.actor.handle(ChainHeard(False, "cut", 0, 101))
    if not is_fed:
        assert world.market.heard == []
        return
    told, traded, lost = world.market.heard
    assert told.instrument == lost.instrument == InstrumentId(CHAIN, ETHER)
    assert told.quote.mid == 2_010
    assert isinstance(traded, DexTraded)
    assert isinstance(lost, BookLost)
