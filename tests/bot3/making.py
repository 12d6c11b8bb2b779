"""Makes values of trading for tests: short calls, real types."""

from __future__ import annotations

from decimal import Decimal

from bot3.domain.account import Balance
from bot3.domain.fill import Fill, Liquidity
from bot3.domain.ids import ClientOrderId, RunId, client_order_id
from bot3.domain.instrument import Instrument
from bot3.domain.order import OrderIntent, OrderType, TimeInForce
from bot3.domain.values import Asset, InstrumentId, Price, Quantity, Side, Symbol, VenueName
from bot3.messages.orders import (
    OrderAcknowledged,
    OrderCanceled,
    OrderExpired,
    OrderRejected,
)

RUN = RunId("testrun1")
VENUE = VenueName("binance")
BTC, USDT = Asset("BTC"), Asset("USDT")
KEY = InstrumentId(VENUE, Symbol("BTC/USDT"))
SECOND_NS = 1_000_000_000
START_NS = 1_700_000_000 * SECOND_NS


def d(text: str | int) -> Decimal:
    return Decimal(text)


def make_instrument(key: InstrumentId = KEY, **changes: object) -> Instrument:
    base, quote = key.symbol.split("/")
    filters: dict[str, object] = {
        "tick_size": d("0.01"),
        "lot_size": d("0.0001"),
        "amount_min": d("0.0001"),
        "notional_min": d(5),
    }
    return Instrument(id=key, base=base, quote=quote, **{**filters, **changes})  # type: ignore[arg-type]


def make_intent(
    number: int = 1, amount: str = "1", price: str | None = "100", **changes: object
) -> OrderIntent:
    values: dict[str, object] = {
        "number": number,
        "client_order_id": client_order_id(RUN, number),
        "instrument": KEY,
        "side": Side.BUY,
        "order_type": OrderType.MARKET if price is None else OrderType.LIMIT,
        "time_in_force": TimeInForce.GTC,
        "amount": Quantity(d(amount)),
        "price": None if price is None else Price(d(price)),
        "reference_price": Price(d(price or "100")),
        "strategy": "test",
        "created_ns": START_NS,
        "deadline_ns": START_NS + 5 * SECOND_NS,
    }
    return OrderIntent(**{**values, **changes})  # type: ignore[arg-type]


def make_fill(
    trade: object,
    number: int = 1,
    amount: str | Decimal = "1",
    price: str | Decimal = "100",
    **changes: object,
) -> Fill:
    values: dict[str, object] = {
        "trade_id": str(trade),
        "client_order_id": client_order_id(RUN, number),
        "venue_order_id": f"v{number}",
        "instrument": KEY,
        "side": Side.BUY,
        "price": Price(Decimal(price)),
        "amount": Quantity(Decimal(amount)),
        "fee": d(0),
        "fee_asset": USDT,
        "liquidity": Liquidity.TAKER,
        "ts_venue_ns": START_NS,
        "ts_local_ns": START_NS,
    }
    return Fill(**{**values, **changes})  # type: ignore[arg-type]


def id_of(number: int = 1) -> ClientOrderId:
    return client_order_id(RUN, number)


def acknowledged(number: int = 1) -> OrderAcknowledged:
    return OrderAcknowledged(id_of(number), KEY, f"v{number}", START_NS, START_NS)


def canceled(number: int = 1, filled: str | Decimal = "0") -> OrderCanceled:
    return OrderCanceled(id_of(number), KEY, Quantity(Decimal(filled)), START_NS, START_NS)


def expired(number: int = 1, filled: str | Decimal = "0") -> OrderExpired:
    return OrderExpired(id_of(number), KEY, Quantity(Decimal(filled)), START_NS, START_NS)


def rejected(number: int = 1) -> OrderRejected:
    return OrderRejected(id_of(number), KEY, "-2010", "no", START_NS)


def make_balance(asset: Asset, free: str | Decimal, held: str | Decimal = "0") -> Balance:
    return Balance(VENUE, asset, Decimal(free), Decimal(held))
