"""Reads an order placement as Binance does: which parameters go together, and what they mean."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from adapters.simulated.binance.errors import ApiError, missing, not_required
from adapters.simulated.binance.params import Params
from adapters.simulated.binance.wire import ORDER_TYPES
from adapters.simulated.orders import OrderRequest
from bot3.domain.order import OrderType, TimeInForce
from bot3.domain.values import ZERO, Side, Symbol

_UNSUPPORTED = {
    "STOP_LOSS": "Stop loss orders are not supported for this symbol.",
    "STOP_LOSS_LIMIT": "Stop loss limit orders are not supported for this symbol.",
    "TAKE_PROFIT": "Take profit orders are not supported for this symbol.",
    "TAKE_PROFIT_LIMIT": "Take profit limit orders are not supported for this symbol.",
}
_RESPONSES = ("ACK", "RESULT", "FULL")


def read_order(params: Params, symbol: Symbol, new_id: Callable[[], str]) -> OrderRequest:
    """Raises `ApiError` for what is missing, malformed or does not go together."""
    side = Side.__members__.get(params.text("side"))
    if side is None:
        raise ApiError(-1117, "Invalid side.")
    kind = _kind(params)
    for name in ("stopPrice", "trailingDelta"):
        if params.has(name):
            raise not_required(name)
    if params.has("icebergQty"):
        raise ApiError(-2010, "Iceberg orders are not supported for this symbol.")
    if params.optional("selfTradePreventionMode") not in {None, "EXPIRE_MAKER"}:
        raise ApiError(
            -1013, "This symbol does not allow the specified self-trade prevention mode."
        )
    amount, quote_amount = _amounts(params, kind)
    if kind is OrderType.MARKET and params.has("price"):
        raise not_required("price")
    return OrderRequest(
        symbol=symbol,
        side=side,
        kind=kind,
        tif=_time_in_force(params, kind),
        client_order_id=params.client_id("newClientOrderId") or new_id(),
        amount=amount,
        price=ZERO if kind is OrderType.MARKET else params.decimal("price"),
        quote_amount=quote_amount,
    )


def read_response_type(params: Params, kind: OrderType) -> str:
    """ACK, RESULT or FULL; raises `ApiError` for anything else."""
    default = "ACK" if kind is OrderType.POST_ONLY else "FULL"
    response = params.optional("newOrderRespType") or default
    if response not in _RESPONSES:
        raise ApiError(-1130, "Data sent for parameter 'newOrderRespType' is not valid.")
    return response


def _kind(params: Params) -> OrderType:
    name = params.text("type")
    if name in _UNSUPPORTED:
        raise ApiError(-2010, _UNSUPPORTED[name])
    if name not in ORDER_TYPES:
        raise ApiError(-1116, "Invalid orderType.")
    return ORDER_TYPES[name]


def _time_in_force(params: Params, kind: OrderType) -> TimeInForce:
    if kind is not OrderType.LIMIT:
        if params.has("timeInForce"):
            raise not_required("timeInForce")
        return TimeInForce.GTC
    found = TimeInForce.__members__.get(params.text("timeInForce"))
    if found is None:
        raise ApiError(-1115, "Invalid timeInForce.")
    return found


def _amounts(params: Params, kind: OrderType) -> tuple[Decimal, Decimal]:
    if not params.has("quoteOrderQty"):
        return params.decimal("quantity"), ZERO
    if kind is not OrderType.MARKET or params.has("quantity"):
        raise not_required("quoteOrderQty")
    quote_amount = params.decimal("quoteOrderQty")
    if not quote_amount:
        raise missing("quoteOrderQty")
    return ZERO, quote_amount
