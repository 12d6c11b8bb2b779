"""Orders and fills as the faces list them."""

from __future__ import annotations

from decimal import Decimal

from bot3.domain.fill import Fill
from bot3.domain.order import OrderIntent, OrderStatus
from bot3.domain.values import ZERO
from bot3.telemetry.status import FillLine, OrderStatusLine


def order_line(intent: OrderIntent, status: OrderStatus, reason: str = "") -> OrderStatusLine:
    """Nothing of it is filled yet."""
    return OrderStatusLine(
        client_order_id=intent.client_order_id,
        symbol=intent.instrument.symbol,
        venue=intent.instrument.venue,
        side=intent.side.value,
        order_type=intent.order_type.value,
        amount=intent.amount.amount,
        filled=ZERO,
        price=None if intent.price is None else intent.price.amount,
        status=status.value,
        ts_ns=intent.created_ns,
        reason=reason,
    )


def fill_line(fill: Fill) -> FillLine:
    """Times are ours."""
    return FillLine(
        trade_id=fill.trade_id,
        client_order_id=fill.client_order_id,
        symbol=fill.instrument.symbol,
        venue=fill.instrument.venue,
        side=fill.side.value,
        price=fill.price.amount,
        amount=fill.amount.amount,
        fee=fill.fee,
        fee_asset=fill.fee_asset,
        liquidity=fill.liquidity.value,
        ts_ns=fill.ts_local_ns,
    )


def fee_in_quote(fill: Fill) -> Decimal:
    """0 for a fee in a third asset, which has no price here."""
    base, _, quote = fill.instrument.symbol.partition("/")
    if fill.fee_asset == base:
        return fill.fee * fill.price.amount
    return fill.fee if fill.fee_asset == quote else ZERO
