from __future__ import annotations

import json
import re
from decimal import Decimal

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from adapters.binance.account_schemas import ExecutionReport, OrderReply, decode_account
from adapters.binance.account_translate import (
    CANCEL_SUFFIX,
    event_of,
    order_of,
    order_params,
    own_id,
)
from adapters.binance.schemas import decode_reply
from adapters.binance.settings import DEMO, MAINNET, TESTNET
from adapters.binance.translate import plain, wire_symbol
from adapters.net.decimals import TRANSLATION_ERRORS
from adapters.net.frames import MalformedFrame
from adapters.net.symbols import SymbolTable
from bot3.domain.errors import VenueError
from bot3.domain.fill import Liquidity
from bot3.domain.ids import CLIENT_ORDER_ID_LENGTH_MAX, client_order_id, run_id
from bot3.domain.order import OrderType
from bot3.domain.values import Symbol, VenueName
from bot3.messages.orders import (
    OrderAcknowledged,
    OrderCanceled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
)
from tests.adapters.binance.orders import CANCELED, FILL, ID, INTENT, OURS, order_reply, report
from tests.adapters.binance.recordings import shared


def executed(**changes: object) -> ExecutionReport:
    frame = decode_account(json.dumps(report(**changes)))
    assert isinstance(frame, ExecutionReport), frame
    return frame


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({}, OrderAcknowledged),
        (FILL, OrderFilled),
        ({**FILL, "X": "FILLED"}, OrderFilled),
        (CANCELED, OrderCanceled),
        ({**CANCELED, "C": "", "c": OURS}, OrderCanceled),
        ({**CANCELED, "C": "", "c": OURS + CANCEL_SUFFIX}, OrderCanceled),
        ({"x": "EXPIRED", "X": "EXPIRED", "z": "0.004"}, OrderExpired),
        ({"x": "EXPIRED", "X": "EXPIRED_IN_MATCH"}, OrderExpired),
        ({"x": "TRADE_PREVENTION", "X": "EXPIRED_IN_MATCH"}, OrderExpired),
        ({"x": "REJECTED", "X": "REJECTED", "r": "INSUFFICIENT_BALANCES"}, OrderRejected),
        ({"x": "TRADE_PREVENTION", "X": "PARTIALLY_FILLED"}, None),
        ({"x": "REPLACED", "X": "NEW"}, None),
    ],
)
def test_every_execution_type(changes: dict[str, object], kind: type | None) -> None:
    event = event_of(ID, executed(**changes), 99)
    if kind is None:
        assert event is None
        return
    assert isinstance(event, kind)
    ours = event.fill.client_order_id if isinstance(event, OrderFilled) else event.client_order_id
    assert ours == OURS


def test_the_figures_of_a_fill_a_cancel_and_a_rejection() -> None:
    filled = event_of(ID, executed(**FILL, m=True), 99)
    assert isinstance(filled, OrderFilled)
    fill = filled.fill
    assert (fill.price.amount, fill.amount.amount) == (Decimal("63999.99"), Decimal("0.004"))
    assert (fill.liquidity, fill.venue_order_id) == (Liquidity.MAKER, "45")
    assert (fill.ts_venue_ns, fill.ts_local_ns) == (1790401501123 * 10**6, 99)
    free = event_of(ID, executed(**{**FILL, "n": "0", "N": None}), 99)
    assert isinstance(free, OrderFilled)
    assert (free.fill.fee, free.fill.fee_asset) == (Decimal(0), "USDT")
    canceled = event_of(ID, executed(**CANCELED), 99)
    assert isinstance(canceled, OrderCanceled)
    assert canceled.filled.amount == Decimal("0.004")
    rejected = event_of(ID, executed(x="REJECTED", X="REJECTED", r="NO_FUNDS"), 99)
    assert isinstance(rejected, OrderRejected)
    assert rejected.reason == "NO_FUNDS"


