"""What an answer to "what became of this order?" means, and when "not found" means rejected.

Invariant: "not found" counts only after the request's own venue-side expiry plus the margin below:
before that the request may still be queued in front of the matching engine, and become an order.
"""

from __future__ import annotations

from attrs import frozen

from bot3.domain.order import Order, OrderStatus
from bot3.domain.values import Quantity
from bot3.messages.account import FetchFills
from bot3.messages.orders import (
    CancelFailed,
    OrderAcknowledged,
    OrderCanceled,
    OrderEvent,
    OrderExpired,
    OrderRejected,
    QueryOrder,
    VenueOrder,
)

SECOND_NS = 1_000_000_000


@frozen
class InquirySettings:
    """`engine_margin_s`: the longest that a venue's engine holds a request beyond its expiry
    (Binance: 10 s); `skew_s`: how wrong the measured clock offset may be; `ask_interval_s`: how
    long we wait for news before we ask, and between two questions; `recheck_interval_s`: the same
    for an order that rests: a report that got lost without a trace is found then.
    """

    engine_margin_s: float = 10.0
    skew_s: float = 2.0
    ask_interval_s: float = 5.0
    recheck_interval_s: float = 30.0

    @property
    def margin_ns(self) -> int:
        """Beyond the deadline, until "not found" counts."""
        return int((self.engine_margin_s + self.skew_s) * SECOND_NS)


def query(order: Order, settings: InquirySettings) -> QueryOrder:
    """The question; until its deadline "not found" says nothing."""
    intent = order.intent
    until_ns = intent.deadline_ns + settings.margin_ns
    return QueryOrder(intent.instrument, intent.client_order_id, until_ns)


def fetch(order: Order, settings: InquirySettings) -> FetchFills:
    """For fills that the venue stated and we have not seen."""
    since_ns = order.intent.created_ns - int(settings.skew_s * SECOND_NS)
    return FetchFills(order.intent.instrument, since_ns, f"of {order.intent.client_order_id}")


def deduce(
    order: Order, answer: VenueOrder | None, now_ns: int, settings: InquirySettings
) -> OrderEvent | None:
    """The event that the answer stands for; None where it says nothing new.

    FILLED says nothing by itself: the fills do, and are fetched.
    """
    if answer is None:
        late_ns = order.intent.deadline_ns + settings.margin_ns
        return None if now_ns < late_ns else _lost(order, now_ns)
    event = _ended(order, answer, now_ns)
    if event is not None or answer.status is OrderStatus.FILLED:
        return event
    key, instrument = order.intent.client_order_id, order.intent.instrument
    if order.status is OrderStatus.CANCEL_PENDING:
        return CancelFailed(key, instrument, "still open when asked", now_ns)
    if order.status not in (OrderStatus.SUBMITTED, OrderStatus.UNKNOWN):
        return None
    return OrderAcknowledged(key, instrument, answer.venue_order_id, answer.ts_venue_ns, now_ns)


def _ended(order: Order, answer: VenueOrder, now_ns: int) -> OrderEvent | None:
    """The end that the venue reports, None where it reports none."""
    key, instrument = order.intent.client_order_id, order.intent.instrument
    match answer.status:
        case OrderStatus.CANCELED:
            when_ns, why = answer.ts_venue_ns, answer.reason
            return OrderCanceled(key, instrument, answer.filled, when_ns, now_ns, why)
        case OrderStatus.EXPIRED:
            return OrderExpired(key, instrument, answer.filled, answer.ts_venue_ns, now_ns)
        case OrderStatus.REJECTED | OrderStatus.DENIED:
            return OrderRejected(key, instrument, "query", "the venue reports it rejected", now_ns)
        case _:
            return None


def _lost(order: Order, now_ns: int) -> OrderEvent:
    """The venue knows no such order, for good: it never arrived, or rests there no more."""
    key, instrument = order.intent.client_order_id, order.intent.instrument
    if order.venue_order_id is None and order.filled.is_zero:
        reason = "the venue knows no such order"
        return OrderRejected(key, instrument, "not_found", reason, now_ns)
    filled = Quantity(order.filled.amount)
    return OrderCanceled(key, instrument, filled, now_ns, now_ns)
