"""After a halt nothing new at the venues that adds risk, until trading is resumed.

A halt counts from its record on, through crashes and restarts; one that a power loss took from the
journal was promised all the same. Free are orders whose intent was recorded before it, and one that
the same process decided at that very moment or before, on its way to the journal behind the halt.
While positions are flattened, sells are free, and those of a symbol whose protective stop was hit.
"""

from __future__ import annotations

from typing import final

from adapters.simulated.orders import Execution
from bot3.app.simulation.invariants.events import RecordWritten, VenueReported, WorldEvent
from bot3.app.simulation.invariants.journal_tail import JOURNAL_EVENTS, KnownIntents
from bot3.app.simulation.invariants.jury import Violation
from bot3.app.simulation.invariants.settings import InvariantSettings, ns
from bot3.domain.values import Side
from bot3.messages.control import StopHit, TradingHalted, TradingResumed
from bot3.messages.orders import IntentRecorded


@final
class NoneAfterHalt:
    """Intents that were recorded during a halt stay guilty after it."""

    name = "none_after_halt"
    hears: tuple[type[WorldEvent], ...] = (*JOURNAL_EVENTS, VenueReported)

    def __init__(self, settings: InvariantSettings) -> None:
        self._is_exit_allowed = settings.limits.is_exit_allowed_when_halted
        self._lifetime_ns = ns(settings.order_lifetime_s)
        self._intents = KnownIntents()
        self._halt: tuple[int, TradingHalted] | None = None
        self._guilty: dict[str, str] = {}
        self._stopped: set[str] = set()

    def hear(self, event: WorldEvent) -> list[Violation]:
        if isinstance(event, VenueReported):
            return self._judge(event)
        self._intents.hear(event)
        if isinstance(event, RecordWritten):
            self._record(event)
        return []

    def _record(self, event: RecordWritten) -> None:
        match event.record:
            case TradingHalted(is_flattening=is_flattening):
                if self._halt is None or is_flattening:
                    self._halt = (event.generation, event.record)
            case TradingResumed():
                self._halt = None
                self._stopped.clear()
            case StopHit(symbol=symbol):
                self._stopped.add(symbol)
            case IntentRecorded(intent=intent) if self._halt is not None:
                generation, halted = self._halt
                before_ns = halted.ts_ns - intent.created_ns
                was_decided = 0 <= before_ns <= self._lifetime_ns
                is_free = halted.is_flattening or intent.instrument.symbol in self._stopped
                is_exit = is_free and intent.side is Side.SELL
                if not is_exit and not (was_decided and event.generation == generation):
                    self._guilty[intent.client_order_id] = halted.reason
            case _:
                pass

    def _judge(self, event: VenueReported) -> list[Violation]:
        if event.report.execution is not Execution.NEW:
            return []
        request = event.report.order.request
        reason = self._guilty.pop(request.client_order_id, None)
        is_unknown = request.client_order_id not in self._intents
        if reason is None and self._halt is not None and is_unknown:
            reason = self._halt[1].reason
        if reason is None or (self._is_exit_allowed and request.side is Side.SELL):
            return []
        side, amount = request.side.value, event.report.order.amount
        text = f"{request.client_order_id}: {side} {amount} {request.symbol} after {reason!r}"
        return [Violation(self.name, event.ts_ns, text)]
