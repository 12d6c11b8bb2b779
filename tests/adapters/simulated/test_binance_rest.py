"""Binance's REST over in-memory streams: shapes, signatures, limits, every error with its text."""

from __future__ import annotations

import hashlib
import hmac
from decimal import Decimal
from typing import Any

import pytest
import trio

from bot3.domain.values import Side

LIMIT = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC"}
ORDER = {**LIMIT, "quantity": "0.01", "price": "60000"}


async def test_public_market_data(autojump_clock: Any, venue: Any) -> None:
    venue.rest_liquidity(Side.BUY, "59999.5", "0.5")
    venue.rest_liquidity(Side.SELL, "60000.5", "0.25")
    venue.rest_liquidity(Side.BUY, "60000.5", "0.05")
    assert (await venue.call("GET", "ping")).json == {}
    assert abs((await venue.call("GET", "time")).json["serverTime"] - venue.now_ms) < 100
    depth = (await venue.call("GET", "depth", "symbol=BTCUSDT&limit=5")).json
    assert depth == {
        "lastUpdateId": 3,
        "bids": [["59999.50000000", "0.50000000"]],
        "asks": [["60000.50000000", "0.20000000"]],
    }
    (trade,) = (await venue.call("GET", "trades", "symbol=BTCUSDT")).json
    assert (trade["price"], trade["isBuyerMaker"]) == ("60000.50000000", False)
    assert trade["quoteQty"] == "3000.02500000"
    (candle,) = (await venue.call("GET", "klines", "symbol=BTCUSDT&interval=1m")).json
    assert candle[1:6] == ["60000.50000000"] * 4 + ["0.05000000"]
    assert (candle[6] - candle[0], candle[7], candle[8]) == (59_999, "3000.02500000", 1)
    ticker = (await venue.call("GET", "ticker/bookTicker", "symbol=BTCUSDT")).json
    assert (ticker["bidPrice"], ticker["askQty"]) == ("59999.50000000", "0.20000000")
    prices = (await venue.call("GET", "ticker/price")).json
    assert prices == [{"symbol": "BTCUSDT", "price": "60000.50000000"}]
    average = (await venue.call("GET", "avgPrice", "symbol=BTCUSDT")).json
    assert average["price"] == "60000.50000000"


async def test_windows_and_older_trades(autojump_clock: object, venue: Any) -> None:
    for price in ("60000", "60001", "60002"):
        venue.rest_liquidity(Side.SELL, price, "0.25")
        venue.rest_liquidity(Side.BUY, price, "0.25")
    first, second, last = (await venue.call("GET", "trades", "symbol=BTCUSDT")).json
    older = await venue.call("GET", "historicalTrades", f"symbol=BTCUSDT&fromId={second['id']}")
    assert older.json == [second, last]
    for query in ("ticker?symbol=BTCUSDT&windowSize=5m", "ticker/tradingDay?symbol=BTCUSDT"):
        told = (await venue.call("GET", *query.split("?"))).json
        assert (told["openPrice"], told["lastPrice"]) == (first["price"], last["price"])
        assert (told["volume"], told["count"], "bidPrice" in told) == ("0.75000000", 3, False)
    for wrong in ("symbol=BTCUSDT&windowSize=60m", "symbol=BTCUSDT&windowSize=m", ""):
        assert (await venue.call("GET", "ticker", wrong)).status == 400
    brief = await venue.call("GET", "ticker", 'symbols=["BTCUSDT"]&windowSize=7d&type=MINI')
    assert "priceChange" not in brief.json[0]


async def test_exchange_info_lists_filters_and_limits(autojump_clock: Any, venue: Any) -> None:
    reply = await venue.call("GET", "exchangeInfo", "symbols=%5B%22BTCUSDT%22%5D")
    (symbol,) = reply.json["symbols"]
    filters = {rule["filterType"]: rule for rule in symbol["filters"]}
    assert filters["PRICE_FILTER"]["tickSize"] == "0.01000000"
    assert filters["LOT_SIZE"]["stepSize"] == "0.00001000"
    assert filters["NOTIONAL"]["minNotional"] == "5.00000000"
    assert symbol["orderTypes"] == ["LIMIT", "LIMIT_MAKER", "MARKET"]
    assert reply.json["rateLimits"][0]["limit"] == 6000


