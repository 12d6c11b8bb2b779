"""What a venue's event does to an order: one rule for live trading and for recovery."""

from __future__ import annotations

from typing import assert_never

from bot3.domain.ids import ClientOrderId
from bot3.domain.order import Order, OrderInput
from bot3.domain.values import InstrumentId, Quantity
from bot3.messages.orders import (
    CancelFailed,
    OrderAcknowledged,
    OrderAdopted,
    OrderCanceled,
    OrderEvent,
    OrderExpired,
    OrderFilled,
    OrderOutcomeUnknown,
    OrderRejected,
)


def order_of(event: OrderEvent) -> tuple[InstrumentId, ClientOrderId]:
    """Whom it is about."""
    if isinstance(event, OrderFilled):
        return event.fill.instrument, event.fill.client_order_id
    return event.instrument, event.client_order_id


def adopted_order(adopted: OrderAdopted) -> Order:
    """As it rests."""
    sent = Order(adopted.intent).move(OrderInput.SEND)
    return sent.move(OrderInput.ACKNOWLEDGE, venue_order_id=adopted.venue_order_id)


def stated_filled(event: OrderEvent) -> Quantity | None:
    """The total that the venue says was filled, where the event says so."""
    return event.filled if isinstance(event, OrderCanceled | OrderExpired) else None


def after_event(order: Order, event: OrderEvent) -> Order:
    """Raises `IllegalTransitionError` or `OverfillError`, changing nothing.

    A failed cancel means that nobody knows: the order may have filled, or never arrived. On a final
    order it is old news.
    """
    match event:
        case OrderAcknowledged():
            return order.move(OrderInput.ACKNOWLEDGE, venue_order_id=event.venue_order_id)
        case OrderFilled():
            return order.fill(event.fill)
        case OrderCanceled():
            return order.move(OrderInput.CANCEL, reason=event.reason)
        case OrderExpired():
            return order.move(OrderInput.EXPIRE)
        case OrderRejected():
            return order.move(OrderInput.REJECT, reason=f"{event.code}: {event.reason}")
        case OrderOutcomeUnknown() | CancelFailed():
            is_late = order.status.is_final
            return order if is_late else order.move(OrderInput.LOSE, reason=event.reason)
        case _:
            assert_never(event)
