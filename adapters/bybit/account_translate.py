"""Orders, fills and balances, from Bybit's words into ours. Pure.

Invariant: what is filled is `cumExecQty`, never the quantity less what is left. Values that the
domain refuses raise one of `TRANSLATION_ERRORS`.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from adapters.bybit.account_schemas import ExecutionRow, OrderRow, WalletRow
from adapters.bybit.translate import NS_PER_MS, wire_symbol
from adapters.net.decimals import number, plain
from bot3.domain.account import Balance
from bot3.domain.fill import Fill, Liquidity
from bot3.domain.ids import ClientOrderId
from bot3.domain.order import OrderIntent, OrderStatus, OrderType
from bot3.domain.values import Asset, InstrumentId, Price, Quantity, Side, VenueName
from bot3.messages.orders import (
    DEAD_MAN,
    OrderAcknowledged,
    OrderCanceled,
    OrderEvent,
    OrderExpired,
    VenueOrder,
)

SIDES: Final[dict[str, Side]] = {"Buy": Side.BUY, "Sell": Side.SELL}
_WIRE_SIDES = {side: name for name, side in SIDES.items()}
_STATUSES: Final[dict[str, OrderStatus]] = {
    "New": OrderStatus.OPEN,
    "Created": OrderStatus.OPEN,
    "Untriggered": OrderStatus.OPEN,
    "Triggered": OrderStatus.OPEN,
    "PartiallyFilled": OrderStatus.PARTIALLY_FILLED,
    "Filled": OrderStatus.FILLED,
    "Cancelled": OrderStatus.CANCELED,
    "PartiallyFilledCanceled": OrderStatus.CANCELED,
    "Deactivated": OrderStatus.CANCELED,
    # After the acknowledgement: a post-only order that would have taken, among others.
    "Rejected": OrderStatus.EXPIRED,
}
_BY_TIMER: Final = "CancelByDCP"
# Who ends an order where it is not a rule of the venue: we, our own timer there, its operators.
_BY_USER: Final = frozenset({"CancelByUser", _BY_TIMER, "CancelByAdmin"})


def order_params(intent: OrderIntent) -> dict[str, str]:
    """`POST /v5/order/create`; a market order's size is in base too, which is not the default."""
    params = {
        "category": "spot",
        "symbol": wire_symbol(intent.instrument.symbol),
        "side": _WIRE_SIDES[intent.side],
        "qty": plain(intent.amount.amount),
        "orderLinkId": intent.client_order_id,
    }
    if intent.order_type is OrderType.MARKET:
        return params | {"orderType": "Market", "marketUnit": "baseCoin"}
    if intent.price is None:
        raise ValueError(f"{intent.client_order_id}: only a market order has no price")
    is_post_only = intent.order_type is OrderType.POST_ONLY
    tif = "PostOnly" if is_post_only else intent.time_in_force.name
    return params | {
        "orderType": "Limit",
        "price": plain(intent.price.amount),
        "timeInForce": tif,
    }


def name_of(link_id: str, order_id: str) -> ClientOrderId:
    """What an order is called."""
    return ClientOrderId(link_id or order_id)


def event_of(instrument: InstrumentId, row: OrderRow, local_ns: int) -> OrderEvent | None:
    """What a state means; None for those that executions tell."""
    ours, venue_ns = name_of(row.order_link_id, row.order_id), row.updated_time * NS_PER_MS
    filled = Quantity(row.cum_exec_qty)
    match status_of(row):
        case OrderStatus.OPEN:
            return OrderAcknowledged(ours, instrument, row.order_id, venue_ns, local_ns)
        case OrderStatus.CANCELED:
            return OrderCanceled(ours, instrument, filled, venue_ns, local_ns, reason_of(row))
        case OrderStatus.EXPIRED:
            return OrderExpired(ours, instrument, filled, venue_ns, local_ns)
        case _:
            return None


def status_of(row: OrderRow) -> OrderStatus:
    """Ours; what the venue's own rules ended has expired."""
    try:
        status = _STATUSES[row.order_status]
    except KeyError:
        raise ValueError(f"order {row.order_id}: status {row.order_status!r}") from None
    is_rule = status is OrderStatus.CANCELED and row.cancel_type not in _BY_USER
    return OrderStatus.EXPIRED if is_rule else status


def reason_of(row: OrderRow) -> str:
    """Who canceled it, where that is worth telling."""
    return DEAD_MAN if row.cancel_type == _BY_TIMER else ""


def fill_of(instrument: InstrumentId, row: ExecutionRow, local_ns: int) -> Fill:
    """Of the stream and of the list; the fee is of what is received where no coin is named."""
    base, _, quote = instrument.symbol.partition("/")
    side = side_of(row.side)
    return Fill(
        trade_id=row.exec_id,
        client_order_id=name_of(row.order_link_id, row.order_id),
        venue_order_id=row.order_id,
        instrument=instrument,
        side=side,
        price=Price(row.exec_price),
        amount=Quantity(row.exec_qty),
        fee=row.exec_fee,
        fee_asset=Asset(row.fee_currency or (base if side is Side.BUY else quote)),
        liquidity=Liquidity.MAKER if row.is_maker else Liquidity.TAKER,
        ts_venue_ns=row.exec_time * NS_PER_MS,
        ts_local_ns=local_ns,
    )


def order_of(instrument: InstrumentId, row: OrderRow) -> VenueOrder:
    """An order as it is known there."""
    price = number(row.price)
    return VenueOrder(
        client_order_id=name_of(row.order_link_id, row.order_id),
        venue_order_id=row.order_id,
        instrument=instrument,
        side=side_of(row.side),
        status=status_of(row),
        amount=Quantity(row.qty),
        filled=Quantity(row.cum_exec_qty),
        price=Price(price) if price else None,
        ts_venue_ns=row.updated_time * NS_PER_MS,
        reason=reason_of(row),
    )


def balances_of(venue: VenueName, row: WalletRow) -> list[Balance]:
    """Every coin that is told: free is the wallet less what is locked."""
    found = []
    for coin in row.coin:
        locked = number(coin.locked) or Decimal(0)
        free = Quantity(coin.wallet_balance - locked).amount
        found.append(Balance(venue, Asset(coin.coin), free, Quantity(locked).amount))
    return found


def side_of(name: str) -> Side:
    """Raises `ValueError` for what is neither."""
    try:
        return SIDES[name]
    except KeyError:
        raise ValueError(f"side {name!r}") from None
