"""Orders for tests, approved as the gate would, and the venue's words about them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from attrs import evolve

from bot3.domain.approval import ApprovedOrder, grant
from bot3.domain.ids import ClientOrderId
from bot3.domain.order import OrderIntent, OrderType, TimeInForce
from bot3.domain.values import InstrumentId, Price, Quantity, Side, Symbol, VenueName
from tests.adapters.binance.fake_exchange import START_NS

BTC = Symbol("BTC/USDT")
ID = InstrumentId(VenueName("binance"), BTC)
OURS = ClientOrderId("b3abcdefghn17")

INTENT = OrderIntent(
    number=17,
    client_order_id=OURS,
    instrument=ID,
    side=Side.BUY,
    order_type=OrderType.LIMIT,
    time_in_force=TimeInForce.GTC,
    amount=Quantity(Decimal("0.00001000")),
    price=Price(Decimal("64000.00")),
    reference_price=Price(Decimal(64_000)),
    strategy="test",
    created_ns=START_NS,
    deadline_ns=START_NS + 3 * 10**9,
)


def approved(**changes: Any) -> ApprovedOrder:
    return grant(evolve(INTENT, **changes))


def order_reply(**changes: Any) -> dict[str, Any]:
    return {
        "symbol": "BTCUSDT",
        "orderId": 45,
        "orderListId": -1,
        "clientOrderId": OURS,
        "transactTime": 1790401501123,
        "price": "64000.00000000",
        "origQty": "0.00001000",
        "executedQty": "0.00000000",
        "cummulativeQuoteQty": "0.00000000",
        "status": "NEW",
        "timeInForce": "GTC",
        "type": "LIMIT",
        "side": "BUY",
        **changes,
    }


def trade_row(number: int, order_id: int = 45, **changes: Any) -> dict[str, Any]:
    return {
        "symbol": "BTCUSDT",
        "id": number,
        "orderId": order_id,
        "price": "63999.99000000",
        "qty": "0.00400000",
        "quoteQty": "255.99996000",
        "commission": "0.00000400",
        "commissionAsset": "BTC",
        "time": 1790401501123,
        "isBuyer": True,
        "isMaker": False,
        **changes,
    }


def report(**changes: Any) -> dict[str, Any]:
    event = {
        "e": "executionReport",
        "E": 1790401501124,
        "s": "BTCUSDT",
        "c": OURS,
        "S": "BUY",
        "o": "LIMIT",
        "f": "GTC",
        "q": "0.01000000",
        "p": "64000.00000000",
        "C": "",
        "x": "NEW",
        "X": "NEW",
        "r": "NONE",
        "i": 45,
        "l": "0.00000000",
        "z": "0.00000000",
        "L": "0.00000000",
        "n": "0",
        "N": None,
        "T": 1790401501123,
        "t": -1,
        "m": False,
    }
    return {"subscriptionId": 0, "event": {**event, **changes}}


FILL = {
    "x": "TRADE",
    "X": "PARTIALLY_FILLED",
    "l": "0.00400000",
    "z": "0.00400000",
    "L": "63999.99000000",
    "n": "0.00000400",
    "N": "BTC",
    "t": 4123456790,
}
CANCELED = {"x": "CANCELED", "X": "CANCELED", "c": "cancel1", "C": OURS, "z": "0.00400000"}
POSITION = {
    "subscriptionId": 0,
    "event": {
        "e": "outboundAccountPosition",
        "E": 1790401501124,
        "u": 1790401501123,
        "B": [{"a": "BTC", "f": "1.00399600", "l": "0.50000000"}],
    },
}