@pytest.mark.parametrize(
    "changes",
    [
        {"x": "NOVEL"},
        {"x": "EXPIRED", "X": "NOVEL"},
        {**FILL, "t": -1},
        {**FILL, "l": "0"},
        {**FILL, "L": "-1"},
        {**FILL, "n": "NaN"},
        {**FILL, "S": "LEFT"},
        {**CANCELED, "z": "sNaN"},
        {**CANCELED, "z": "-1"},
    ],
)
def test_what_cannot_be_is_one_of_two_errors(changes: dict[str, object]) -> None:
    with pytest.raises(TRANSLATION_ERRORS):
        event_of(ID, executed(**changes), 99)


def test_an_order_object_as_recorded() -> None:
    text = shared("data/messages/rest/binance/Spot/Trading/PlaceOrder.txt").read_text()
    reply = decode_reply(OrderReply, text[text.index("{") :].encode())
    assert not isinstance(reply, MalformedFrame)
    order = order_of(ID, reply)
    assert (order.client_order_id, order.venue_order_id) == ("6gCrw2kRUAF9CvJDGP16IP", "28")
    assert order.filled.amount == order.amount.amount == Decimal(10)
    assert order.price is None


def test_a_cancels_reply_names_the_order_not_the_cancel() -> None:
    body = json.dumps(order_reply(clientOrderId="cancel1", origClientOrderId=OURS)).encode()
    reply = decode_reply(OrderReply, body)
    assert not isinstance(reply, MalformedFrame)
    assert order_of(ID, reply).client_order_id == OURS


def test_our_longest_id_has_room_for_the_cancels_suffix() -> None:
    longest = client_order_id(run_id("abcdefgh"), 10**12 - 1)
    assert len(longest) <= CLIENT_ORDER_ID_LENGTH_MAX
    assert re.fullmatch(r"[a-zA-Z0-9-_]{1,36}", "x" * CLIENT_ORDER_ID_LENGTH_MAX + CANCEL_SUFFIX)
    assert own_id(longest + CANCEL_SUFFIX) == own_id(longest) == longest


def test_only_a_market_order_has_no_price() -> None:
    with pytest.raises(ValueError, match="price"):
        order_params(evolve(INTENT, price=None))
    assert "price" not in order_params(evolve(INTENT, price=None, order_type=OrderType.MARKET))


@given(st.decimals(min_value=0, max_value=10**15, allow_nan=False, places=8))
def test_numbers_are_plain_digits(value: Decimal) -> None:
    text = plain(value)
    assert re.fullmatch(r"[0-9]{1,20}(\.[0-9]{1,20})?", text)
    assert Decimal(text) == value


@pytest.mark.parametrize(
    ("value", "text"),
    [("1E-8", "0.00000001"), ("1E+3", "1000"), ("0.10", "0.1"), ("0E-8", "0"), ("20.00", "20")],
)
def test_numbers_have_no_exponent_and_no_padding(value: str, text: str) -> None:
    assert plain(Decimal(value)) == text


def test_symbols() -> None:
    table = SymbolTable(VenueName("binance"), wire_symbol)
    assert table.add(Symbol("BTC/USDT")) == "BTCUSDT"
    assert table.find("BTCUSDT") == ID
    assert table.find("ETHUSDT") is None
    assert table.symbols == ("BTC/USDT",)
    for wrong in ("BTCUSDT", "/USDT", "BTC/", "A/B/C", ""):
        with pytest.raises(VenueError, match="BASE/QUOTE"):
            wire_symbol(Symbol(wrong))


def test_settings_are_checked() -> None:
    for settings in (MAINNET, TESTNET, DEMO):
        assert settings.rest_url.startswith("https://")
        assert settings.ws_url.startswith("wss://")
        assert settings.ws_url.endswith("/stream")
        assert settings.private_ws_url.startswith("wss://")
    for wrong in ({"recv_window_ms": 60_001}, {"silence_s": 0.0}, {"depth_limit": 5_001}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            evolve(MAINNET, **wrong)
