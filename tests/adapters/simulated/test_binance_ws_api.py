"""Binance's WS-API: requests, errors, and the user stream of resting, taking and canceling."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import pytest
import trio

from bot3.domain.values import Side

KEY, SECRET = "0123456789abcdef", "a made-up secret"
ORDER = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC"}
ORDER |= {"quantity": "0.01", "price": "60000"}


class Client:
    def __init__(self, venue: Any, socket: Any) -> None:
        self.venue, self.socket = venue, socket
        self.events: list[Any] = []

    async def send(self, method: str, **params: Any) -> Any:
        await self.socket.send_message(json.dumps({"id": 7, "method": method, "params": params}))
        return await self.answer()

    async def answer(self) -> Any:
        while True:
            with trio.fail_after(1):
                message = json.loads(await self.socket.get_message())
            if "subscriptionId" not in message:
                return message
            self.events.append(message)

    async def signed(self, method: str, **params: Any) -> Any:
        values = {"apiKey": KEY, "timestamp": self.venue.now_ms} | params
        texts = {k: str(v).lower() if isinstance(v, bool) else str(v) for k, v in values.items()}
        payload = "&".join(f"{name}={texts[name]}" for name in sorted(texts))
        signature = hmac.new(SECRET.encode(), payload.encode(), hashlib.sha256).hexdigest()
        return await self.send(method, **values, signature=signature)

    async def drain(self) -> list[Any]:
        while True:
            with trio.move_on_after(0.01) as scope:
                self.events.append(json.loads(await self.socket.get_message()))
            if scope.cancelled_caught:
                break
        events, self.events = self.events, []
        assert all(event["subscriptionId"] == 0 for event in events)
        return [event["event"] for event in events]


def steps(events: list[Any]) -> list[tuple[Any, ...]]:
    """(execution, status, last amount, cumulative) of each report, or the asset balances."""
    return [
        (e["x"], e["X"], e["l"][:6], e["z"][:6])
        if e["e"] == "executionReport"
        else tuple((b["a"], b["f"], b["l"]) for b in e["B"])
        for e in events
    ]


@pytest.fixture
async def client(venue: Any) -> Any:
    async with venue.socket("/ws-api/v3") as socket:
        yield Client(venue, socket)


async def test_unsigned_calls_and_limits(autojump_clock: Any, client: Client) -> None:
    answer = await client.send("time")
    assert (answer["id"], answer["status"]) == (7, 200)
    assert abs(answer["result"]["serverTime"] - client.venue.now_ms) < 100
    (limit,) = answer["rateLimits"]
    assert (limit["rateLimitType"], limit["count"]) == ("REQUEST_WEIGHT", 3)
    assert "rateLimits" not in await client.send("v3/ping", returnRateLimits=False)
    depth = await client.send("depth", symbol="BTCUSDT", limit=5)
    assert depth["result"]["bids"] == []


async def test_errors_keep_the_id(autojump_clock: Any, client: Client) -> None:
    for method, params, status, code in (
        ("nothing", {}, 400, -1020),
        ("depth", {}, 400, -1102),
        ("order.place", ORDER, 401, -2014),
        ("account.status", {"apiKey": "a" * 16}, 401, -2015),
        ("account.status", {"apiKey": KEY, "timestamp": 1, "signature": "0"}, 400, -1021),
    ):
        answer = await client.send(method, **params)
        assert (answer["id"], answer["status"], answer["error"]["code"]) == (7, status, code)
    await client.socket.send_message("{")
    assert (await client.answer())["error"]["code"] == -1135
    await client.socket.send_message('{"id":1,"method":"ping","params":[]}')
    assert (await client.answer())["error"]["code"] == -1135


async def test_a_limit_error_says_when_to_come_back(autojump_clock: Any, client: Client) -> None:
    answer: Any = {"status": 200}
    while answer["status"] == 200:
        answer = await client.send("depth", symbol="BTCUSDT", limit=5000)
    assert (answer["status"], answer["error"]["code"]) == (429, -1003)
    data = answer["error"]["data"]
    assert data["serverTime"] < data["retryAfter"] <= data["serverTime"] + 60_000
    assert data["retryAfter"] % 60_000 == 0


async def test_order_calls(autojump_clock: Any, client: Client) -> None:
    placed = await client.signed("order.place", **ORDER, newClientOrderId="mine", recvWindow=5000)
    assert (placed["status"], placed["result"]["status"]) == (200, "NEW")
    kinds = [limit["rateLimitType"] for limit in placed["rateLimits"]]
    assert kinds == ["ORDERS", "ORDERS", "REQUEST_WEIGHT"]
    shown = await client.signed("order.status", symbol="BTCUSDT", origClientOrderId="mine")
    listed = await client.signed("openOrders.status", symbol="BTCUSDT", returnRateLimits=False)
    assert listed["result"] == [shown["result"]]
    canceled = await client.signed("order.cancel", symbol="BTCUSDT", orderId="1")
    assert canceled["result"]["status"] == "CANCELED"
    await client.signed("order.place", **ORDER)
    everything = await client.signed("openOrders.cancelAll", symbol="BTCUSDT")
    assert len(everything["result"]) == 1
    account = await client.signed("account.status")
    assert account["result"]["balances"][1]["free"] == "10000.00000000"


async def test_a_resting_order_then_its_fills(autojump_clock: Any, client: Client) -> None:
    answer = await client.signed("userDataStream.subscribe.signature")
    assert answer["result"] == {"subscriptionId": 0}
    await client.signed("order.place", **ORDER)
    events = await client.drain()
    assert steps(events) == [
        ("NEW", "NEW", "0.0000", "0.0000"),
        (("BTC", "1.00000000", "0.00000000"), ("USDT", "9400.00000000", "600.00000000")),
    ]
    assert (events[0]["w"], events[0]["n"], events[0]["N"], events[0]["t"]) == (True, "0", None, -1)
    client.venue.rest_liquidity(Side.SELL, "59990", "0.004")
    client.venue.rest_liquidity(Side.SELL, "59990", "0.006")
    events = await client.drain()
    assert steps(events) == [
        ("TRADE", "PARTIALLY_FILLED", "0.0040", "0.0040"),
        (("BTC", "1.00399600", "0.00000000"), ("USDT", "9400.00000000", "360.00000000")),
        ("TRADE", "FILLED", "0.0060", "0.0100"),
        (("BTC", "1.00999000", "0.00000000"), ("USDT", "9400.00000000", "0.00000000")),
    ]
    assert (events[0]["m"], events[0]["L"], events[0]["n"]) == (
        True,
        "60000.00000000",
        "0.00000400",
    )
    assert (events[0]["w"], events[2]["w"]) == (True, False)
    assert events[0]["I"] < events[2]["I"]


async def test_a_taking_order_reports_then_balances_once(
    autojump_clock: Any, client: Client
) -> None:
    await client.signed("userDataStream.subscribe.signature")
    client.venue.rest_liquidity(Side.SELL, "59000", "0.003")
    client.venue.rest_liquidity(Side.SELL, "59500", "0.004")
    await client.signed("order.place", **(ORDER | {"timeInForce": "IOC"}))
    events = await client.drain()
    assert steps(events)[:4] == [
        ("NEW", "NEW", "0.0000", "0.0000"),
        ("TRADE", "PARTIALLY_FILLED", "0.0030", "0.0030"),
        ("TRADE", "PARTIALLY_FILLED", "0.0040", "0.0070"),
        ("EXPIRED", "EXPIRED", "0.0000", "0.0070"),
    ]
    assert [event["e"] for event in events[4:]] == ["outboundAccountPosition"]
    assert events[3]["eR"] == "UNFILLED_IOC_QUANTITY_EXPIRED"
    assert events[3]["Z"] == "415.00000000"


async def test_a_cancel_is_reported_under_its_own_id(autojump_clock: Any, client: Client) -> None:
    await client.signed("userDataStream.subscribe.signature")
    await client.signed("order.place", **ORDER, newClientOrderId="mine")
    await client.drain()
    params = {"symbol": "BTCUSDT", "origClientOrderId": "mine", "newClientOrderId": "stop-it"}
    await client.signed("order.cancel", **params)
    events = await client.drain()
    assert steps(events)[0][:2] == ("CANCELED", "CANCELED")
    assert (events[0]["c"], events[0]["C"]) == ("stop-it", "mine")
    assert events[1]["B"][1] == {"a": "USDT", "f": "10000.00000000", "l": "0.00000000"}


async def test_self_trade_prevention_is_reported(autojump_clock: Any, client: Client) -> None:
    await client.signed("order.place", **ORDER)
    await client.signed("userDataStream.subscribe.signature")
    await client.signed("order.place", **(ORDER | {"side": "SELL"}))
    events = await client.drain()
    assert [step[:2] for step in steps(events)[:2]] == [
        ("NEW", "NEW"),
        ("TRADE_PREVENTION", "EXPIRED_IN_MATCH"),
    ]
    assert events[1]["A"] == "0.01000000"


async def test_subscriptions_begin_once_and_end(autojump_clock: Any, client: Client) -> None:
    subscribe = "userDataStream.subscribe.signature"
    await client.signed(subscribe)
    assert (await client.signed(subscribe))["error"]["code"] == -2035
    assert (await client.send("userDataStream.unsubscribe"))["result"] == {}
    assert (await client.send("userDataStream.unsubscribe"))["error"]["code"] == -2036
    await client.signed("order.place", **ORDER)
    assert await client.drain() == []
    assert (await client.signed(subscribe))["result"] == {"subscriptionId": 1}
