from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio
from attrs import evolve

from adapters.binance.feed import BinanceFeed
from adapters.binance.schemas import CHANNELS
from adapters.binance.settings import BinanceSettings
from bot3.domain.errors import VenueError
from bot3.domain.values import Side
from bot3.messages.market import (
    BookChanged,
    BookLost,
    BookReplaced,
    FeedLost,
    FeedRestored,
    TradePrinted,
)
from tests.adapters.binance.fake_exchange import (
    SETTINGS,
    START_NS,
    Events,
    FakeExchange,
    Peer,
    ok,
    refusal,
)
from tests.adapters.binance.market_script import (
    BTC,
    TIME_MS,
    book,
    depth,
    snapshots,
    trade,
    welcome,
)
from tests.adapters.net.http_server import Reply, Request


@asynccontextmanager
async def running(
    exchange: FakeExchange, settings: BinanceSettings = SETTINGS
) -> AsyncIterator[tuple[BinanceFeed, Events]]:
    feed = BinanceFeed(settings, network=exchange.network, clock=exchange.clock, dice=exchange.dice)
    events = Events()
    async with trio.open_nursery() as nursery:

        async def run() -> None:
            await feed.run([BTC], events.publish, ready=events.on_ready)

        nursery.start_soon(run)
        yield feed, events
        nursery.cancel_scope.cancel()
    await feed.aclose()


async def test_a_session_from_subscription_to_book(
    autojump_clock: trio.abc.Clock, exchange: FakeExchange
) -> None:
    requests: list[dict[str, object]] = []

    async def script(peer: Peer) -> None:
        requests.append(await peer.hear())
        await peer.say(depth(9, 11, ["9.0", "4.0"]))
        await peer.say({"result": None, "id": 1})
        await peer.say(depth(12, 13, ["10.0", "0.0"]))
        await trio.sleep(1)
        await peer.say(trade(100, is_buyer_maker=True))
        await peer.say(depth(14, 14, ["9.5", "7.0"]))
        await peer.stay()

    exchange.script("stream", script)
    snapshots(exchange, 10)
    async with running(exchange) as (feed, events):
        await events.wait_for(BookChanged, 3)
    assert requests == [
        {"method": "SUBSCRIBE", "params": [f"btcusdt@{channel}" for channel in CHANNELS], "id": 1}
    ]
    assert exchange.asked("/depth")[0].params == {"symbol": "BTCUSDT", "limit": "1000"}
    names = ["FeedRestored", "BookReplaced", "BookChanged", "BookChanged", "TradePrinted"]
    assert events.names() == [*names, "BookChanged"]
    assert events.ready == 1
    (replaced,) = events.of(BookReplaced)
    assert (replaced.bids, replaced.asks, replaced.sequence) == ([(10.0, 1.0)], [(11.0, 2.0)], 10)
    assert [change.sequence for change in events.of(BookChanged)] == [11, 13, 14]
    (printed,) = events.of(TradePrinted)
    assert (printed.aggressor, printed.price, printed.amount) == (Side.SELL, 10.5, 0.25)
    assert printed.ts_venue_ns == (TIME_MS - 1) * 1_000_000
    assert printed.ts_local_ns == pytest.approx(START_NS + 10**9, abs=10**6)
    assert feed.statistics.messages == 5
    assert feed.statistics.last_message_ns == printed.ts_local_ns


async def test_a_disconnect_loses_and_restores_feed_and_book(
    autojump_clock: trio.abc.Clock, exchange: FakeExchange
) -> None:
    async def script(peer: Peer) -> None:
        await welcome(peer)
        await trio.sleep(5)
        await peer.say(trade(200 if peer.number == 1 else 100))  # ids may begin again
        if peer.number == 1:
            await peer.close(1001)
        await peer.stay()

    exchange.script("stream", script)
    snapshots(exchange, 10, 50)
    async with running(exchange) as (feed, events):
        await events.wait_for(TradePrinted, 2)
    assert events.names() == [
        "FeedRestored",
        "BookReplaced",
        "TradePrinted",
        "BookLost",
        "FeedLost",
        "FeedRestored",
        "BookReplaced",
        "TradePrinted",
    ]
    assert [replaced.sequence for replaced in events.of(BookReplaced)] == [10, 50]
    assert "1001" in events.of(FeedLost)[0].reason
    assert events.ready == 1, "once"
    assert (feed.statistics.reconnects, feed.statistics.trade_gaps) == (1, 0)


async def test_a_gap_loses_the_book_and_fetches_it_again(
    autojump_clock: trio.abc.Clock, exchange: FakeExchange
) -> None:
    async def script(peer: Peer) -> None:
        await welcome(peer)
        await trio.sleep(1)
        for event in (depth(11, 12), depth(14, 15), depth(16, 16)):
            await peer.say(event)
        await peer.stay()

    exchange.script("stream", script)
    snapshots(exchange, 10, 12, 14)  # the second one is too old for the stream: fetched again
    async with running(exchange) as (feed, events):
        await events.wait_for(BookChanged, 3)
    assert events.names()[1:] == [
        "BookReplaced",
        "BookChanged",
        "BookLost",
        "BookReplaced",
        "BookChanged",
        "BookChanged",
    ]
    assert [change.sequence for change in events.of(BookChanged)] == [12, 15, 16]
    assert "gap: 14 after 12" in events.of(BookLost)[0].reason
    assert (feed.statistics.book_gaps, feed.statistics.snapshots) == (1, 3)