async def test_an_order_from_placing_to_canceling(autojump_clock: Any, venue: Any) -> None:
    placed = await venue.signed("POST", "order", **ORDER, newClientOrderId="mine-1")
    assert (placed.status, placed.json["status"], placed.json["fills"]) == (200, "NEW", [])
    assert placed.json["clientOrderId"] == "mine-1"
    assert placed.headers["x-mbx-order-count-10s"] == "1"
    (listed,) = (await venue.signed("GET", "openOrders", symbol="BTCUSDT")).json
    shown = await venue.signed("GET", "order", symbol="BTCUSDT", origClientOrderId="mine-1")
    assert shown.json == listed
    assert (listed["origQty"], listed["isWorking"]) == ("0.01000000", True)
    account = (await venue.signed("GET", "account")).json
    locked = {row["asset"]: row["locked"] for row in account["balances"]}
    assert locked == {"BTC": "0.00000000", "USDT": "600.00000000"}
    canceled = await venue.signed(
        "DELETE", "order", symbol="BTCUSDT", orderId=1, newClientOrderId="c-1"
    )
    assert canceled.json["status"] == "CANCELED"
    assert canceled.json["clientOrderId"] == "c-1"
    assert canceled.json["origClientOrderId"] == "mine-1"
    again = await venue.signed("DELETE", "order", symbol="BTCUSDT", orderId=1)
    assert (again.status, again.json) == (400, {"code": -2011, "msg": "Unknown order sent."})
    (kept,) = (await venue.signed("GET", "allOrders", symbol="BTCUSDT")).json
    assert kept["status"] == "CANCELED"


async def test_a_fill_shows_in_reply_trades_and_account(autojump_clock: Any, venue: Any) -> None:
    venue.rest_liquidity(Side.SELL, "60000", "0.004")
    reply = await venue.signed("POST", "order", **(ORDER | {"timeInForce": "IOC"}))
    assert reply.json["status"] == "EXPIRED"
    assert reply.json["expiryReason"] == "UNFILLED_IOC_QUANTITY_EXPIRED"
    assert reply.json["cummulativeQuoteQty"] == "240.00000000"
    (fill,) = reply.json["fills"]
    assert (fill["commission"], fill["commissionAsset"]) == ("0.00000400", "BTC")
    (trade,) = (await venue.signed("GET", "myTrades", symbol="BTCUSDT")).json
    assert (trade["id"], trade["isBuyer"], trade["isMaker"]) == (fill["tradeId"], True, False)
    later = await venue.signed("GET", "myTrades", symbol="BTCUSDT", fromId=fill["tradeId"] + 1)
    assert later.json == []


async def test_response_types_and_test_orders(autojump_clock: Any, venue: Any) -> None:
    maker = {k: v for k, v in ORDER.items() if k != "timeInForce"} | {"type": "LIMIT_MAKER"}
    ack = await venue.signed("POST", "order", **maker)
    assert "status" not in ack.json
    result = await venue.signed("POST", "order", **ORDER, newOrderRespType="RESULT")
    assert (result.json["status"], "fills" in result.json) == ("NEW", False)
    told = await venue.signed("POST", "order/test", **ORDER, computeCommissionRates="true")
    rates = {"maker": "0.00100000", "taker": "0.00100000"}
    assert told.json["standardCommissionForOrder"] == rates
    tested = await venue.signed("POST", "order/test", **ORDER)
    assert (tested.status, tested.json) == (200, {})
    canceled = await venue.signed("DELETE", "openOrders", symbol="BTCUSDT")
    assert [row["orderId"] for row in canceled.json] == [1, 2]
    counts = (await venue.signed("GET", "rateLimit/order")).json
    assert [row["count"] for row in counts] == [2, 2]


