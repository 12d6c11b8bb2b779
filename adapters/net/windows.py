"""Request budgets of venues that count requests per endpoint in sliding windows (OKX, Bybit).

Invariant: within any window no more requests start than its limit, less a margin for the time they
travel; and all endpoints together stay within what their priority may use of the whole. Pure; time
is an argument.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Final, final

from attrs import frozen

from adapters.net.budget import NS_PER_S, SHARES, Priority
from adapters.net.calls import Call

MARGIN: Final = 0.9


@frozen
class Limit:
    """So many requests within `window_ns`."""

    requests: int
    window_ns: int


class _Window:
    """When the last requests started."""

    __slots__ = ("limit", "started_ns")

    def __init__(self, limit: Limit) -> None:
        self.limit = limit
        self.started_ns: deque[int] = deque()

    def used(self, now_ns: int) -> int:
        started = self.started_ns
        while started and started[0] <= now_ns - self.limit.window_ns:
            started.popleft()
        return len(started)

    def wait_s(self, share: float, now_ns: int) -> float:
        """Until there is room for one more within this share of it."""
        room = max(int(self.limit.requests * share), 1)
        used = self.used(now_ns)
        if used < room:
            return 0.0
        free_ns = self.started_ns[used - room] + self.limit.window_ns
        return max(free_ns - now_ns, 1) / NS_PER_S


@final
class WindowBudget:
    """`BudgetPort`, by `Call.path`; what is not listed has no limit of its own."""

    def __init__(self, overall: Limit, limits: Mapping[str, Limit]) -> None:
        self._overall = _Window(overall)
        self._windows = {path: _Window(limit) for path, limit in limits.items()}
        self._blocked_until_ns = 0
        self._is_data_shed = False
        self._turned_away = 0

    def used_share(self, now_ns: int) -> float:
        """See `BudgetPort.used_share`: of all endpoints together."""
        if now_ns < self._blocked_until_ns:
            return 1.0
        return min(self._overall.used(now_ns) / self._overall.limit.requests, 1.0)

    def shed_data(self, *, is_shed: bool) -> None:
        """See `BudgetPort.shed_data`."""
        self._is_data_shed = is_shed

    def counts(self) -> Mapping[str, int]:
        """Data requests that were turned away."""
        return {"data_turned_away": self._turned_away}

    def turns_away(self, priority: Priority) -> bool:
        """Whether such a request is not even to wait; counted."""
        is_shed = self._is_data_shed and priority is Priority.DATA
        self._turned_away += is_shed
        return is_shed

    def wait_s(self, call: Call, now_ns: int) -> float:
        """Seconds until it may start; 0.0 is now. Counts nothing."""
        if now_ns < self._blocked_until_ns:
            return (self._blocked_until_ns - now_ns) / NS_PER_S
        wait_s = self._overall.wait_s(SHARES[call.priority] * MARGIN, now_ns)
        own = self._windows.get(call.path)
        return wait_s if own is None else max(wait_s, own.wait_s(MARGIN, now_ns))

    def start(self, call: Call, now_ns: int) -> None:
        """A request leaves."""
        self._overall.started_ns.append(now_ns)
        own = self._windows.get(call.path)
        if own is not None:
            own.started_ns.append(now_ns)

    def block(self, until_ns: int) -> None:
        """The venue had enough: nothing may start before `until_ns`; never shortens a block."""
        self._blocked_until_ns = max(self._blocked_until_ns, until_ns)
