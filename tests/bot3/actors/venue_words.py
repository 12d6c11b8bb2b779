"""What a venue says about one of our intents."""

from __future__ import annotations

from decimal import Decimal

from bot3.domain.order import OrderIntent, OrderStatus
from bot3.domain.values import ZERO, Quantity
from bot3.messages.orders import OrderCanceled, VenueOrder


def canceled(intent: OrderIntent, now_ns: int, filled: Decimal = ZERO) -> OrderCanceled:
    """Taken off the book, with so much filled."""
    key, stated = intent.client_order_id, Quantity(filled)
    return OrderCanceled(key, intent.instrument, stated, now_ns, now_ns)


def order_at_venue(
    intent: OrderIntent, now_ns: int, status: OrderStatus = OrderStatus.OPEN
) -> VenueOrder:
    """The order as the venue has it, nothing filled."""
    return VenueOrder(
        intent.client_order_id,
        "v1",
        intent.instrument,
        intent.side,
        status,
        intent.amount,
        Quantity(ZERO),
        intent.price,
        now_ns,
    )
