"""A venue's circuit breaker.

    CLOSED --failures within the window--> OPEN --back-off--> HALF_OPEN --a taken order--> CLOSED
                                             ^------a failed call------'

Invariant: entries are let through in CLOSED, and one by one in HALF_OPEN. An open circuit never
stays so longer than its back-off, and it closes only on an order that the venue answered: answers
to cancels and questions say nothing of its matching engine.
"""

from __future__ import annotations

from typing import final

from bot3.domain.values import VenueName
from bot3.healing.decision import SECOND_NS, Decision, Window
from bot3.healing.settings import HealingSettings
from bot3.messages.healing import (
    CircuitChanged,
    CircuitState,
    HealingAction,
    VenueCall,
    VenueCallEnded,
)


@final
class Circuit:
    """Of one venue. One found open by a new incarnation of its actor waits its back-off anew."""

    def __init__(
        self, venue: VenueName, settings: HealingSettings, state: CircuitState, now_ns: int
    ) -> None:
        self.venue = venue
        self.state = state
        self._settings = settings
        self._failures = Window(settings.circuit_window_s, settings.circuit_failures)
        self._back_off_s = settings.circuit_open_s
        self._until_ns = now_ns + int(self._back_off_s * SECOND_NS)

    def on_call(self, ended: VenueCallEnded, now_ns: int) -> Decision | None:
        """A call of order entry was answered, or was not."""
        match self.state:
            case CircuitState.CLOSED if ended.problem:
                self._failures.add(now_ns)
                if self._failures.is_full(now_ns):
                    return self._open(self._failed_often(ended), now_ns)
            case CircuitState.HALF_OPEN if ended.problem:
                return self._open(f"the probe failed: {ended.problem}", now_ns)
            case CircuitState.HALF_OPEN if ended.call is VenueCall.SUBMIT:
                return self._close()
            case _:
                pass  # answers before the back-off is over are of calls made before it
        return None

    def on_time(self, now_ns: int) -> Decision | None:
        """Lets one entry try when the back-off is over; another one when nothing came of it."""
        if self.state is CircuitState.CLOSED or now_ns < self._until_ns:
            return None
        if self.state is CircuitState.HALF_OPEN:
            self._back_off_s *= 2
        self.state = CircuitState.HALF_OPEN
        self._wait(now_ns)
        return self._decide(HealingAction.PROBE_CIRCUIT, "one entry may try")

    def _failed_often(self, ended: VenueCallEnded) -> str:
        most, within_s = self._settings.circuit_failures, self._settings.circuit_window_s
        return f"{most} failed calls within {within_s:g} s, the last: {ended.problem}"

    def _open(self, reason: str, now_ns: int) -> Decision:
        if self.state is CircuitState.HALF_OPEN:
            self._back_off_s *= 2
        self.state = CircuitState.OPEN
        self._wait(now_ns)
        return self._decide(HealingAction.OPEN_CIRCUIT, reason)

    def _close(self) -> Decision:
        self.state = CircuitState.CLOSED
        self._back_off_s = self._settings.circuit_open_s
        self._failures.clear()
        return self._decide(HealingAction.CLOSE_CIRCUIT, "the venue takes orders again")

    def _wait(self, now_ns: int) -> None:
        self._back_off_s = min(self._back_off_s, self._settings.circuit_open_max_s)
        self._until_ns = now_ns + int(self._back_off_s * SECOND_NS)

    def _decide(self, action: HealingAction, reason: str) -> Decision:
        command = CircuitChanged(self.venue, self.state, reason)
        return Decision(action, self.venue, reason, command)
