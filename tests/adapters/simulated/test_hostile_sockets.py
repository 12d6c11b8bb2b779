"""Whatever a client sends to OKX's and Bybit's fronts, it is answered, and nothing escapes."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.okx.signing import timestamp
from adapters.simulated.wire import HttpRequest
from bot3.domain.values import Side
from tests.adapters.simulated import test_bybit_sockets as bybit
from tests.adapters.simulated import test_okx_sockets as okx
from tests.adapters.simulated.conftest import KEY, SECRET
from tests.adapters.simulated.direct import PASSPHRASE, DirectVenue

LONG = "9" * 5_000
ODD = ("", "0", "-1", "1e5", "NaN", "\u00b2", "\u0661", LONG, "\ud800", "a" * 300, "\x00", "[]")
odd_texts = st.sampled_from(ODD) | st.text(max_size=6)
# The server decodes headers so.
odd_headers = odd_texts.filter(lambda text: all(ord(letter) < 256 for letter in text))
odd_values: st.SearchStrategy[Any] = (
    odd_texts
    | st.none()
    | st.booleans()
    | st.integers(-(10**25), 10**25)
    | st.floats()
    | st.just([])
    | st.just({})
    | st.just([None])
)
PATHS = {
    "okx": ("/ws/v5/public", "/ws/v5/private", "/ws/v5/business"),
    "bybit": ("/v5/public/spot", "/v5/private", "/v5/trade"),
}
many = settings(
    max_examples=600, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(params=["okx", "bybit"])
def venue(request: pytest.FixtureRequest) -> DirectVenue:
    made = DirectVenue(request.param)
    made.rest(Side.BUY, 5_999_900, 500)
    made.rest(Side.SELL, 6_000_100, 500)
    return made


def okx_messages(venue: DirectVenue) -> list[Any]:
    named = {"instIdCode": okx.CODE, "clOrdId": "c1"}
    return [
        {"op": "login", "args": [okx.login_arg(venue)]},
        {"id": "1", "op": "subscribe", "args": [okx.arg("books"), okx.arg("tickers")]},
        {"op": "subscribe", "args": [{"channel": "orders", "instType": "SPOT"}]},
        {"op": "unsubscribe", "args": [{"channel": "account", "ccy": "BTC"}]},
        {"id": "2", "op": "order", "expTime": str(venue.now_ms + 9), "args": [okx.order()]},
        {"id": "3", "op": "batch-orders", "args": [okx.order(), okx.order(clOrdId="c2")]},
        {"id": "4", "op": "amend-order", "args": [{**named, "newPx": "58000", "newSz": "1"}]},
        {"id": "5", "op": "cancel-order", "args": [named]},
    ]


def bybit_messages(venue: DirectVenue) -> list[Any]:
    header = {"X-BAPI-TIMESTAMP": str(venue.now_ms), "X-BAPI-RECV-WINDOW": "5000"}
    topics = ["orderbook.50.BTCUSDT", "kline.1.BTCUSDT", "tickers.BTCUSDT"]
    ops = ("order.create", "order.amend", "order.cancel")
    return [
        {"req_id": "1", "op": "auth", "args": bybit.auth_args(venue)},
        {"req_id": "2", "op": "subscribe", "args": topics},
        {"req_id": "3", "op": "subscribe", "args": ["order.spot", "wallet"]},
        {"op": "unsubscribe", "args": topics[:1]},
        {"op": "ping"},
        *(
            {"reqId": str(n), "header": header, "op": op, "args": [bybit.order(price="58000")]}
            for n, op in enumerate(ops)
        ),
    ]


MESSAGES: dict[str, Callable[[DirectVenue], list[Any]]] = {
    "okx": okx_messages,
    "bybit": bybit_messages,
}


def name_of(venue: DirectVenue) -> str:
    return "okx" if "Okx" in type(venue.front).__name__ else "bybit"


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner: Any = value.items() if isinstance(value, dict) else ()
    inner = enumerate(value) if isinstance(value, list) else inner
    return [at, *(place for key, each in inner for place in places(each, (*at, key)))]


def with_value(whole: Any, place: tuple[Any, ...], value: Any) -> Any:
    if not place:
        return value
    at = whole
    for key in place[:-1]:
        at = at[key]
    at[place[-1]] = value
    return whole


@many
@given(data=st.data())
def test_messages_with_one_odd_value(venue: DirectVenue, data: st.DataObject) -> None:
    name = name_of(venue)
    socket = venue.open(data.draw(st.sampled_from(PATHS[name])))
    messages = MESSAGES[name](venue)
    number = data.draw(st.integers(0, len(messages) - 1))
    place = data.draw(st.sampled_from(places(messages[number])))
    messages[number] = with_value(messages[number], place, data.draw(odd_values))
    for said in messages:
        socket.session.received(json.dumps(said))
    venue.wait(0.3)
    socket.session.closed()


@many
@given(noise=st.text(max_size=60), number=st.integers(0, 2))
def test_noise(venue: DirectVenue, noise: str, number: int) -> None:
    socket = venue.open(PATHS[name_of(venue)][number])
    socket.session.received(noise)
    socket.session.received('{"op":' + "[" * 2_000)
    socket.session.received('{"id":' + LONG + "}")
    socket.session.closed()


def okx_request(venue: DirectVenue, method: str, target: str, body: bytes) -> HttpRequest:
    stamp = timestamp(venue.clock.ns)
    payload = f"{stamp}{method}{target}".encode() + body
    digest = hmac.new(SECRET.encode(), payload, "sha256").digest()
    keys = {"ok-access-key": KEY, "ok-access-passphrase": PASSPHRASE, "ok-access-timestamp": stamp}
    signed = {"ok-access-sign": base64.b64encode(digest).decode()}
    return HttpRequest(method, target, {**keys, **signed, "exptime": str(venue.now_ms + 9)}, body)


def bybit_request(venue: DirectVenue, method: str, target: str, body: bytes) -> HttpRequest:
    stamp, window = str(venue.now_ms), "5000"
    said = target.partition("?")[2].encode() or body
    signed = hmac.new(SECRET.encode(), f"{stamp}{KEY}{window}".encode() + said, "sha256")
    keys = {"x-bapi-api-key": KEY, "x-bapi-timestamp": stamp, "x-bapi-recv-window": window}
    return HttpRequest(method, target, {**keys, "x-bapi-sign": signed.hexdigest()}, body)


REQUESTS: dict[str, tuple[Any, str, str]] = {
    "okx": (okx_request, "/api/v5/trade/order", "/api/v5/trade/order?instId=BTC-USDT&clOrdId=c"),
    "bybit": (bybit_request, "/v5/order/create", "/v5/order/realtime?category=spot&limit=9"),
}


@many
@given(data=st.data())
def test_headers_with_one_odd_value(venue: DirectVenue, data: st.DataObject) -> None:
    make, place, ask = REQUESTS[name_of(venue)]
    order = okx.order(instId="BTC-USDT") if name_of(venue) == "okx" else bybit.order()
    body = json.dumps(order).encode() if data.draw(st.booleans()) else b""
    request = make(venue, "POST" if body else "GET", place if body else ask, body)
    header = data.draw(st.sampled_from(sorted(request.headers)))
    request.headers[header] = data.draw(odd_headers)
    reply: Any = venue.front.request(request)
    assert isinstance(json.loads(reply.body), dict)


@many
@given(data=st.data())
def test_signed_bodies_and_queries_with_one_odd_value(
    venue: DirectVenue, data: st.DataObject
) -> None:
    make, place, ask = REQUESTS[name_of(venue)]
    order: Any = okx.order(instId="BTC-USDT") if name_of(venue) == "okx" else bybit.order()
    if data.draw(st.booleans()):
        said = with_value(order, data.draw(st.sampled_from(places(order))), data.draw(odd_values))
        request = make(venue, "POST", place, json.dumps(said).encode())
    else:
        odd = data.draw(st.sampled_from(["", "%", "%ff", "%C2%B2", LONG, "&&=", "=1"]))
        name = data.draw(st.sampled_from(["limit", "ordId", "startTime", "begin", "cursor"]))
        request = make(venue, "GET", f"{ask}&{name}={odd}", b"")
    reply: Any = venue.front.request(request)
    assert isinstance(json.loads(reply.body), dict)
