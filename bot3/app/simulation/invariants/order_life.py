"""No order out of its time: none begins long after its decision, none rests for ever.

Times are the world's, so that a wrong clock of the bot excuses nothing but `skew_s`. An order's
request dies `order_lifetime_s` after its decision, which is not after its record; the venue's
engine may hold it `engine_margin_s` longer. At rest none is open beyond the patience of a resting
order (or the lifetime, where longer) plus `rest_margin_s`.
"""

from __future__ import annotations

from typing import final

from adapters.simulated.orders import Execution
from bot3.app.simulation.invariants.events import (
    RecordWritten,
    Settled,
    VenueReported,
    WorldEvent,
)
from bot3.app.simulation.invariants.jury import Violation
from bot3.app.simulation.invariants.settings import InvariantSettings, ns
from bot3.messages.orders import IntentRecorded, OrderRejected


@final
class OrderLife:
    """Remembers what is on its way and what is open."""

    name = "order_life"
    hears: tuple[type[WorldEvent], ...] = (RecordWritten, VenueReported, Settled)

    def __init__(self, settings: InvariantSettings) -> None:
        self._transit_ns = settings.transit_ns
        patience_s = max(settings.maker_patience_s, settings.order_lifetime_s)
        self._rest_ns = ns(patience_s + settings.rest_margin_s)
        self._recorded_ns: dict[str, int] = {}
        self._opened_ns: dict[str, int] = {}

    def hear(self, event: WorldEvent) -> list[Violation]:
        texts: list[str] = []
        match event:
            case RecordWritten(record=IntentRecorded(intent=intent)):
                self._recorded_ns[intent.client_order_id] = event.ts_ns
            case RecordWritten(record=OrderRejected(client_order_id=key)):
                self._recorded_ns.pop(key, None)
            case VenueReported():
                texts = self._report(event)
            case Settled():
                texts = [
                    f"{opened}: open for {(event.ts_ns - opened_ns) / 1e9:.3f} s"
                    for opened, opened_ns in self._opened_ns.items()
                    if event.ts_ns - opened_ns > self._rest_ns
                ]
            case _:
                pass
        return [Violation(self.name, event.ts_ns, text) for text in texts]

    def _report(self, event: VenueReported) -> list[str]:
        order = event.report.order
        key = order.request.client_order_id
        if not order.status.is_open:
            self._opened_ns.pop(key, None)
        elif event.report.execution is Execution.NEW:
            self._opened_ns[key] = event.ts_ns
        recorded_ns = self._recorded_ns.pop(key, event.ts_ns)
        late_ns = event.ts_ns - recorded_ns
        if late_ns <= self._transit_ns:
            return []
        return [f"{key}: the venue took it {late_ns / 1e9:.3f} s after its record"]
