"""Binance's market streams: contiguous depth that rebuilds the book, klines, commands, guards."""

from __future__ import annotations

import itertools
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import trio
import trio_websocket

from adapters.simulated.binance.stream_names import parse_stream_name
from adapters.simulated.drivers import WorldDriver
from adapters.simulated.latent import WorldSettings
from adapters.simulated.world import World
from bot3.domain.values import Side
from supervisors.entropy import Entropy


@pytest.fixture
def run_world(venue: Any) -> Callable[[float], Awaitable[None]]:
    instruments = [market.instrument for market in venue.exchange.markets.values()]
    world = World(instruments, WorldSettings(), Entropy(2).dice("world"))
    driver = WorldDriver(world, venue.exchange, venue.now_ms * 1_000_000)

    async def run(seconds: float) -> None:
        for _ in range(round(seconds * 10)):
            await venue.tick_for(0.1)
            driver.step(venue.now_ms * 1_000_000)

    return run


async def drain(socket: Any) -> list[Any]:
    messages = []
    while True:
        with trio.move_on_after(0.01) as scope:
            messages.append(json.loads(await socket.get_message()))
        if scope.cancelled_caught:
            return messages


async def test_depth_diffs_continue_the_snapshot_and_rebuild_the_book(
    autojump_clock: Any, venue: Any, run_world: Any
) -> None:
    async with venue.socket("/stream?streams=btcusdt@depth@100ms/btcusdt@bookTicker") as socket:
        messages: list[Any] = []
        await run_world(0.5)
        messages += await drain(socket)
        snapshot = (await venue.call("GET", "depth", "symbol=BTCUSDT&limit=5000")).json
        for _ in range(6):
            await run_world(0.5)
            messages += await drain(socket)
        events = [m["data"] for m in messages if m["stream"] == "btcusdt@depth@100ms"]
        tickers = {m["data"]["u"]: m["data"] for m in messages if "bookTicker" in m["stream"]}
        book = {side: dict(snapshot[side]) for side in ("bids", "asks")}
        last, compared = snapshot["lastUpdateId"], 0
        fresh = [event for event in events if event["u"] > last]
        assert fresh[0]["U"] <= last + 1 <= fresh[0]["u"]
        for before, after in itertools.pairwise(events):
            assert after["U"] == before["u"] + 1
        for event in fresh:
            for side, changes in (("bids", event["b"]), ("asks", event["a"])):
                for price, amount in changes:
                    book[side][price] = amount
            ticker = tickers.get(event["u"])
            if ticker:
                compared += 1
                bids = [p for p, amount in book["bids"].items() if float(amount)]
                best = max(bids, key=float)
                assert (best, book["bids"][best]) == (ticker["b"], ticker["B"])
        assert compared > 5
        now = (await venue.call("GET", "depth", "symbol=BTCUSDT&limit=5000")).json
        await venue.tick_for(0.2)
        for message in await drain(socket):
            if message["stream"] == "btcusdt@depth@100ms":
                for side, changes in (("bids", "b"), ("asks", "a")):
                    book[side] |= dict(message["data"][changes])
        for side in ("bids", "asks"):
            rebuilt = {p: q for p, q in book[side].items() if float(q)}
            assert rebuilt == dict(now[side])


async def test_trades_and_tickers_in_raw_form(autojump_clock: Any, venue: Any) -> None:
    async with venue.socket("/ws/btcusdt@trade/btcusdt@bookTicker") as socket:
        venue.rest_liquidity(Side.BUY, "59999", "1")
        venue.rest_liquidity(Side.SELL, "60000", "1")
        venue.rest_liquidity(Side.BUY, "60000", "0.25")
        messages = await drain(socket)
        assert "e" not in messages[0]
        assert messages[0]["B"] == "1.00000000"
        (trade,) = [m for m in messages if m.get("e") == "trade"]
        assert (trade["p"], trade["q"], trade["m"]) == ("60000.00000000", "0.25000000", False)
        assert messages[-1]["A"] == "0.75000000"


async def test_tickers_go_by_the_second_and_say_what_rest_says(
    autojump_clock: object, venue: Any, run_world: Any
) -> None:
    base = "ticker", "miniTicker", "ticker_1h", "avgPrice", "aggTrade"
    streams = [*(f"btcusdt@{name}" for name in base), "!miniTicker@arr"]
    async with venue.socket(f"/stream?streams={'/'.join(streams)}") as socket:
        await run_world(30.0)
        told = {m["stream"]: m["data"] for m in await drain(socket)}
    assert told.keys() == set(streams)
    day, mini, hour, average, trade = (told[name] for name in streams[:-1])
    rest = (await venue.call("GET", "ticker", "symbol=BTCUSDT&windowSize=1h")).json
    whole = (await venue.call("GET", "ticker/24hr", "symbol=BTCUSDT")).json
    newest = (await venue.call("GET", "historicalTrades", "symbol=BTCUSDT&limit=1")).json
    assert [day[name] for name in "eshlvFL"] == [
        "24hrTicker", "BTCUSDT",
        *(whole[n] for n in ("highPrice", "lowPrice", "volume", "firstId", "lastId")),
    ]  # fmt: skip
    assert [mini[name] for name in ("e", *"cohlvq")] == [
        "24hrMiniTicker",
        *(day[n] for n in "cohlvq"),
    ]
    assert (hour["e"], hour["v"], "b" in hour) == ("1hTicker", rest["volume"], False)
    assert (average["i"], trade["a"], trade["p"]) == ("5m", newest[0]["id"], newest[0]["price"])
    assert {each["e"] for each in told["!miniTicker@arr"]} == {"24hrMiniTicker"}


