"""Orders, fills and balances, from OKX's words into ours. Pure.

Invariant: an order that bears no client id of anybody is named by the venue's number. Values that
the domain refuses raise one of `TRANSLATION_ERRORS`.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from adapters.net.decimals import number, plain
from adapters.okx.account_schemas import AccountRow, FillRow, OrderRow
from adapters.okx.translate import NS_PER_MS, wire_symbol
from bot3.domain.account import Balance
from bot3.domain.fill import Fill, Liquidity
from bot3.domain.ids import ClientOrderId
from bot3.domain.order import OrderIntent, OrderStatus, OrderType, TimeInForce
from bot3.domain.values import Asset, InstrumentId, Price, Quantity, Side, VenueName
from bot3.messages.orders import (
    DEAD_MAN,
    BalanceChanged,
    OrderAcknowledged,
    OrderCanceled,
    OrderEvent,
    OrderExpired,
    OrderFilled,
    VenueOrder,
)

SIDES: Final[dict[str, Side]] = {"buy": Side.BUY, "sell": Side.SELL}
_WIRE_SIDES = {side: name for name, side in SIDES.items()}
_STATES: Final[dict[str, OrderStatus]] = {
    "live": OrderStatus.OPEN,
    "partially_filled": OrderStatus.PARTIALLY_FILLED,
    "filled": OrderStatus.FILLED,
    "canceled": OrderStatus.CANCELED,
    "mmp_canceled": OrderStatus.CANCELED,
}
# The mark of orders that open or enlarge a position: what the dead-man's switch may take.
ENTRY_TAG: Final = "bot3entry"
_BY_TIMER: Final = "20"
# Who ends an order where it is not a rule of the venue: we, or our own timer there.
_BY_USER: Final = frozenset({"", "1", _BY_TIMER})
_TIFS: Final = {TimeInForce.GTC: "limit", TimeInForce.IOC: "ioc", TimeInForce.FOK: "fok"}


def order_params(intent: OrderIntent) -> dict[str, str]:
    """`POST /trade/order`; the size of a market order is in base too, which is not the default."""
    params = {
        "instId": wire_symbol(intent.instrument.symbol),
        "tdMode": "cash",
        "side": _WIRE_SIDES[intent.side],
        "clOrdId": intent.client_order_id,
        "sz": plain(intent.amount.amount),
    }
    if not intent.is_reducing:
        params["tag"] = ENTRY_TAG
    if intent.order_type is OrderType.MARKET:
        return params | {"ordType": "market", "tgtCcy": "base_ccy"}
    if intent.price is None:
        raise ValueError(f"{intent.client_order_id}: only a market order has no price")
    is_post_only = intent.order_type is OrderType.POST_ONLY
    kind = "post_only" if is_post_only else _TIFS[intent.time_in_force]
    return params | {"ordType": kind, "px": plain(intent.price.amount)}


def name_of(client_id: str, order_id: str) -> ClientOrderId:
    """What an order is called."""
    return ClientOrderId(client_id or order_id)


def events_of(instrument: InstrumentId, row: OrderRow, local_ns: int) -> list[OrderEvent]:
    """What a push means: a fill, a state that is news, or both."""
    ours, venue_ns = name_of(row.cl_ord_id, row.ord_id), row.u_time * NS_PER_MS
    filled, told = Quantity(row.acc_fill_sz), list[OrderEvent]()
    if row.trade_id and (number(row.fill_sz) or 0) > 0:
        told.append(OrderFilled(_fill_of_push(instrument, row, local_ns)))
    match status_of(row):
        case OrderStatus.OPEN:
            told.append(OrderAcknowledged(ours, instrument, row.ord_id, venue_ns, local_ns))
        case OrderStatus.CANCELED:
            why = reason_of(row)
            told.append(OrderCanceled(ours, instrument, filled, venue_ns, local_ns, why))
        case OrderStatus.EXPIRED:
            told.append(OrderExpired(ours, instrument, filled, venue_ns, local_ns))
        case _:
            pass
    return told


def status_of(row: OrderRow) -> OrderStatus:
    """Ours; what the venue's own rules ended has expired."""
    try:
        status = _STATES[row.state]
    except KeyError:
        raise ValueError(f"order {row.ord_id}: state {row.state!r}") from None
    is_rule = status is OrderStatus.CANCELED and row.cancel_source not in _BY_USER
    return OrderStatus.EXPIRED if is_rule else status


def reason_of(row: OrderRow) -> str:
    """Who canceled it, where that is worth telling."""
    return DEAD_MAN if row.cancel_source == _BY_TIMER else ""


def _fill_of_push(instrument: InstrumentId, row: OrderRow, local_ns: int) -> Fill:
    price, amount = number(row.fill_px), number(row.fill_sz)
    if price is None or amount is None:
        raise ValueError(f"order {row.ord_id}: a trade without price or size")
    return Fill(
        trade_id=row.trade_id,
        client_order_id=name_of(row.cl_ord_id, row.ord_id),
        venue_order_id=row.ord_id,
        instrument=instrument,
        side=side_of(row.side),
        price=Price(price),
        amount=Quantity(amount),
        fee=-(number(row.fill_fee) or Decimal(0)),
        fee_asset=Asset(row.fill_fee_ccy or instrument.symbol.partition("/")[2]),
        liquidity=Liquidity.MAKER if row.exec_type == "M" else Liquidity.TAKER,
        ts_venue_ns=int(row.fill_time or row.u_time) * NS_PER_MS,
        ts_local_ns=local_ns,
    )


def fill_of(instrument: InstrumentId, row: FillRow, local_ns: int) -> Fill:
    """A row of the list of fills."""
    return Fill(
        trade_id=row.trade_id,
        client_order_id=name_of(row.cl_ord_id, row.ord_id),
        venue_order_id=row.ord_id,
        instrument=instrument,
        side=side_of(row.side),
        price=Price(row.fill_px),
        amount=Quantity(row.fill_sz),
        fee=-row.fee,
        fee_asset=Asset(row.fee_ccy),
        liquidity=Liquidity.MAKER if row.exec_type == "M" else Liquidity.TAKER,
        ts_venue_ns=int(row.fill_time or row.ts) * NS_PER_MS,
        ts_local_ns=local_ns,
    )


def order_of(instrument: InstrumentId, row: OrderRow) -> VenueOrder:
    """An order as it is known there."""
    price = number(row.px)
    return VenueOrder(
        client_order_id=name_of(row.cl_ord_id, row.ord_id),
        venue_order_id=row.ord_id,
        instrument=instrument,
        side=side_of(row.side),
        status=status_of(row),
        amount=Quantity(row.sz),
        filled=Quantity(row.acc_fill_sz),
        price=Price(price) if price else None,
        ts_venue_ns=row.u_time * NS_PER_MS,
        reason=reason_of(row),
    )


def balances_of(venue: VenueName, row: AccountRow) -> list[Balance]:
    """Every currency that is told."""
    return [
        Balance(
            venue,
            Asset(detail.ccy),
            Quantity(detail.avail_bal).amount,
            Quantity(detail.frozen_bal).amount,
        )
        for detail in row.details
    ]


def balance_change_of(venue: VenueName, row: AccountRow, local_ns: int) -> BalanceChanged:
    """Absolute balances of the currencies that moved."""
    return BalanceChanged(venue, tuple(balances_of(venue, row)), row.u_time * NS_PER_MS, local_ns)


def side_of(name: str) -> Side:
    """Raises `ValueError` for what is neither."""
    try:
        return SIDES[name]
    except KeyError:
        raise ValueError(f"side {name!r}") from None