TEXTS: list[tuple[dict[str, Any], int, str]] = [
    ({"symbol": "NOSUCH"}, -1121, "Invalid symbol."),
    ({"side": "HOLD"}, -1117, "Invalid side."),
    ({"type": "FANCY"}, -1116, "Invalid orderType."),
    ({"timeInForce": "DAY"}, -1115, "Invalid timeInForce."),
    ({"type": "STOP_LOSS"}, -2010, "Stop loss orders are not supported for this symbol."),
    ({"type": "MARKET"}, -1106, "Parameter 'price' sent when not required."),
    ({"price": "1e5"}, -1100, "Illegal characters found in parameter 'price'"),
    ({"price": "60000.000000001"}, -1111, "Parameter 'price' has too much precision."),
    ({"price": "60000.001"}, -1013, "Filter failure: PRICE_FILTER"),
    ({"price": "200"}, -1013, "Filter failure: NOTIONAL"),
    ({"quantity": "0.000001"}, -1013, "Filter failure: LOT_SIZE"),
    ({"quantity": "0"}, -1013, "Price * QTY is zero or less."),
    ({"quantity": ""}, -1102, "Mandatory parameter 'quantity' was not sent, was empty/null"),
    ({"quantity": "1"}, -2010, "Account has insufficient balance for requested action."),
    ({"newClientOrderId": "a.b"}, -1100, "legal range is '^[a-zA-Z0-9-_]{1,36}$'."),
    ({"newClientOrderId": "taken"}, -2010, "Duplicate order sent."),
    ({"icebergQty": "1"}, -2010, "Iceberg orders are not supported for this symbol."),
    ({"selfTradePreventionMode": "NONE"}, -1013, "self-trade prevention mode."),
    ({"surprise": "1"}, -1104, "read '9' parameter(s) but was sent '10'."),
    ({"recvWindow": "60001"}, -1131, "'recvWindow' must be less than 60000."),
    ({"recvWindow": "x"}, -1100, "recvWindow"),
    ({"timestamp": 1}, -1021, "Timestamp for this request is outside of the recvWindow."),
    (
        {"timestamp": 1_890_401_500_000},
        -1021,
        "Timestamp for this request was 1000ms ahead",
    ),
    ({"timestamp": "now"}, -1100, "timestamp"),
]


@pytest.mark.parametrize(("change", "code", "text"), TEXTS)
async def test_bad_orders(
    autojump_clock: Any, venue: Any, change: dict[str, Any], code: int, text: str
) -> None:
    await venue.signed("POST", "order", **(ORDER | {"newClientOrderId": "taken"}))
    order = ORDER | {"newClientOrderId": "new"} | change
    reply = await venue.signed("POST", "order", **order)
    assert (reply.status, reply.json["code"]) == (400, code)
    assert text in reply.json["msg"]
    assert venue.exchange.market("BTC/USDT").last_order_id == 1


async def test_a_post_only_order_never_takes(autojump_clock: Any, venue: Any) -> None:
    venue.rest_liquidity(Side.SELL, "60000", "1")
    order = {k: v for k, v in ORDER.items() if k != "timeInForce"} | {"type": "LIMIT_MAKER"}
    reply = await venue.signed("POST", "order", **order)
    text = "Order would immediately match and take."
    assert (reply.status, reply.json) == (400, {"code": -2010, "msg": text})
    wrong = await venue.signed("POST", "order", **order, timeInForce="GTC")
    assert wrong.json["code"] == -1106


async def test_who_may_call(autojump_clock: Any, venue: Any) -> None:
    stamp = f"timestamp={venue.now_ms}"
    expected = [
        (None, stamp, 401, -2014),
        ("!", stamp, 401, -2014),
        ("a" * 16, f"{stamp}&signature=00", 401, -2015),
        ("0123456789abcdef", stamp, 400, -1102),
        ("0123456789abcdef", f"{stamp}&signature=00", 400, -1022),
        ("0123456789abcdef", "signature=00", 400, -1102),
    ]
    for key, query, status, code in expected:
        reply = await venue.call("GET", "account", query, key=key)
        assert (reply.status, reply.json["code"]) == (status, code)


async def test_the_signature_covers_the_raw_bytes_of_query_and_body(
    autojump_clock: Any, venue: Any
) -> None:
    query = f"symbol=BTCUSDT&side=BUY&timestamp={venue.now_ms}"
    body = "type=LIMIT&timeInForce=GTC&quantity=0.01&price=60000&newClientOrderId=%61b"
    secret = b"a made-up secret"
    signature = hmac.new(secret, (query + body).encode(), hashlib.sha256).hexdigest().upper()
    reply = await venue.call("POST", "order", query, f"{body}&signature={signature}")
    assert (reply.status, reply.json["clientOrderId"]) == (200, "ab")
    decoded = body.replace("%61", "a")
    reply = await venue.call("POST", "order", query, f"{decoded}&signature={signature}")
    assert reply.json["code"] == -1022


