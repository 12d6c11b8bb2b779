"""Orders, fills and balances, from Binance's words into ours. Pure.

Invariant: an event carries the client id that we gave the order: on CANCELED that is the wire's
`C`, for `c` then names the cancel (user-data-stream.md). Values that the domain refuses raise one
of `translate.TRANSLATION_ERRORS`.
"""

from __future__ import annotations

from typing import Final

from adapters.binance.account_schemas import (
    AccountPosition,
    AccountReply,
    ExecutionReport,
    MyTrade,
    OrderReply,
)
from adapters.binance.signing import Param
from adapters.binance.translate import NS_PER_MS, plain, wire_symbol
from bot3.domain.account import Balance
from bot3.domain.fill import Fill, Liquidity
from bot3.domain.ids import ClientOrderId
from bot3.domain.order import OrderIntent, OrderStatus, OrderType
from bot3.domain.values import Asset, InstrumentId, Price, Quantity, Side, VenueName
from bot3.messages.orders import (
    BalanceChanged,
    OrderAcknowledged,
    OrderCanceled,
    OrderEvent,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    VenueOrder,
)

# A cancel renames the order at the venue; this suffix, illegal in our own ids, undoes it.
CANCEL_SUFFIX: Final = "-c"

STATUSES: Final[dict[str, OrderStatus]] = {
    "NEW": OrderStatus.OPEN,
    "PENDING_NEW": OrderStatus.OPEN,
    "PARTIALLY_FILLED": OrderStatus.PARTIALLY_FILLED,
    "FILLED": OrderStatus.FILLED,
    "CANCELED": OrderStatus.CANCELED,
    "PENDING_CANCEL": OrderStatus.CANCEL_PENDING,
    "REJECTED": OrderStatus.REJECTED,
    "EXPIRED": OrderStatus.EXPIRED,
    "EXPIRED_IN_MATCH": OrderStatus.EXPIRED,
}
SIDES: Final[dict[str, Side]] = {"BUY": Side.BUY, "SELL": Side.SELL}
_WIRE_SIDES = {side: name for name, side in SIDES.items()}


def own_id(wire_id: str) -> ClientOrderId:
    """The order's id from one that may be its cancel's."""
    return ClientOrderId(wire_id.removesuffix(CANCEL_SUFFIX))


def order_params(intent: OrderIntent) -> dict[str, Param]:
    """`POST /api/v3/order`: POST_ONLY is LIMIT_MAKER, which takes no timeInForce (-1106)."""
    params: dict[str, Param] = {
        "symbol": wire_symbol(intent.instrument.symbol),
        "side": _WIRE_SIDES[intent.side],
    }
    match intent.order_type:
        case OrderType.MARKET:
            params["type"] = "MARKET"
        case OrderType.POST_ONLY:
            params["type"] = "LIMIT_MAKER"
        case OrderType.LIMIT:
            params |= {"type": "LIMIT", "timeInForce": intent.time_in_force.value.upper()}
    params["quantity"] = plain(intent.amount.amount)
    if intent.order_type is not OrderType.MARKET:
        if intent.price is None:
            raise ValueError(f"{intent.client_order_id}: only a market order has no price")
        params["price"] = plain(intent.price.amount)
    return params | {"newClientOrderId": intent.client_order_id, "newOrderRespType": "RESULT"}


def event_of(instrument: InstrumentId, report: ExecutionReport, local_ns: int) -> OrderEvent | None:
    """What a report means; None where it changes nothing for us (REPLACED, partial prevention)."""
    venue_ns = report.transaction_ms * NS_PER_MS
    ours = own_id(report.client_id)
    filled = Quantity(report.filled)
    match report.execution:
        case "NEW":
            order_id = str(report.order_id)
            return OrderAcknowledged(ours, instrument, order_id, venue_ns, local_ns)
        case "TRADE":
            return OrderFilled(_fill_of_report(instrument, report, local_ns))
        case "CANCELED":
            ours = own_id(report.original_id or report.client_id)
            return OrderCanceled(ours, instrument, filled, venue_ns, local_ns)
        case "REJECTED":
            reason = report.reject_reason
            return OrderRejected(ours, instrument, report.execution, reason, local_ns)
        case "EXPIRED" | "TRADE_PREVENTION" if STATUSES.get(report.status) is OrderStatus.EXPIRED:
            return OrderExpired(ours, instrument, filled, venue_ns, local_ns)
        case "REPLACED" | "TRADE_PREVENTION":
            return None
        case other:
            raise ValueError(f"execution type {other!r} with status {report.status!r}")


