"""Public data: what every `FeedPort` keeps to, whatever the venue and the connection do."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
import trio

from adapters.simulated.fault_rates import VenueFault
from bot3.domain.book import Quote
from bot3.domain.errors import VenueError
from bot3.domain.values import Side, Symbol
from bot3.messages.market import (
    BestQuoted,
    BookChanged,
    BookLost,
    BookReplaced,
    FeedLost,
    FeedRestored,
    TradePrinted,
)
from tests.contracts.kits import BTC
from tests.contracts.site import Site

DEPTH = 20


class Follower:
    """A book kept from the feed's events alone."""

    def __init__(self) -> None:
        self.book: tuple[dict[float, float], dict[float, float]] | None = None
        self.taken = 0

    def take(self, events: list[Any]) -> None:
        for event in events[self.taken :]:
            match event:
                case BookReplaced():
                    self.book = dict(event.bids), dict(event.asks)
                case BookChanged():
                    assert self.book is not None, "a change of a book that is not known"
                    for side, levels in zip(self.book, (event.bids, event.asks), strict=True):
                        for price, amount in levels:
                            side.pop(price, None)
                            if amount:
                                side[price] = amount
                case BookLost():
                    assert self.book is not None, "lost twice"
                    self.book = None
        self.taken = len(events)

    def is_as(self, site: Site) -> bool:
        """Whether its best levels are the engine's."""
        self.take(site.events)
        if self.book is None:
            return False
        scale = site.market.scale
        for side, levels, sign in zip((Side.BUY, Side.SELL), self.book, (-1, 1), strict=True):
            top = site.market.engine.top(side, DEPTH)
            ours = sorted(levels.items(), key=lambda level, sign=sign: sign * level[0])[:DEPTH]
            truth = [(float(scale.price(p)), float(scale.amount(a))) for p, a in top]
            if ours != truth:
                return False
        return True


async def churn(site: Site, rounds: int) -> None:
    """Trades and new levels, now and then."""
    for number in range(rounds):
        site.take(Side.BUY if number % 2 else Side.SELL, "0.015")
        site.rest(Side.BUY, f"{59_950 + number % 20}", "0.3")
        site.rest(Side.SELL, f"{60_050 - number % 20}", "0.3")
        await trio.sleep(0.07)


async def test_what_is_traded_there(autojump_clock: object, site: Site) -> None:
    (found,) = await site.feed.instruments([BTC])
    truth = site.market.instrument
    assert (found.id, found.base, found.quote) == (truth.id, truth.base, truth.quote)
    assert (found.tick_size, found.lot_size) == (truth.tick_size, truth.lot_size)
    assert found.amount_min == truth.amount_min
    assert found.is_trading
    with pytest.raises(VenueError, match="NOPE/USDT"):
        await site.feed.instruments([BTC, Symbol("NOPE/USDT")])


async def test_bars_are_closed_contiguous_and_the_last_ones(
    autojump_clock: object, site: Site
) -> None:
    for number in range(200):
        price = 6_000_000 + 10 * (number % 7)
        ts_ns = site.clock.now_ns() - (200 - number) * 60 * 10**9
        site.market.warm_up(ts_ns, price, 100 + number, is_buyer_maker=bool(number % 2))
    await trio.sleep(1)
    bars = await site.feed.bars(BTC, 60, 150)
    assert len(bars) == 150
    assert {b.open_ns - a.open_ns for a, b in pairwise(bars)} == {60 * 10**9}
    now_ns = site.clock.now_ns()
    assert bars[-1].close_ns <= now_ns < bars[-1].close_ns + 60 * 10**9
    assert all(bar.low <= min(bar.open, bar.close) for bar in bars)
    with pytest.raises(VenueError, match="7 s"):
        await site.feed.bars(BTC, 7, 10)


async def test_the_book_is_followed_exactly(
    autojump_clock: object, site: Site, nursery: trio.Nursery
) -> None:
    await site.starts(site.feed.run, nursery)
    follower = Follower()
    for _ in range(5):
        await churn(site, 10)
        await site.until(lambda: follower.is_as(site))
    assert not any(isinstance(event, BookLost) for event in site.events)
    sequences = [e.sequence for e in site.events if isinstance(e, BookReplaced | BookChanged)]
    assert sequences == sorted(sequences)
    nursery.cancel_scope.cancel()


async def test_trades_come_once_in_order_with_their_aggressor(
    autojump_clock: object, site: Site, nursery: trio.Nursery
) -> None:
    await site.starts(site.feed.run, nursery)
    await churn(site, 20)
    wanted = len(site.market.tape)
    trades = await site.until(
        lambda: (
            (found := [e for e in site.events if isinstance(e, TradePrinted)])[wanted - 1 :]
            and found
        )
    )
    truth = [
        (
            float(site.market.scale.price(trade.price)),
            float(site.market.scale.amount(trade.lots)),
            Side.SELL if trade.is_buyer_maker else Side.BUY,
        )
        for trade in site.market.tape
    ]
    assert [(t.price, t.amount, t.aggressor) for t in trades] == truth
    assert all(a.trade_id < b.trade_id for a, b in pairwise(trades))
    nursery.cancel_scope.cancel()


