"""At rest both sides know the same orders: each open one is owned, each other one is resolved.

Kinds of ends are compared as ends: whether the rest of an order was cancelled or lapsed moves no
money. What it filled is compared exactly.
"""

from __future__ import annotations

from decimal import Decimal
from typing import final

from adapters.simulated.orders import RecordStatus
from bot3.app.simulation.invariants.events import (
    BotOrderRest,
    RecordWritten,
    Settled,
    VenueReported,
    WorldEvent,
)
from bot3.app.simulation.invariants.journal_tail import JOURNAL_EVENTS, Tail
from bot3.app.simulation.invariants.jury import Violation
from bot3.domain.order import OrderStatus
from bot3.messages.orders import IntentRecorded, OrderCanceled, OrderExpired, OrderRejected

_RESTING = {
    RecordStatus.NEW: OrderStatus.OPEN,
    RecordStatus.PARTIALLY_FILLED: OrderStatus.PARTIALLY_FILLED,
    RecordStatus.FILLED: OrderStatus.FILLED,
}
_ENDED = frozenset({OrderStatus.CANCELED, OrderStatus.EXPIRED})
_NEVER_THERE = frozenset({OrderStatus.REJECTED, OrderStatus.DENIED})
_UNRESOLVED = frozenset(
    {
        OrderStatus.PENDING,
        OrderStatus.SUBMITTED,
        OrderStatus.UNKNOWN,
        OrderStatus.CANCEL_PENDING,
    }
)


@final
class OrdersOwned:
    """Compares at `Settled`; before, it only follows what the venues and the journal say."""

    name = "orders_owned"
    hears: tuple[type[WorldEvent], ...] = (*JOURNAL_EVENTS, VenueReported, Settled)

    def __init__(self) -> None:
        self._venue: dict[str, tuple[RecordStatus, Decimal]] = {}
        self._open: dict[str, str] = {}
        self._unresolved: dict[str, None] = {}
        self._tail: Tail[str] = Tail()

    def hear(self, event: WorldEvent) -> list[Violation]:
        texts: list[str] = []
        match event:
            case VenueReported():
                self._report(event)
            case RecordWritten(record=IntentRecorded(intent=intent)):
                self._unresolved[intent.client_order_id] = None
                self._tail.add(intent.client_order_id, event.sequence)
            case RecordWritten(record=OrderRejected() | OrderCanceled() | OrderExpired() as ended):
                self._unresolved.pop(ended.client_order_id, None)
            case Settled():
                texts = [*self._heard(event), *self._compared(event), *self._left_over()]
            case _:
                pass
        for lost in self._tail.hear(event):
            self._unresolved.pop(lost, None)
        return [Violation(self.name, event.ts_ns, text) for text in texts]

    def _report(self, event: VenueReported) -> None:
        order = event.report.order
        key = order.request.client_order_id
        self._venue[key] = (order.status, order.executed)
        if order.status.is_open:
            self._open[key] = f"{event.venue}:{order.symbol}"
        else:
            self._open.pop(key, None)
        if order.status is RecordStatus.FILLED:
            self._unresolved.pop(key, None)

    def _heard(self, settled: Settled) -> list[str]:
        """Whether the checkers were told everything."""
        listed = [order for rest in settled.venues for order in rest.orders]
        return [
            f"{order.client_order_id}: {order.status.value} in the venue's list, was reported as"
            f" {found}"
            for order in listed
            if (found := self._venue.get(order.client_order_id)) != (order.status, order.executed)
        ]

    def _compared(self, settled: Settled) -> list[str]:
        known = {order.client_order_id: order for order in settled.bot.orders}
        texts = [
            f"{key}: open at {where}, the bot does not know of it"
            for key, where in self._open.items()
            if key not in known
        ]
        for order in known.values():
            texts += self._difference(order)
        return texts

    def _difference(self, order: BotOrderRest) -> list[str]:
        key, ours = order.client_order_id, f"the bot has it {order.status.value}, {order.filled}"
        found = self._venue.get(key)
        if order.status in _UNRESOLVED:
            return [f"{key}: {ours}: unresolved; the venue has {found}"]
        if found is None:
            is_well = order.status in _NEVER_THERE
            return [] if is_well else [f"{key}: {ours}, the venue never had it"]
        status, executed = found
        wanted = _RESTING.get(status)
        is_same = order.status in _ENDED if wanted is None else order.status is wanted
        if is_same and order.filled == executed:
            return []
        return [f"{key}: {ours}, the venue has it {status.value}, {executed}"]

    def _left_over(self) -> list[str]:
        return [
            f"{key}: its end is not in the journal, the venue has {self._venue.get(key)}"
            for key in self._unresolved
            if key not in self._open
        ]
