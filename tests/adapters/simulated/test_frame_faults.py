"""Faults of public frames: on the wire, and as our own feed meets them."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest
import trio

from adapters.net.errors import ConnectionLostError
from adapters.net.websocket import open_websocket
from adapters.simulated.fault_rates import VenueFault
from bot3.domain.values import Side
from bot3.messages.market import BookChanged, BookLost, BookReplaced, FeedLost, FeedRestored
from tests.adapters.binance.fake_exchange import Events
from tests.adapters.simulated.conftest import BTC
from tests.adapters.simulated.faulty_venue import FaultyVenue, ListenerNetwork, faulty_venue

TRADES = "/stream?streams=btcusdt@trade"


def trade(venue: FaultyVenue, count: int = 1) -> None:
    for _ in range(count):
        venue.rest_liquidity(Side.SELL, "60000", "1")
        venue.rest_liquidity(Side.BUY, "60000", "1")


async def drain(socket: Any) -> list[str]:
    texts = []
    while True:
        with trio.move_on_after(0.01) as scope:
            texts.append(await socket.get_message())
        if scope.cancelled_caught:
            return texts


async def trade_ids(socket: Any) -> list[int]:
    return [json.loads(text)["data"]["t"] for text in await drain(socket)]


@pytest.mark.parametrize(
    ("fault", "ids"),
    [
        (VenueFault.FRAME_GAP, [1, 3, 4]),
        (VenueFault.FRAME_DUPLICATED, [1, 2, 2, 3, 4]),
        (VenueFault.FRAME_REORDERED, [1, 3, 2, 4]),
    ],
)
async def test_one_frame_is_lost_sent_twice_or_swapped_with_the_next(
    autojump_clock: Any, nursery: Any, fault: VenueFault, ids: list[int]
) -> None:
    venue = faulty_venue(nursery)
    async with venue.socket(TRADES) as socket:
        trade(venue)
        venue.strike(fault)
        trade(venue)
        venue.relent()
        trade(venue, 2)
        assert await trade_ids(socket) == ids
        ((struck, detail),) = venue.struck
        assert (struck, detail.startswith('{"stream":"btcusdt@trade"')) == (fault, True)


async def test_a_frame_is_swapped_within_its_own_stream_and_comes_where_none_follows(
    autojump_clock: Any, nursery: Any
) -> None:
    venue = faulty_venue(nursery)
    async with venue.socket(f"{TRADES}/btcusdt@bookTicker") as socket:
        venue.rest_liquidity(Side.BUY, "59000", "1")
        venue.rest_liquidity(Side.SELL, "60001", "1")
        venue.rest_liquidity(Side.SELL, "60000", "1")
        venue.strike(VenueFault.FRAME_REORDERED, frame_delay_s=(2.0, 2.0))
        ticker = len(await drain(socket))
        assert ticker > 0
        venue.rest_liquidity(Side.BUY, "60000", "0.5")  # its trade and its ticker are both held
        venue.relent()
        venue.rest_liquidity(Side.SELL, "59999", "1")
        first = [json.loads(text)["stream"] for text in await drain(socket)]
        assert first == ["btcusdt@bookTicker", "btcusdt@bookTicker"]
        await trio.sleep(2)
        assert await trade_ids(socket) == [1]


async def test_a_late_frame_holds_back_all_that_follows(autojump_clock: Any, nursery: Any) -> None:
    venue = faulty_venue(nursery)
    async with venue.socket(TRADES) as socket:
        venue.strike(VenueFault.FRAME_DELAYED, frame_delay_s=(2.0, 2.0))
        trade(venue, 3)
        await socket.send_message('{"method":"LIST_SUBSCRIPTIONS","id":7}')
        assert await drain(socket) == []
        await trio.sleep(2)
        *trades, answer = await drain(socket)
        assert [json.loads(text)["data"]["t"] for text in trades] == [1, 2, 3]
        assert json.loads(answer)["id"] == 7
        assert venue.kinds == [VenueFault.FRAME_DELAYED]


async def test_a_corrupted_frame_is_broken_json_or_has_a_value_of_a_wrong_type(
    autojump_clock: Any, nursery: Any
) -> None:
    venue = faulty_venue(nursery)
    async with venue.socket(TRADES) as socket:
        venue.strike(VenueFault.FRAME_CORRUPTED)
        trade(venue, 40)
        texts = await drain(socket)
        broken = [text for text in texts if not text.endswith("}}") or text.count("{") < 2]
        wrong = [text for text in texts if text.count("{}") == 1]
        assert len(texts) == len(broken) + len(wrong) == 40
        assert broken
        assert wrong
        for text in broken:
            with pytest.raises(ValueError, match="char"):
                json.loads(text)


async def test_answers_to_commands_are_never_struck(autojump_clock: Any, nursery: Any) -> None:
    venue = faulty_venue(nursery)
    venue.strike(VenueFault.FRAME_GAP)
    async with venue.socket("/stream") as socket:
        await socket.send_message('{"method":"SUBSCRIBE","params":["btcusdt@trade"],"id":1}')
        await socket.send_message('{"method":"NONSENSE","id":2}')
        assert [json.loads(text)["id"] for text in await drain(socket)] == [1, 2]
        trade(venue)
        assert await drain(socket) == []
    assert venue.kinds == [VenueFault.FRAME_GAP]


@pytest.mark.parametrize("fault", [VenueFault.FRAME_GAP, VenueFault.FRAME_CORRUPTED])
async def test_our_feed_loses_a_gapped_book_and_gets_it_back(
    autojump_clock: Any, nursery: Any, fault: VenueFault
) -> None:
    venue, events = faulty_venue(nursery), Events()
    feed = venue.feed()
    nursery.start_soon(partial(feed.run, [BTC], events.publish, ready=events.on_ready))
    await events.wait_for(FeedRestored)
    for number in range(6):
        if number == 3:
            venue.strike(fault)
        venue.rest_liquidity(Side.BUY, f"{59_000 + number}", "1")
        await venue.tick_for(0.1)
        venue.relent()
    await venue.tick_for(1)
    books = [type(e) for e in events.all if isinstance(e, BookChanged | BookLost | BookReplaced)]
    assert books.index(BookLost) < len(books) - 1
    assert books[-1] is not BookLost
    assert (feed.statistics.book_gaps, venue.kinds) == (1, [fault])


async def test_an_outage_of_the_streams_closes_them_and_refuses_new_ones(
    autojump_clock: Any, nursery: Any
) -> None:
    venue, events = faulty_venue(nursery), Events()
    feed = venue.feed()
    nursery.start_soon(partial(feed.run, [BTC], events.publish, ready=events.on_ready))
    await events.wait_for(FeedRestored)
    for _ in range(2):
        venue.faults.outage(VenueFault.STREAMS_OUTAGE, is_on=True)
    await trio.sleep(10)
    assert [type(e) for e in events.all if isinstance(e, FeedLost | FeedRestored)][-1] is FeedLost
    with pytest.raises(ConnectionLostError, match="HTTP 503"):
        async with open_websocket(
            ListenerNetwork(venue.listener), "ws://x/stream", connect_timeout_s=5, silence_s=5
        ):
            pass
    assert (await venue.call("GET", "ping")).status == 200
    venue.faults.outage(VenueFault.STREAMS_OUTAGE, is_on=False)
    await trio.sleep(60)
    feeds = [type(e) for e in events.all if isinstance(e, FeedLost | FeedRestored)]
    assert feeds == [FeedRestored, FeedLost, FeedRestored]
    assert venue.struck == [(VenueFault.STREAMS_OUTAGE, "begins")]
