"""What the journal calls ended has ended at the venue, and what it calls rejected never was there.

Nothing that is final comes to life again: an order that the venue takes after the journal gave it
up is one that nobody watches.
"""

from __future__ import annotations

from decimal import Decimal
from typing import final

from adapters.simulated.orders import Execution, RecordStatus
from bot3.app.simulation.invariants.events import RecordWritten, VenueReported, WorldEvent
from bot3.app.simulation.invariants.jury import Violation
from bot3.messages.orders import OrderCanceled, OrderExpired, OrderRejected


@final
class OrderEnds:
    """Memory grows with the orders: news of an old one may come at any time."""

    name = "order_ends"
    hears: tuple[type[WorldEvent], ...] = (RecordWritten, VenueReported)

    def __init__(self) -> None:
        self._venue: dict[str, tuple[RecordStatus, Decimal]] = {}
        self._ended: dict[str, str] = {}

    def hear(self, event: WorldEvent) -> list[Violation]:
        texts: list[str] = []
        match event:
            case VenueReported():
                texts = self._report(event)
            case RecordWritten(record=OrderRejected() as rejected):
                texts = self._reject(rejected)
            case RecordWritten(record=OrderCanceled() | OrderExpired() as ended):
                texts = self._end(ended)
            case _:
                pass
        return [Violation(self.name, event.ts_ns, text) for text in texts]

    def _report(self, event: VenueReported) -> list[str]:
        order = event.report.order
        key = order.request.client_order_id
        self._venue[key] = (order.status, order.executed)
        if event.report.execution is not Execution.NEW or key not in self._ended:
            return []
        return [f"{key}: the venue takes it after the journal's {self._ended[key]}"]

    def _reject(self, rejected: OrderRejected) -> list[str]:
        key = rejected.client_order_id
        self._ended.setdefault(key, f"{type(rejected).__name__} ({rejected.code})")
        found = self._venue.get(key)
        if found is None:
            return []
        status, executed = found
        return [f"{key}: rejected ({rejected.code}), the venue has it {status.value}, {executed}"]

    def _end(self, ended: OrderCanceled | OrderExpired) -> list[str]:
        key, name = ended.client_order_id, type(ended).__name__
        self._ended.setdefault(key, name)
        found = self._venue.get(key)
        if found is None:
            return [f"{key}: {name}, the venue never had it"]
        status, executed = found
        if status.is_open:
            return [f"{key}: {name}, the venue has it open"]
        if ended.filled.amount != executed:
            return [f"{key}: {name} with {ended.filled.amount} filled, the venue has {executed}"]
        return []