@pytest.mark.parametrize(
    "fault",
    [
        VenueFault.FRAME_GAP,
        VenueFault.FRAME_DUPLICATED,
        VenueFault.FRAME_REORDERED,
        VenueFault.FRAME_CORRUPTED,
        VenueFault.FRAME_DELAYED,
    ],
)
async def test_bad_frames_cost_at_most_a_resync(
    autojump_clock: object, site: Site, nursery: trio.Nursery, fault: VenueFault
) -> None:
    await site.starts(site.feed.run, nursery)
    follower = Follower()
    await site.until(lambda: follower.is_as(site))
    site.strike(fault, rate=0.2)
    await churn(site, 60)
    assert fault in site.struck
    site.relent()
    await churn(site, 3)
    await site.until(lambda: follower.is_as(site))
    if fault is VenueFault.FRAME_GAP:
        assert any(isinstance(event, BookLost) for event in site.events)
    nursery.cancel_scope.cancel()


def told(site: Site) -> list[type]:
    return [type(e) for e in site.events if isinstance(e, FeedLost | FeedRestored)]


async def test_the_venues_own_touch_is_that_of_its_book(
    autojump_clock: object, site: Site, nursery: trio.Nursery
) -> None:
    """Never older than the book, and the engine's at the same number."""
    scale, truth = site.market.scale, {}

    def look() -> None:
        top = site.market.top()
        truth[site.market.engine.update_id] = Quote(
            float(scale.price(top.bid)),
            float(scale.amount(top.bid_lots)),
            float(scale.price(top.ask)),
            float(scale.amount(top.ask_lots)),
        )

    await site.starts(site.feed.run, nursery)
    follower = Follower()
    await site.until(lambda: follower.is_as(site))
    for number in range(40):
        site.rest(Side.BUY, f"{59_960 + number % 7}", "0.3")
        look()
        site.rest(Side.SELL, f"{60_050 - number % 9}", "0.3")
        look()
        site.take(Side.BUY if number % 2 else Side.SELL, "0.4")
        look()
        await trio.sleep(0.05)
    touches = [event for event in site.events if isinstance(event, BestQuoted)]
    assert len(touches) >= 20
    assert all(truth[event.sequence] == event.quote for event in touches if event.sequence in truth)
    assert sum(event.sequence in truth for event in touches) >= 20
    nursery.cancel_scope.cancel()


async def test_candles_are_the_sum_of_the_trades(
    autojump_clock: object, site: Site, nursery: trio.Nursery
) -> None:
    """A minute in which a trade was lost differs; one with a lost connection does not count."""

    async def trade(seconds: int) -> None:
        for number in range(seconds // 2):
            site.take(Side.BUY if number % 2 else Side.SELL, "0.015")
            await trio.sleep(2.0)

    await site.starts(site.feed.run, nursery)
    counts = site.feed.counts
    await trade(190)
    assert counts()["candles_checked"] >= 1
    await site.network.cut()
    await trade(190)
    assert counts()["candles_checked"] >= 2
    assert counts()["candles_differ"] == 0
    site.strike(VenueFault.FRAME_GAP, rate=0.05)  # more would cost whole connections
    await trade(250)
    site.relent()
    await trade(130)
    assert counts()["candles_differ"] >= 1
    nursery.cancel_scope.cancel()


async def test_a_lost_connection_is_told_and_mended(
    autojump_clock: object, site: Site, nursery: trio.Nursery
) -> None:
    await site.starts(site.feed.run, nursery)
    follower = Follower()
    await site.until(lambda: follower.is_as(site))
    for number in range(3):
        await site.network.cut()
        await churn(site, 20)
        await site.until(lambda n=number: len(told(site)) == 3 + 2 * n and follower.is_as(site))
    assert told(site) == [FeedRestored, FeedLost] * 3 + [FeedRestored]
    lost = [type(e) for e in site.events if isinstance(e, FeedLost | BookLost)]
    assert lost == [BookLost, FeedLost] * 3
    nursery.cancel_scope.cancel()


async def test_a_venue_that_is_away_is_waited_for(
    autojump_clock: object, site: Site, nursery: trio.Nursery
) -> None:
    site.network.is_down = True
    ready = trio.Event()
    nursery.start_soon(lambda: site.feed.run((BTC,), site.publish, ready=ready.set))
    await trio.sleep(90)
    assert [type(event) for event in site.events] == [FeedLost]
    site.network.is_down = False
    follower = Follower()
    await site.until(lambda: follower.is_as(site))
    await ready.wait()
    nursery.cancel_scope.cancel()


async def test_a_book_is_replaced_when_asked_for(
    autojump_clock: object, site: Site, nursery: trio.Nursery
) -> None:
    await site.starts(site.feed.run, nursery)
    follower = Follower()
    await site.until(lambda: follower.is_as(site))
    site.feed.resync(BTC, "crossed")
    site.feed.resync(BTC, "crossed again")
    lost = await site.event(BookLost)
    assert lost.reason == "crossed"
    await site.event(BookReplaced)
    assert not any(isinstance(event, BookLost | FeedLost) for event in site.events)
    fresh = Follower()
    site.feed.resync(BTC, "once more")
    fresh.book = ({}, {})
    await churn(site, 5)
    await site.until(lambda: fresh.is_as(site))
    nursery.cancel_scope.cancel()


async def test_symbols_that_cannot_be_streamed_are_refused(
    autojump_clock: object, site: Site
) -> None:
    with pytest.raises(VenueError, match="0 symbols"):
        await site.feed.run((), site.publish, ready=lambda: None)
    with pytest.raises(VenueError, match="BASE/QUOTE"):
        await site.feed.run((Symbol("BTCUSDT"),), site.publish, ready=lambda: None)
