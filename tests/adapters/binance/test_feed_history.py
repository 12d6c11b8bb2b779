from __future__ import annotations

import json
from decimal import Decimal
from functools import partial
from itertools import pairwise

import pytest
import trio

from adapters.binance.feed import BinanceFeed
from bot3.domain.errors import VenueError
from bot3.domain.values import Symbol
from tests.adapters.binance.fake_exchange import SETTINGS, FakeExchange, ok, refusal
from tests.adapters.net.http_server import Reply, Request

BTC = Symbol("BTC/USDT")
INFO = {
    "symbol": "BTCUSDT",
    "status": "TRADING",
    "baseAsset": "BTC",
    "quoteAsset": "USDT",
    "filters": [
        {"filterType": "PRICE_FILTER", "minPrice": "0.01000000", "maxPrice": "1000000.00000000"}
        | {"tickSize": "0.01000000"},
        {"filterType": "LOT_SIZE", "minQty": "0.00001000", "maxQty": "9000.00000000"}
        | {"stepSize": "0.00001000"},
        {"filterType": "TRAILING_DELTA", "minTrailingAboveDelta": 10},
        {"filterType": "NOTIONAL", "minNotional": "5.00000000", "maxNotional": "9000000.00000000"},
    ],
}
LIMITS = [
    {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 100},
    {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 1200},
]


@pytest.fixture
def feed(exchange: FakeExchange) -> BinanceFeed:
    return BinanceFeed(SETTINGS, network=exchange.network, clock=exchange.clock, dice=exchange.dice)


