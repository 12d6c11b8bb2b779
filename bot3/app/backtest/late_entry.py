"""Order entry of a venue that fills by the fill model, so many nanoseconds away.

Invariant: what is sent arrives in its order, `latency_ns` later, and ends in exactly one event, as
behind a live venue's order entry.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import final

from adapters.paper.venue import PaperVenue
from bot3.domain.errors import OrderRejectedError
from bot3.messages.orders import (
    AccountEvent,
    CancelFailed,
    CancelOrder,
    OrderRejected,
    QueryOrder,
    SubmitOrder,
)
from supervisors.clock import Clock


@final
class LateEntry:
    """`rested`: ids of orders that came to rest."""

    name = "late entry"

    def __init__(self, venue: PaperVenue, clock: Clock, latency_ns: int) -> None:
        self._venue, self._clock, self._latency_ns = venue, clock, latency_ns
        self._on_their_way: deque[tuple[int, SubmitOrder | CancelOrder | QueryOrder]] = deque()
        self.rested: set[str] = set()

    def send(self, message: SubmitOrder | CancelOrder | QueryOrder) -> None:
        """On its way."""
        self._on_their_way.append((self._clock.now_ns() + self._latency_ns, message))

    @property
    def next_ns(self) -> int | None:
        """When the next one is there."""
        return self._on_their_way[0][0] if self._on_their_way else None

    def arrive(self, publish: Callable[[AccountEvent], None]) -> None:
        """The next one is there."""
        _, message = self._on_their_way.popleft()
        now_ns = self._clock.now_ns()
        match message:
            case SubmitOrder(approved=approved):
                intent = approved.intent
                try:
                    order = self._venue.place(intent)
                except OrderRejectedError as error:
                    key, code, reason = intent.client_order_id, error.code, error.reason
                    publish(OrderRejected(key, intent.instrument, code, reason, now_ns))
                else:
                    if not order.status.is_final:
                        self.rested.add(intent.client_order_id)
            case CancelOrder(client_order_id=key, instrument=instrument):
                try:
                    self._venue.withdraw(instrument.symbol, key)
                except OrderRejectedError as error:
                    publish(CancelFailed(key, instrument, str(error), now_ns))
            case QueryOrder():
                pass  # nothing is ever unknown here
