"""What a venue has been like: how late its answers are, how often it fails, how often it fills
what rests there.

Invariant: every figure starts from a prior and fades, so that neither silence nor one bad minute
decides for ever.
"""

from __future__ import annotations

from typing import final

from attrs import define

from bot3.domain.order import Order, OrderStatus, OrderType, TimeInForce
from bot3.domain.values import VenueName
from bot3.execution.actions import OUT_OF_PATIENCE
from bot3.execution.inquiry import SECOND_NS
from bot3.execution.router import penalty_of
from bot3.messages.account import OrderClosed
from bot3.messages.orders import (
    OrderAcknowledged,
    OrderEvent,
    OrderOutcomeUnknown,
    OrderRejected,
)

PRIOR_LATENCY_S = 0.05
PRIOR_RESTS = 5.0
_NEW = 0.1  # the weight of one more latency or outcome
_FADE = 0.98  # of the rests seen, for each order of any kind: what crosses now may rest again


@final
@define
class VenueRecord:
    """`failure_rate` of submissions: refused, lapsed before the engine, or of unknown outcome."""

    latency_s: float = PRIOR_LATENCY_S
    failure_rate: float = 0.0
    rests: float = 0.0
    filled: float = 0.0

    def on_answer(self, latency_s: float) -> None:
        """The venue took an order, so long after it was decided."""
        self.latency_s += _NEW * (max(latency_s, 0.0) - self.latency_s)
        self.rests *= _FADE
        self.filled *= _FADE
        self.on_outcome(has_failed=False)

    def on_outcome(self, *, has_failed: bool) -> None:
        """An order was taken, or not."""
        self.failure_rate += _NEW * (has_failed - self.failure_rate)

    def on_rest(self, share_filled: float) -> None:
        """A resting order ended filled, or out of patience with so much of it filled."""
        self.rests += 1
        self.filled += share_filled

    def fill_probability(self, modelled: float) -> float:
        """The model's as a prior worth `PRIOR_RESTS` orders, and what was seen."""
        return (PRIOR_RESTS * modelled + self.filled) / (PRIOR_RESTS + self.rests)

    def penalty_bps(self, volatility_bps_per_root_s: float, retry_s: float) -> float:
        """Of sending an order there; after a failure it is sent again `retry_s` later."""
        retry_bps = penalty_of(retry_s, volatility_bps_per_root_s, 0.0, 0.0)
        return penalty_of(self.latency_s, volatility_bps_per_root_s, self.failure_rate, retry_bps)


@final
class VenueRecords:
    """One a venue, kept from the news of orders that the desk has anyway."""

    def __init__(self) -> None:
        self._records: dict[VenueName, VenueRecord] = {}

    def of(self, venue: VenueName) -> VenueRecord:
        """Made where it is new."""
        record = self._records.get(venue)
        if record is None:
            record = self._records[venue] = VenueRecord()
        return record

    def on_event(self, event: OrderEvent, order: Order | None) -> None:
        """News of `order` as it was before: only what was on its way tells of the venue."""
        if order is None or order.status is not OrderStatus.SUBMITTED:
            return
        record = self.of(order.intent.instrument.venue)
        if isinstance(event, OrderAcknowledged):
            record.on_answer((event.ts_local_ns - order.intent.created_ns) / SECOND_NS)
        elif isinstance(event, OrderRejected) and order.intent.order_type is OrderType.POST_ONLY:
            # The market moved under it: mostly it would have crossed, and the venue did its work.
            record.on_outcome(has_failed=False)
        elif isinstance(event, OrderRejected | OrderOutcomeUnknown):
            record.on_outcome(has_failed=True)

    def on_closed(self, closed: OrderClosed, order: Order | None) -> None:
        """How much of a resting order was filled, where nothing but the market decided that."""
        if order is None or order.intent.time_in_force is not TimeInForce.GTC:
            return
        if closed.status is OrderStatus.FILLED or closed.reason == OUT_OF_PATIENCE:
            share = float(closed.filled / order.intent.amount.amount)
            self.of(closed.instrument.venue).on_rest(share)
