"""At most one venue order per intent, for ever; and every venue order is an intent's.

An id stays used after its order has ended: the venue would take it again, and that second order is
just what must not be. An order whose intent never comes into the journal is told once, at rest;
that it came too late is the business of `journal_first`.
"""

from __future__ import annotations

from decimal import Decimal
from typing import final

from adapters.simulated.orders import Execution, OrderRequest
from bot3.app.simulation.invariants.events import (
    RecordWritten,
    Settled,
    VenueReported,
    WorldEvent,
)
from bot3.app.simulation.invariants.journal_tail import JOURNAL_EVENTS, KnownIntents
from bot3.app.simulation.invariants.jury import Violation
from bot3.app.simulation.invariants.venue_sums import instrument_of
from bot3.domain.order import OrderIntent, OrderType
from bot3.domain.values import ZERO, InstrumentId
from bot3.messages.orders import IntentRecorded


@final
class OneOrderPerIntent:
    """Counts the venues' orders by client id."""

    name = "one_order_per_intent"
    hears: tuple[type[WorldEvent], ...] = (*JOURNAL_EVENTS, VenueReported, Settled)

    def __init__(self) -> None:
        self._intents = KnownIntents()
        self._placed: dict[str, str] = {}
        self._unclaimed: dict[str, str] = {}

    def hear(self, event: WorldEvent) -> list[Violation]:
        match event:
            case VenueReported() if event.report.execution is Execution.NEW:
                return self._told(event.ts_ns, self._place(event))
            case RecordWritten(record=IntentRecorded(intent=intent)):
                return self._told(event.ts_ns, self._record(event, intent.client_order_id))
            case Settled():
                texts = [
                    f"{where}, and no intent of that id ever came into the journal"
                    for where in self._unclaimed.values()
                ]
                self._unclaimed.clear()
                return self._told(event.ts_ns, texts)
            case _:
                self._intents.hear(event)
                return []

    def _told(self, ts_ns: int, texts: list[str]) -> list[Violation]:
        return [Violation(self.name, ts_ns, text) for text in texts]

    def _record(self, event: RecordWritten, key: str) -> list[str]:
        is_known = key in self._intents
        self._intents.hear(event)
        self._unclaimed.pop(key, None)
        return [f"{key}: recorded a second time, as {event.sequence}"] if is_known else []

    def _place(self, event: VenueReported) -> list[str]:
        order = event.report.order
        key = order.request.client_order_id
        where = f"{key}: {instrument_of(event)} order {order.order_id}"
        earlier = self._placed.setdefault(key, where)
        if earlier != where:
            return [f"{where} is a second order of its intent, the first was {earlier}"]
        intent = self._intents.get(key)
        if intent is None:
            self._unclaimed[key] = where
            return []
        wanted, got = _terms(intent), _asked(instrument_of(event), order.request)
        return [] if wanted == got else [f"{where}: got {got}, the intent was {wanted}"]


def _terms(intent: OrderIntent) -> tuple[InstrumentId, str, str, Decimal, Decimal]:
    price = ZERO if intent.price is None else intent.price.amount
    kind = intent.order_type.value
    if intent.order_type is OrderType.LIMIT:
        kind = f"{kind} {intent.time_in_force.value}"
    return intent.instrument, intent.side.value, kind, intent.amount.amount, price


def _asked(
    instrument: InstrumentId, request: OrderRequest
) -> tuple[InstrumentId, str, str, Decimal, Decimal]:
    kind = request.kind.value
    if request.kind is OrderType.LIMIT:
        kind = f"{kind} {request.tif.value}"
    return instrument, request.side.value, kind, request.amount, request.price
