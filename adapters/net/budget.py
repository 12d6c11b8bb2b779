"""A venue's request-weight budget in fixed windows aligned to UTC. Pure; time is an argument.

Invariant: a request of a priority starts only while what is used, what is on its way and its own
weight stay within that priority's share of the limit: data waits first, cancels last. While data is
shed, no request of that priority starts or waits at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, unique
from typing import final

NS_PER_S = 1_000_000_000
MINUTE_NS = 60 * NS_PER_S


@unique
class Priority(Enum):
    """Who may use how much of the budget."""

    CANCEL = "cancel"
    PROTECTIVE = "protective"
    ENTRY = "entry"
    QUERY = "query"
    DATA = "data"


SHARES: dict[Priority, float] = {
    Priority.CANCEL: 1.0,
    Priority.PROTECTIVE: 0.95,
    Priority.ENTRY: 0.9,
    Priority.QUERY: 0.8,
    Priority.DATA: 0.6,
}


@final
class WeightBudget:
    """`BudgetPort`: what one address may still ask of one venue in this window."""

    def __init__(self, limit: int, *, window_ns: int = MINUTE_NS) -> None:
        if limit <= 0 or window_ns <= 0:
            raise ValueError(f"limit {limit}, window_ns {window_ns}: both must be positive")
        self._limit = limit
        self._window_ns = window_ns
        self._window = 0
        self._used = 0
        self._in_flight = 0
        self._blocked_until_ns = 0
        self._is_data_shed = False
        self._turned_away = 0

    @property
    def limit(self) -> int:
        """The weight of one window."""
        return self._limit

    def set_limit(self, limit: int) -> None:
        """The venue's own figure; raises `ValueError` unless positive."""
        if limit <= 0:
            raise ValueError(f"limit {limit}: must be positive")
        self._limit = limit

    def used(self, now_ns: int) -> int:
        """The weight used in the window of `now_ns`, with what is on its way."""
        self._roll(now_ns)
        return self._used + self._in_flight

    def used_share(self, now_ns: int) -> float:
        """See `BudgetPort.used_share`."""
        if now_ns < self._blocked_until_ns:
            return 1.0
        return min(self.used(now_ns) / self._limit, 1.0)

    def shed_data(self, *, is_shed: bool) -> None:
        """See `BudgetPort.shed_data`."""
        self._is_data_shed = is_shed

    def turns_away(self, priority: Priority) -> bool:
        """Whether such a request is not even to wait; counted."""
        is_shed = self._is_data_shed and priority is Priority.DATA
        self._turned_away += is_shed
        return is_shed

    def counts(self) -> Mapping[str, int]:
        """Data requests that were turned away."""
        return {"data_turned_away": self._turned_away}

    def wait_s(self, priority: Priority, weight: int, now_ns: int) -> float:
        """Seconds until such a request may start; 0.0 is now. Reserves nothing.

        Raises `ValueError` for a weight that no empty window could hold.
        """
        share = SHARES[priority] * self._limit
        if weight > share:
            raise ValueError(f"weight {weight} exceeds the {priority.value} share of {share:g}")
        if now_ns < self._blocked_until_ns:
            return (self._blocked_until_ns - now_ns) / NS_PER_S
        if self.used(now_ns) + weight <= share:
            return 0.0
        return ((self._window + 1) * self._window_ns - now_ns) / NS_PER_S

    def start(self, weight: int, now_ns: int) -> None:
        """A request leaves."""
        self._roll(now_ns)
        self._in_flight += weight

    def finish(self, weight: int, now_ns: int, used: int | None = None) -> None:
        """It ended. `used` is the venue's own count, None where it did not say.

        Within one window the venue's count never falls, so an answer that was overtaken is ignored.
        """
        self._roll(now_ns)
        self._in_flight -= weight
        self._used = self._used + weight if used is None else max(self._used, used)

    def block(self, until_ns: int) -> None:
        """After a 429 or 418: nothing may start before `until_ns`; never shortens a block."""
        self._blocked_until_ns = max(self._blocked_until_ns, until_ns)

    def _roll(self, now_ns: int) -> None:
        window = now_ns // self._window_ns
        if window > self._window:
            self._window = window
            self._used = 0
