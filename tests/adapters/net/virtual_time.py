"""Our `Clock` on trio's, so that a `MockClock` moves both."""

from __future__ import annotations

import trio


class TrioClock:
    """`Clock` that follows trio's; `skew_ns` moves the calendar, not the durations."""

    def __init__(self, start_ns: int) -> None:
        self._start_ns = start_ns
        self.skew_ns = 0

    def now_ns(self) -> int:
        return self._start_ns + self.skew_ns + self.monotonic_ns()

    def monotonic_ns(self) -> int:
        return round(trio.current_time() * 1e9)