def serve_klines(exchange: FakeExchange, step_ms: int, *, outage: range = range(0)) -> None:
    """As the venue does: rows that open within the window, the unfinished one last."""

    def route(request: Request) -> Reply:
        params = {name: request.params[name] for name in ("startTime", "endTime", "limit")}
        start, end, limit = map(int, params.values())
        first = -(-start // step_ms) * step_ms
        opens = [ms for ms in range(first, end + 1, step_ms) if ms <= exchange.venue_ms()]
        rows = [
            [
                ms,
                *["10.0", "12.0", "9.0", "11.0", "3.5"],
                ms + step_ms - 1,
                "38.5",
                7,
                "1.25",
                "13.0",
                "0",
            ]
            for ms in opens[:limit]
            if ms not in outage
        ]
        return ok(rows)

    exchange.routes["GET /api/v3/klines"] = route


@pytest.mark.parametrize(("interval_s", "name"), [(1, "1s"), (60, "1m"), (3_600, "1h")])
@pytest.mark.parametrize("skew_s", [-7, 0, 7])
async def test_bars_are_closed_by_the_venues_clock(
    autojump_clock: trio.abc.Clock,
    exchange: FakeExchange,
    feed: BinanceFeed,
    interval_s: int,
    name: str,
    skew_s: int,
) -> None:
    exchange.venue_ahead_ns = skew_s * 10**9 + 123_000_000
    serve_klines(exchange, interval_s * 1_000)
    bars = await feed.bars(BTC, interval_s, 5)
    assert [bar.open_ns // 10**9 % interval_s for bar in bars] == [0] * 5
    assert [b.open_ns - a.open_ns for a, b in pairwise(bars)] == [interval_s * 10**9] * 4
    venue_ns = exchange.venue_ms() * 1_000_000
    assert bars[-1].close_ns <= venue_ns < bars[-1].close_ns + interval_s * 10**9
    bar = bars[0]
    assert (bar.open, bar.high, bar.low, bar.close) == (10.0, 12.0, 9.0, 11.0)
    assert (bar.volume, bar.buy_volume, bar.trades) == (3.5, 1.25, 7)
    assert exchange.asked("/klines")[0].params["interval"] == name


async def test_many_bars_come_in_pages(
    autojump_clock: trio.abc.Clock, exchange: FakeExchange, feed: BinanceFeed
) -> None:
    serve_klines(exchange, 60_000)
    bars = await feed.bars(BTC, 60, 2_500)
    assert len(bars) == 2_500
    assert len({bar.open_ns for bar in bars}) == 2_500
    assert bars == sorted(bars, key=lambda bar: bar.open_ns)
    assert len(exchange.asked("/klines")) == 3


async def test_bars_of_an_outage_are_missing(
    autojump_clock: trio.abc.Clock, exchange: FakeExchange, feed: BinanceFeed
) -> None:
    now_ms = exchange.venue_ms() // 60_000 * 60_000
    serve_klines(exchange, 60_000, outage=range(now_ms - 180_000, now_ms - 60_000))
    assert len(await feed.bars(BTC, 60, 5)) == 3


async def test_an_interval_that_the_venue_lacks(feed: BinanceFeed) -> None:
    with pytest.raises(VenueError, match="no bars of 61 s"):
        await feed.bars(BTC, 61, 5)


async def test_instruments(
    autojump_clock: trio.abc.Clock, exchange: FakeExchange, feed: BinanceFeed
) -> None:
    halted = {**INFO, "symbol": "ETHUSDT", "baseAsset": "ETH", "status": "BREAK"}
    exchange.routes["GET /api/v3/exchangeInfo"] = lambda _: ok(
        {"symbols": [halted, INFO], "rateLimits": LIMITS}
    )
    btc, eth = await feed.instruments([BTC, Symbol("ETH/USDT")])
    assert exchange.requests[0].query == "symbols=%5B%22BTCUSDT%22%2C%22ETHUSDT%22%5D"
    assert (str(btc.id), btc.base, btc.quote) == ("binance:BTC/USDT", "BTC", "USDT")
    assert (str(btc.tick_size), str(btc.lot_size)) == ("0.01", "0.00001")
    assert (btc.price_min, btc.price_max) == (Decimal("0.01"), Decimal(1_000_000))
    assert (btc.amount_min, btc.amount_max) == (Decimal("0.00001"), Decimal(9_000))
    assert (btc.notional_min, btc.notional_max) == (Decimal(5), Decimal(9_000_000))
    assert (btc.is_trading, eth.is_trading) == (True, False)
    assert feed._rest.budget.limit == 1_200, "the venue's own limit replaces the configured one"


async def test_while_data_is_shed_the_venue_is_not_asked_for_any(
    autojump_clock: trio.abc.Clock, exchange: FakeExchange, feed: BinanceFeed
) -> None:
    serve_klines(exchange, 60_000)
    feed._rest.budget.shed_data(is_shed=True)
    for ask in (partial(feed.bars, BTC, 60, 5), partial(feed.instruments, [BTC])):
        with pytest.raises(VenueError, match="the rate budget is low"):
            await ask()
    assert [request.path for request in exchange.requests] == ["/api/v3/time"]  # a query
    assert trio.current_time() == 0.0  # and nobody waited
    feed._rest.budget.shed_data(is_shed=False)
    assert len(await feed.bars(BTC, 60, 5)) == 5


@pytest.mark.parametrize(
    "reply",
    [
        ok({"symbols": [], "rateLimits": []}),
        ok({"symbols": [{**INFO, "filters": []}]}),
        ok({"symbols": "none"}),
        refusal(400, -1121, "Invalid symbol."),
        Reply(503, b"<html>"),
        Reply(fate="reset"),
        Reply(fate="hang"),
    ],
)
async def test_what_cannot_be_loaded_is_one_kind_of_error(
    autojump_clock: trio.abc.Clock, exchange: FakeExchange, feed: BinanceFeed, reply: Reply
) -> None:
    exchange.routes["GET /api/v3/exchangeInfo"] = lambda _: reply
    with pytest.raises(VenueError):
        await feed.instruments([BTC])


async def test_the_venues_count_of_weight_is_kept(
    autojump_clock: trio.abc.Clock, exchange: FakeExchange, feed: BinanceFeed
) -> None:
    time = {"serverTime": exchange.venue_ms()}
    header = {"x-mbx-used-weight-1m": "3599"}
    exchange.routes["GET /api/v3/time"] = lambda _: Reply(200, json.dumps(time).encode(), header)
    serve_klines(exchange, 60_000)
    with pytest.raises(VenueError, match="weight"):
        await feed.bars(BTC, 60, 5)
    assert exchange.asked("/klines") == [], "data is shed at its share of 3,600"
    await trio.sleep(60)
    exchange.routes["GET /api/v3/time"] = lambda _: ok(time)
    assert len(await feed.bars(BTC, 60, 5)) == 5
