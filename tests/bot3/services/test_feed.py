"""The feed: order per instrument, losses to everybody, resyncs to the port."""

from __future__ import annotations

from typing import Any

import pytest
import trio

from bot3.domain.errors import VenueError
from bot3.domain.values import InstrumentId, Side, Symbol
from bot3.messages.market import (
    BookLost,
    FeedLost,
    FeedRestored,
    ResyncBook,
    TradePrinted,
)
from bot3.services.feed import FeedActor, FeedTally
from supervisors.dispatch import RunQueue
from supervisors.mailbox import Mailbox, Overflow
from supervisors.spec import EdgeSpec, SupervisorSpec
from supervisors.testing import TrioClock, running_tree
from tests.bot3.making import START_NS, VENUE
from tests.bot3.services.fake_ports import FakeFeed, Inbox, living, settle

BTC, ETH = (InstrumentId(VENUE, Symbol(f"{base}/USDT")) for base in ("BTC", "ETH"))


def trade(key: InstrumentId, number: int) -> TradePrinted:
    return TradePrinted(key, number, 100.0, 1.0, Side.BUY, START_NS, START_NS)


class Desk:
    """A feed of two markets and one watcher."""

    def __init__(self) -> None:
        self.port = FakeFeed()
        self.markets: dict[Symbol, Inbox[Any]] = {key.symbol: Inbox() for key in (BTC, ETH)}
        self.watcher: Inbox[Any] = Inbox()
        self.resyncs: Mailbox[ResyncBook] = Mailbox(
            "resyncs", capacity=2, policy=Overflow.CONFLATE, key=lambda asked: asked.instrument
        )
        self.tally = FeedTally()

    def build(self) -> FeedActor:
        clock = TrioClock(START_NS)
        watchers = (self.watcher,)
        return FeedActor(self.port, self.markets, watchers, self.resyncs, self.tally, clock)


async def test_events_keep_their_order_by_instrument(
    autojump_clock: trio.testing.MockClock,
) -> None:
    desk = Desk()
    events = [trade(key, number) for number in range(5) for key in (BTC, ETH)]
    lost = BookLost(ETH, "a gap", START_NS)
    desk.port.events = [*events, lost]
    async with living(desk.build()) as stage:
        await settle()
        assert desk.markets[BTC.symbol].heard == [trade(BTC, number) for number in range(5)]
        assert desk.markets[ETH.symbol].heard == [*(trade(ETH, n) for n in range(5)), lost]
        assert desk.watcher.heard == []
        assert (desk.tally.events, stage.progresses) == (11, 11)


async def test_losses_reach_every_market_and_the_watchers(
    autojump_clock: trio.testing.MockClock,
) -> None:
    desk = Desk()
    news = [FeedRestored(VENUE, 1), FeedLost(VENUE, "reset", 2), FeedRestored(VENUE, 3)]
    desk.port.events = [*news]
    async with living(desk.build()):
        await settle()
        heard = [market.heard for market in desk.markets.values()]
        assert [*heard, desk.watcher.heard] == [news, news, news]
        assert desk.tally.events == 0  # a connection is no market event


async def test_a_resync_reaches_the_port(autojump_clock: trio.testing.MockClock) -> None:
    desk = Desk()
    async with living(desk.build()):
        desk.resyncs.send(ResyncBook(ETH, "crossed"))
        desk.resyncs.send(ResyncBook(BTC, "crossed"))
        desk.resyncs.send(ResyncBook(ETH, "crossed again"))
        await settle()
        assert desk.port.resyncs == [("ETH/USDT", "crossed again"), ("BTC/USDT", "crossed")]


async def test_a_stream_that_ends_ends_the_actor(autojump_clock: trio.testing.MockClock) -> None:
    desk = Desk()
    desk.port.error = VenueError("banned")
    expected = pytest.RaisesExc(VenueError, match="banned")
    with pytest.RaisesGroup(expected, flatten_subgroups=True):
        async with living(desk.build()):
            desk.port.ends.set()
    for heard in (desk.markets[BTC.symbol].heard, desk.markets[ETH.symbol].heard):
        assert [(lost.reason, type(lost)) for lost in heard] == [("the feed actor ended", FeedLost)]
    assert desk.watcher.heard == heard


async def test_a_new_incarnation_goes_on_counting(autojump_clock: trio.testing.MockClock) -> None:
    desk = Desk()
    desk.port.events = [trade(BTC, 1)]
    desk.port.error = VenueError("banned")
    spec = EdgeSpec("feed", desk.build, desk.resyncs, backoff=None)
    tree = SupervisorSpec("root", children=(spec,))
    async with running_tree(tree, RunQueue(TrioClock(START_NS))):
        broken, desk.port.ends = desk.port.ends, trio.Event()
        broken.set()
        await settle()
        assert desk.tally.events == 2
        desk.resyncs.send(ResyncBook(BTC, "the market actor started"))
        await settle()
        assert desk.port.resyncs == [("BTC/USDT", "the market actor started")]
