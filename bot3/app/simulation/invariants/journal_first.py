"""The journal before the wire: an order reaches a venue only after its intent is durable.

Judged at the venue's first word of an order, and against a power loss: a record that is written but
not synced is not there.
"""

from __future__ import annotations

from typing import final

from bot3.app.simulation.invariants.events import VenueReported, WorldEvent
from bot3.app.simulation.invariants.journal_tail import JOURNAL_EVENTS, KnownIntents
from bot3.app.simulation.invariants.jury import Violation
from bot3.app.simulation.invariants.venue_sums import instrument_of
from bot3.domain.values import InstrumentId


@final
class JournalFirst:
    """Remembers only the orders that are open."""

    name = "journal_first"
    hears: tuple[type[WorldEvent], ...] = (*JOURNAL_EVENTS, VenueReported)

    def __init__(self) -> None:
        self._intents = KnownIntents()
        self._judged: set[tuple[InstrumentId, int]] = set()

    def hear(self, event: WorldEvent) -> list[Violation]:
        if not isinstance(event, VenueReported):
            self._intents.hear(event)
            return []
        order = event.report.order
        key = (instrument_of(event), order.order_id)
        is_first = key not in self._judged
        if order.status.is_open:
            self._judged.add(key)
        else:
            self._judged.discard(key)
        client_id = order.request.client_order_id
        if not is_first or self._intents.is_durable(client_id):
            return []
        state = "not synced" if client_id in self._intents else "not written"
        text = f"{client_id}: {key[0]} order {order.order_id} exists, its intent is {state}"
        return [Violation(self.name, event.ts_ns, text)]