def _fill_of_report(instrument: InstrumentId, report: ExecutionReport, local_ns: int) -> Fill:
    if report.trade_id < 0 or report.last_amount <= 0:
        raise ValueError(f"order {report.order_id}: a trade without id or amount")
    return Fill(
        trade_id=str(report.trade_id),
        client_order_id=own_id(report.client_id),
        venue_order_id=str(report.order_id),
        instrument=instrument,
        side=_side(report.side),
        price=Price(report.last_price),
        amount=Quantity(report.last_amount),
        fee=Quantity(report.fee).amount,
        fee_asset=Asset(report.fee_asset or instrument.symbol.partition("/")[2]),
        liquidity=Liquidity.MAKER if report.is_maker else Liquidity.TAKER,
        ts_venue_ns=report.transaction_ms * NS_PER_MS,
        ts_local_ns=local_ns,
    )


def fill_of(
    instrument: InstrumentId, trade: MyTrade, client_order_id: ClientOrderId, local_ns: int
) -> Fill:
    """A row of myTrades, which names its order by the venue's id alone."""
    return Fill(
        trade_id=str(trade.id),
        client_order_id=client_order_id,
        venue_order_id=str(trade.order_id),
        instrument=instrument,
        side=Side.BUY if trade.is_buyer else Side.SELL,
        price=Price(trade.price),
        amount=Quantity(trade.qty),
        fee=Quantity(trade.commission).amount,
        fee_asset=Asset(trade.commission_asset),
        liquidity=Liquidity.MAKER if trade.is_maker else Liquidity.TAKER,
        ts_venue_ns=trade.time * NS_PER_MS,
        ts_local_ns=local_ns,
    )


def order_of(
    instrument: InstrumentId, reply: OrderReply, client_order_id: ClientOrderId | None = None
) -> VenueOrder:
    """An order object; `client_order_id` where we know better than a reply after a cancel."""
    try:
        status = STATUSES[reply.status]
    except KeyError:
        raise ValueError(f"order {reply.order_id}: status {reply.status!r}") from None
    return VenueOrder(
        client_order_id=client_order_id
        or own_id(reply.orig_client_order_id or reply.client_order_id),
        venue_order_id=str(reply.order_id),
        instrument=instrument,
        side=_side(reply.side),
        status=status,
        amount=Quantity(reply.orig_qty),
        filled=Quantity(reply.executed_qty),
        price=Price(reply.price) if reply.price else None,
        ts_venue_ns=(reply.transact_time or reply.update_time or reply.time) * NS_PER_MS,
    )


def balances_of(venue: VenueName, reply: AccountReply) -> list[Balance]:
    """Every asset that is not zero."""
    return [
        Balance(venue, Asset(row.asset), Quantity(row.free).amount, Quantity(row.locked).amount)
        for row in reply.balances
    ]


def balance_change_of(venue: VenueName, position: AccountPosition, local_ns: int) -> BalanceChanged:
    """Absolute balances of the assets that moved."""
    balances = tuple(
        Balance(venue, Asset(row.asset), Quantity(row.free).amount, Quantity(row.locked).amount)
        for row in position.balances
    )
    return BalanceChanged(venue, balances, position.update_ms * NS_PER_MS, local_ns)


def _side(name: str) -> Side:
    try:
        return SIDES[name]
    except KeyError:
        raise ValueError(f"side {name!r}") from None