@pytest.mark.parametrize(
    "text",
    ["!ticker@arr", "!trade@arr", "btcusdt@ticker_2h", "btcusdt@kline_7m", "@ticker", "x@tickers"],
)
def test_streams_that_there_are_not(text: str) -> None:
    assert parse_stream_name(text) is None


async def test_partial_depth_and_klines(autojump_clock: Any, venue: Any, run_world: Any) -> None:
    path = "/stream?streams=btcusdt@depth5@100ms/btcusdt@kline_1s/btcusdt@kline_1m"
    async with venue.socket(path) as socket:
        messages: list[Any] = []
        for _ in range(65):
            await run_world(1.0)
            messages += await drain(socket)
        partial = [m["data"] for m in messages if "depth5" in m["stream"]]
        assert all(len(m["bids"]) == len(m["asks"]) == 5 for m in partial)
        for stream, length_ms, least in (("kline_1s", 1_000, 60), ("kline_1m", 60_000, 1)):
            klines = [m["data"]["k"] for m in messages if m["stream"].endswith(stream)]
            closed = [k["t"] for k in klines if k["x"]]
            assert len(closed) >= least
            assert closed == list(range(closed[0], closed[-1] + 1, length_ms))
        rows = (await venue.call("GET", "klines", "symbol=BTCUSDT&interval=1m&limit=3")).json
        minute = next(
            m["data"]["k"]
            for m in reversed(messages)
            if m["data"].get("k", {}).get("x") and m["data"]["k"]["i"] == "1m"
        )
        row = next(row for row in rows if row[0] == minute["t"])
        assert row[1:6] == [minute[name] for name in "ohlcv"]


async def test_commands(autojump_clock: Any, venue: Any) -> None:
    async with venue.socket("/ws") as socket:

        async def ask(text: str) -> Any:
            await socket.send_message(text)
            (answer,) = await drain(socket)
            await trio.sleep(1)
            return answer

        add = '{"method":"SUBSCRIBE","params":["btcusdt@trade","nosuch@trade"],"id":"x-1"}'
        assert await ask(add) == {"result": None, "id": "x-1"}
        assert (await ask('{"method":"LIST_SUBSCRIPTIONS","id":3}'))["result"] == [
            "btcusdt@trade",
            "nosuch@trade",
        ]
        drop = '{"method":"UNSUBSCRIBE","params":["nosuch@trade"],"id":null}'
        assert await ask(drop) == {"result": None, "id": None}
        assert await ask('{"method":"SET_PROPERTY","params":["combined",true],"id":4}')
        assert (await ask('{"method":"GET_PROPERTY","params":["combined"],"id":5}'))["result"]
        venue.rest_liquidity(Side.BUY, "60000", "1")
        venue.rest_liquidity(Side.SELL, "60000", "1")
        (event,) = await drain(socket)
        assert event["stream"] == "btcusdt@trade"
        wrong = {
            '{"method":"SUBSCRIBE","params":["btc usdt"],"id":1}': 2,
            '{"method":"DANCE","params":[],"id":1}': 2,
            '{"method":"SUBSCRIBE","params":[],"id":1}': 2,
            '{"method":"SET_PROPERTY","params":["combined","yes"],"id":1}': 1,
            '{"method":"GET_PROPERTY","params":["speed"],"id":1}': 0,
            "[1]": 2,
            "{not json": 3,
            '{"method":"SUBSCRIBE","params":["a@trade"],"id":{}}': 2,
        }
        for text, code in wrong.items():
            assert (await ask(text))["error"]["code"] == code
        many = [f"a{number}@trade" for number in range(1_025)]
        answer = await ask(json.dumps({"method": "SUBSCRIBE", "params": many, "id": 9}))
        assert answer["error"] == {"code": 4, "msg": "Too many subscriptions"}


async def test_six_messages_in_a_second_close_the_socket(autojump_clock: Any, venue: Any) -> None:
    async with venue.socket("/ws/0") as socket:
        for number in range(5):
            await socket.send_message(json.dumps({"method": "LIST_SUBSCRIPTIONS", "id": number}))
        assert len(await drain(socket)) == 5
        await socket.send_message("{}")
        with pytest.raises(trio_websocket.ConnectionClosed) as caught:
            await drain(socket)
        assert (caught.value.reason.code, caught.value.reason.reason) == (1008, "Too many requests")


async def test_a_wrong_path_or_stream_is_no_websocket(autojump_clock: Any, venue: Any) -> None:
    for path in ("/other", "/ws/btcusdt@nothing", "/stream?streams=@"):
        stream = await venue.listener.connect()
        with pytest.RaisesGroup(trio_websocket.ConnectionRejected) as caught:
            async with trio.open_nursery() as nursery:
                await trio_websocket.wrap_client_stream(nursery, stream, "venue", path)
        (error,) = caught.value.exceptions
        assert error.status_code == 404


@pytest.mark.parametrize(
    ("text", "is_good"),
    [
        ("btcusdt@depth", True),
        ("btcusdt@depth20@1000ms", True),
        ("btcusdt@kline_1M", True),
        ("btcusdt@kline_7m", False),
        ("btcusdt@depth7", False),
        ("BTCUSDT@trade", False),
        ("btcusdt@trade@100ms", False),
    ],
)
def test_stream_names(text: str, is_good: bool) -> None:
    assert (parse_stream_name(text) is not None) is is_good