async def test_resync_on_demand(autojump_clock: trio.abc.Clock, exchange: FakeExchange) -> None:
    async def script(peer: Peer) -> None:
        await welcome(peer)
        await peer.stay()

    exchange.script("stream", script)
    snapshots(exchange, 10, 20)
    async with running(exchange) as (feed, events):
        feed.resync(BTC, "before there is an attempt")
        exchange.network.is_silent = True
        await trio.sleep(1)
        feed.resync(BTC, "before there is a connection")
        exchange.network.is_silent = False
        await events.wait_for(BookReplaced)
        feed.resync(BTC, "crossed")
        feed.resync(BTC, "crossed again")
        await events.wait_for(BookReplaced, 2)
    assert [lost.reason for lost in events.of(BookLost)] == ["crossed"]
    assert [replaced.sequence for replaced in events.of(BookReplaced)] == [10, 20]


async def test_broken_and_foreign_frames_are_counted_and_cost_nothing_else(
    autojump_clock: trio.abc.Clock, exchange: FakeExchange
) -> None:
    async def script(peer: Peer) -> None:
        await welcome(peer)
        await trio.sleep(1)
        for frame in (
            "{",
            '{"stream":"x@kline_5m","data":{"e":"24hrTicker"}}',
            {"stream": "ethusdt@trade", "data": {**trade(1)["data"], "s": "ETHUSDT"}},
            trade(100),
            trade(100),
            trade(103),
            depth(11, 11),
        ):
            await peer.say(frame)
        await peer.stay()

    exchange.script("stream", script)
    snapshots(exchange, 10)
    async with running(exchange) as (feed, events):
        await events.wait_for(BookChanged)
    assert [printed.trade_id for printed in events.of(TradePrinted)] == [100, 103]
    assert events.of(BookLost) == []
    statistics = feed.statistics
    assert (statistics.malformed, statistics.unknown, statistics.trade_gaps) == (1, 2, 1)


@pytest.mark.parametrize("answer", ["refuse", "hang", "busy", "limited"])
async def test_a_failing_snapshot_is_asked_for_again(
    autojump_clock: trio.abc.Clock, exchange: FakeExchange, answer: str
) -> None:
    replies = {
        "refuse": Reply(fate="reset"),
        "hang": Reply(fate="hang"),
        "busy": refusal(503, -1008, "busy"),
        "limited": refusal(429, -1003, "too much", Retry_After="40"),
    }
    tries: list[float] = []

    def route(_: Request) -> Reply:
        tries.append(trio.current_time())
        return replies[answer] if len(tries) == 1 else ok(book(10))

    async def script(peer: Peer) -> None:
        await welcome(peer)
        await peer.stay()

    exchange.script("stream", script)
    exchange.routes["GET /api/v3/depth"] = route
    async with running(exchange) as (feed, events):
        await events.wait_for(BookReplaced)
    assert len(tries) == 2, "nothing is asked while the venue says wait"
    assert tries[1] - tries[0] >= {"limited": 40.0}.get(answer, 0.2)
    assert feed.statistics.snapshot_failures >= 1
    assert "/api/v3/depth" in feed.statistics.last_failure


@pytest.mark.parametrize("kind", ["silence", "refused", "shutdown", "no answer", "planned"])
async def test_every_end_of_a_connection_is_followed_by_another(
    autojump_clock: trio.abc.Clock, exchange: FakeExchange, kind: str
) -> None:
    async def script(peer: Peer) -> None:
        request = await peer.hear()
        if peer.number == 1 and kind == "refused":
            await peer.say({"error": {"code": 2, "msg": "invalid stream"}, "id": 1})
        elif peer.number > 1 or kind != "no answer":
            await peer.say({"result": None, "id": request["id"]})
        else:
            await peer.say({})
            await peer.say({"result": None, "id": 2})
        if peer.number == 1 and kind == "shutdown":
            await peer.say({"stream": "!serverShutdown", "data": {"e": "serverShutdown", "E": 1}})
        if peer.number == 1 and kind == "silence":
            await trio.sleep_forever()
        await peer.stay()

    exchange.script("stream", script)
    snapshots(exchange, 10)
    settings = evolve(SETTINGS, connection_life_s=3_600.0)
    async with running(exchange, settings) as (feed, events):
        await events.wait_for(FeedLost, timeout_s=4_000.0)
        lost_at = trio.current_time()
        await events.wait_for(FeedRestored, 1 if kind in ("refused", "no answer") else 2)
        assert trio.current_time() - lost_at < (0.01 if kind == "planned" else 1.0)
    expected = {
        "silence": "nothing heard for 30 s",
        "refused": "invalid stream",
        "shutdown": "shuts down",
        "no answer": "within 10 s",
        "planned": "planned",
    }
    assert expected[kind] in events.of(FeedLost)[0].reason
    assert feed.statistics.reconnects == 1


async def test_a_venue_that_is_down_is_told_once_and_tried_with_growing_delays(
    autojump_clock: trio.abc.Clock, exchange: FakeExchange
) -> None:
    async with running(exchange) as (feed, events):
        await trio.sleep(300)
    assert events.names() == ["FeedLost"]
    assert 300 / 30 <= feed.statistics.reconnects < 40


async def test_only_real_pairs_are_streamed(exchange: FakeExchange) -> None:
    feed = BinanceFeed(SETTINGS, network=exchange.network, clock=exchange.clock, dice=exchange.dice)
    for symbols in ([], ["BTCUSDT"], ["BTC/"]):
        with pytest.raises(VenueError):
            await feed.run(symbols, lambda _: None, ready=lambda: None)
    await feed.aclose()