async def test_lookups_that_find_nothing_or_the_wrong_one(autojump_clock: Any, venue: Any) -> None:
    await venue.signed("POST", "order", **ORDER, newClientOrderId="mine")
    cases: list[tuple[str, str, dict[str, Any], int]] = [
        ("GET", "order", {}, -1102),
        ("GET", "order", {"orderId": 7}, -2013),
        ("GET", "order", {"orderId": 1, "origClientOrderId": "other"}, -2039),
        ("DELETE", "order", {"origClientOrderId": "other"}, -2011),
        ("DELETE", "order", {"orderId": 1, "cancelRestrictions": "ONLY_PARTIALLY_FILLED"}, -2011),
        ("DELETE", "order", {"orderId": 1, "cancelRestrictions": "MAYBE"}, -1145),
        ("GET", "myTrades", {"orderId": 1, "startTime": 1}, -1128),
        ("GET", "allOrders", {"startTime": 0, "endTime": 86_400_001}, -1127),
    ]
    for method, path, params, code in cases:
        reply = await venue.signed(method, path, symbol="BTCUSDT", **params)
        assert (reply.status, reply.json["code"]) == (400, code), (path, params)


async def test_public_errors(autojump_clock: Any, venue: Any) -> None:
    for path, query, code in (
        ("klines", "symbol=BTCUSDT&interval=2s", -1120),
        ("klines", "symbol=btcusdt&interval=1m", -1121),
        ("depth", "", -1102),
        ("depth", "symbol=BTCUSDT&symbol=BTCUSDT", -1101),
        ("depth", "symbol=BTCUSDT&limit=x", -1100),
        ("exchangeInfo", "symbol=BTCUSDT&symbols=[]", -1128),
        ("exchangeInfo", "symbols=%5B%22A%22%5D", -1121),
    ):
        reply = await venue.call("GET", path, query, key=None)
        assert (reply.status, reply.json["code"]) == (400, code), (path, query)
    assert (await venue.call("GET", "nothing")).status == 404
    assert (await venue.call("PUT", "order")).status == 405
    assert (await venue.call("POST", "userDataStream")).status == 410


async def test_weight_is_counted_limited_and_then_banned(autojump_clock: Any, venue: Any) -> None:
    reply = await venue.call("GET", "depth", "symbol=BTCUSDT&limit=5000")
    assert reply.headers["x-mbx-used-weight-1m"] == "250"
    free = await venue.signed("POST", "order", **ORDER)
    assert free.headers["x-mbx-used-weight-1m"] == "250"
    failed = await venue.signed("POST", "order", **(ORDER | {"side": "HOLD"}))
    assert failed.headers["x-mbx-used-weight-1m"] == "251"
    while (reply := await venue.call("GET", "depth", "symbol=BTCUSDT&limit=5000")).status == 200:
        pass
    assert (reply.status, reply.json["code"]) == (429, -1003)
    assert "current limit is 6000 request weight per 1 MINUTE" in reply.json["msg"]
    left_s = int(reply.headers["retry-after"])
    assert 0 < left_s <= 60
    for _ in range(110):
        reply = await venue.call("GET", "depth", "symbol=BTCUSDT&limit=5000")
    assert (reply.status, reply.json["code"]) == (418, -1003)
    await trio.sleep(int(reply.headers["retry-after"]))
    venue.forget_connections()
    assert (await venue.call("GET", "ping")).status == 200


async def test_too_many_orders_wait_for_the_next_window(autojump_clock: Any, venue: Any) -> None:
    await trio.sleep(10 - venue.now_ms / 1000 % 10)
    order = ORDER | {"quantity": "0.0001"}
    for _ in range(100):
        assert (await venue.signed("POST", "order", **order)).status == 200
    reply = await venue.signed("POST", "order", **order)
    assert (reply.status, reply.json["code"]) == (429, -1015)
    assert reply.json["msg"] == "Too many new orders; current limit is 100 orders per 10 SECOND."
    await trio.sleep(int(reply.headers["retry-after"]))
    assert (await venue.signed("POST", "order", **order)).status == 200
    assert venue.exchange.accounts.held(venue.account, "USDT") == Decimal(6) * 101
