"""More symbols than one connection carries: several sockets behind one feed."""

from __future__ import annotations

from functools import partial

import trio

from adapters.binance.feed import BinanceFeed
from bot3.domain.values import Symbol
from bot3.messages.market import BookLost, BookReplaced, FeedLost
from tests.adapters.binance.fake_exchange import (
    SETTINGS,
    Events,
    FakeExchange,
    Peer,
)
from tests.adapters.binance.market_script import BTC, depth, snapshots, welcome


async def test_two_sockets_are_one_feed(
    autojump_clock: trio.abc.Clock, exchange: FakeExchange
) -> None:
    """One that is down loses its own books; the feed is lost with the last."""
    ether, ends = Symbol("ETH/USDT"), {"btcusdt": trio.Event(), "ethusdt": trio.Event()}

    async def script(peer: Peer) -> None:
        streams = await welcome(peer)
        wire = streams[0].partition("@")[0]
        await peer.say(depth(9, 11, wire=wire.upper()))
        await ends[wire].wait()

    exchange.script("stream", script)
    snapshots(exchange, 10)
    feed = BinanceFeed(
        SETTINGS,
        network=exchange.network,
        clock=exchange.clock,
        dice=exchange.dice,
        symbols_per_socket=1,
    )
    events = Events()
    async with trio.open_nursery() as nursery:
        run = partial(feed.run, [BTC, ether], events.publish, ready=events.on_ready)
        nursery.start_soon(run)
        await events.wait_for(BookReplaced, 2)
        assert events.ready == 1
        assert events.names().count("FeedRestored") == 1
        ends["btcusdt"].set()
        await events.wait_for(BookLost)
        await trio.sleep(0.01)
        assert "FeedLost" not in events.names()
        ends["ethusdt"].set()
        await events.wait_for(FeedLost)
        assert [lost.instrument.symbol for lost in events.of(BookLost)] == [BTC, ether]
        nursery.cancel_scope.cancel()
    await feed.aclose()
