"""A session: nobody trades before clock offset, filters and history are known."""

from __future__ import annotations

from collections import deque
from typing import Any

import pytest
import trio

from bot3.domain.errors import Bot3Error, OrderRejectedError, OutcomeUnknownError, VenueError
from bot3.domain.values import Symbol
from bot3.messages.market import HistoryLoaded
from bot3.messages.orders import InstrumentsLoaded
from bot3.messages.risk import PairExamined
from bot3.services.session import REFRESH_INTERVAL_S, START_PATIENCE_S, SessionActor
from supervisors.testing import TrioClock
from tests.bot3.making import START_NS, VENUE
from tests.bot3.services.fake_ports import FakeFeed, FakeVenue, Inbox, Stage, living

SYMBOLS = (Symbol("BTC/USDT"), Symbol("ETH/USDT"))


class Desk:
    """A session whose every effect goes into one log."""

    def __init__(self, **given: Any) -> None:
        self.log: list[Any] = []
        self.venue, self.feed = FakeVenue(self.log), FakeFeed(self.log)
        self.markets: dict[Symbol, Inbox[HistoryLoaded]] = {
            symbol: Inbox(symbol, self.log) for symbol in SYMBOLS
        }
        self.listeners: list[Inbox[InstrumentsLoaded]] = [
            Inbox("memory", self.log),
            Inbox("risk", self.log),
        ]
        self.actor = SessionActor(
            self.feed,
            self.venue,
            self.markets,
            self.listeners,
            TrioClock(START_NS),
            bar_interval_s=60,
            warm_up_bars=5,
            **given,
        )


async def test_all_is_asked_at_once_and_filters_reach_all_before_history(
    autojump_clock: trio.testing.MockClock,
) -> None:
    desk = Desk()
    async with living(desk.actor):
        names = [name for name, _ in desk.log]
        assert sorted(names[:3]) == ["bars", "bars", "refresh"]
        assert names[3:] == ["memory", "risk", "BTC/USDT", "ETH/USDT"]
    for listener in desk.listeners:
        (loaded,) = listener.heard
        assert loaded.venue == VENUE
        assert [each.id.symbol for each in loaded.instruments] == [*SYMBOLS]
    for symbol, market in desk.markets.items():
        (history,) = market.heard
        assert history.instrument == (VENUE, symbol)
        assert len(history.bars) == 5
        assert history.bars[-1].close_ns == START_NS
        assert {bar.instrument for bar in history.bars} == {history.instrument}


async def test_rules_on_pairs_are_told_the_last_day_and_the_age(
    autojump_clock: trio.testing.MockClock,
) -> None:
    told: Inbox[PairExamined] = Inbox("pairs", [])
    desk = Desk(pairs=(told,), pair_age_days=3)
    async with living(desk.actor):
        assert [each.instrument.symbol for each in told.heard] == [*SYMBOLS]
        for each in told.heard:
            assert (each.age_days, each.volume) == (3, 48.0)  # two an hour, at a price of one
        await trio.sleep(REFRESH_INTERVAL_S + 1)
        assert len(told.heard) == 4


async def test_a_venue_that_is_busy_at_first_is_asked_again(
    autojump_clock: trio.testing.MockClock,
) -> None:
    desk = Desk()
    desk.venue.fails = {"refresh": deque([VenueError("429"), OutcomeUnknownError("time-out")])}
    async with living(desk.actor):
        names = [name for name, _ in desk.log if name != "bars"]
        assert names == [*["refresh"] * 3, "memory", "risk", *SYMBOLS]
    assert [len(market.heard) for market in desk.markets.values()] == [1, 1]


async def test_a_venue_that_stays_down_fails_the_start_with_its_last_error(
    autojump_clock: trio.testing.MockClock,
) -> None:
    desk, stage = Desk(), Stage()
    desk.venue.fails = {"refresh": deque(VenueError(f"down, try {n}") for n in range(1, 100))}
    with pytest.raises(VenueError, match=f"down, try {START_PATIENCE_S + 1:.0f}$"):
        await desk.actor.run(stage)
    assert not stage.is_ready.is_set()
    assert {name for name, _ in desk.log} == {"refresh", "bars"}  # and nobody was told anything


@pytest.mark.parametrize(
    "error", [VenueError("503"), OutcomeUnknownError("time-out"), OrderRejectedError("-1", "no")]
)
async def test_a_later_refresh_that_fails_is_tried_again(
    error: Bot3Error, autojump_clock: trio.testing.MockClock
) -> None:
    desk = Desk()
    async with living(desk.actor) as stage:
        desk.venue.fails = {"refresh": deque([error])}
        await trio.sleep(REFRESH_INTERVAL_S + 0.5)
        assert [len(listener.heard) for listener in desk.listeners] == [1, 1]
        await trio.sleep(REFRESH_INTERVAL_S + 1)
        assert [len(listener.heard) for listener in desk.listeners] == [2, 2]
        assert stage.progresses == 2
        assert [len(market.heard) for market in desk.markets.values()] == [1, 1]
