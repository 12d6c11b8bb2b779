"""Whatever a client sends, the front answers and the server stays up."""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import pytest
import trio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.simulated.binance.front import BinanceFront
from adapters.simulated.binance.limits import LimitSettings
from adapters.simulated.binance.rest import ROUTES
from adapters.simulated.credential import Credential
from adapters.simulated.exchange import Exchange
from adapters.simulated.wire import HttpRequest, Outbox
from adapters.simulated.world import listed_instrument
from bot3.domain.values import Asset, Symbol, VenueName
from supervisors.clock import ManualClock
from supervisors.entropy import Entropy

NOW_NS = 1_790_401_500_000_000_000
KEY, SECRET = "0123456789abcdef", "made up"
NAMES = ["symbol", "symbols", "side", "type", "timeInForce", "quantity", "price", "limit"]
NAMES += ["orderId", "origClientOrderId", "interval", "startTime", "endTime", "fromId"]
NAMES += ["quoteOrderQty", "newClientOrderId", "recvWindow", "timeZone"]
WORDS = ["BTCUSDT", '["BTCUSDT"]', "BUY", "LIMIT", "MARKET", "LIMIT_MAKER", "GTC", "FOK", "1m"]
WORDS += ["0", "1", "-1", "0.00000001", "99999999999999999999", "60000", "0.01", "1e9", "", "%"]
values = st.sampled_from(WORDS) | st.text(max_size=8)
params = st.dictionaries(st.sampled_from(NAMES), values, max_size=9)


@pytest.fixture(scope="module")
def front() -> Iterator[BinanceFront]:
    fee = Decimal("0.001")
    symbol = Symbol("BTC/USDT")
    listed = listed_instrument(VenueName("x"), symbol, maker_fee_rate=fee, taker_fee_rate=fee)
    clock = ManualClock(NOW_NS)
    exchange = Exchange([listed], clock)
    account = exchange.open_account([(Asset("USDT"), Decimal(10**6)), (Asset("BTC"), Decimal(9))])
    exchange.market(symbol).warm_up(NOW_NS, 6_000_000, 100, is_buyer_maker=True)
    credentials = {KEY: Credential(SECRET, account)}
    limits = LimitSettings(weight_per_minute=10**9, orders_per_10_s=10**9, orders_per_day=10**9)
    dice = Entropy(1).dice("ids")
    built = BinanceFront(exchange, credentials, clock=clock, dice=dice, limits=limits)
    yield built
    assert exchange.accounts.totals() == {"USDT": Decimal(10**6), "BTC": Decimal(9)}


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(route=st.sampled_from(sorted(ROUTES)), query=params)
def test_every_rest_request_is_answered(
    front: BinanceFront, route: tuple[str, str], query: dict[str, str]
) -> None:
    method, path = route
    signed = dict(query)
    if any(word in path for word in ("rder", "account", "myTrades")):
        signed["timestamp"] = str(NOW_NS // 1_000_000)
    text = "&".join(f"{name}={quote(value)}" for name, value in signed.items())
    if "timestamp" in signed:
        text += f"&signature={hmac.new(SECRET.encode(), text.encode(), 'sha256').hexdigest()}"
    body = text.encode() if method == "POST" else b""
    target = path if body else f"{path}?{text}"
    reply = front.request(HttpRequest(method, target, {"x-mbx-apikey": KEY}, body))
    answer = json.loads(reply.body)
    assert reply.status in {200, 400}
    assert reply.status == 200 or answer["code"] < 0


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(WORDS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)
methods = st.sampled_from([*sorted(set(ROUTES.values())), "userDataStream.unsubscribe", "x"])


def sign(request: dict[str, Any]) -> dict[str, Any]:
    """With a right signature where the parameters are an object of texts."""
    given_params = request.get("params")
    if not isinstance(given_params, dict) or set(map(type, given_params.values())) - {str}:
        return request
    full = given_params | {"apiKey": KEY, "timestamp": str(NOW_NS // 1_000_000)}
    payload = "&".join(f"{name}={full[name]}" for name in sorted(full))
    full["signature"] = hmac.new(SECRET.encode(), payload.encode(), "sha256").hexdigest()
    return request | {"params": full}


@settings(max_examples=300, deadline=None)
@given(
    request=st.fixed_dictionaries(
        {"method": methods | json_values},
        optional={
            "id": json_values,
            "params": st.dictionaries(st.sampled_from(NAMES), values | json_values) | json_values,
        },
    )
)
def test_every_ws_api_request_is_answered(front: BinanceFront, request: dict[str, Any]) -> None:
    outbox = Outbox()
    session = front.open_session(HttpRequest("GET", "/ws-api/v3"), outbox)
    assert session is not None
    session.received(json.dumps(sign(request)))
    (answer,) = outbox.take()
    assert json.loads(answer)["status"] in {200, 400, 401}
    session.closed()


@settings(max_examples=200, deadline=None)
@given(command=json_values | st.fixed_dictionaries({"method": values, "params": json_values}))
def test_every_stream_command_is_answered(front: BinanceFront, command: object) -> None:
    outbox = Outbox()
    session = front.open_session(HttpRequest("GET", "/ws"), outbox)
    assert session is not None
    session.received(json.dumps(command))
    assert "error" in json.loads(outbox.take()[0])
    session.closed()


async def test_random_bytes_end_only_their_own_connection(autojump_clock: Any, venue: Any) -> None:
    dice = Entropy(7).dice("bytes")
    upgrade = (
        b"GET /ws-api/v3 HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
        b"sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    for number in range(150):
        stream = await venue.listener.connect()
        start = upgrade if number % 2 else b"GET /api/v3/ping HTTP/1.1\r\n"
        await stream.send_all(start + dice.randbytes(dice.randrange(1, 200)))
        with trio.move_on_after(0.01):
            while await stream.receive_some():
                pass
        if number % 3:
            await stream.aclose()
    assert (await venue.call("GET", "ping")).status == 200
    await trio.sleep(200)
    assert (venue.connections.open, venue.connections.websockets) == (0, 0)
