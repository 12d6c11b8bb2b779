"""The only reader of real time. Everything else takes a `Clock`, so that time can be virtual."""

from __future__ import annotations

import time
from typing import Protocol, final


class Clock(Protocol):
    """Two clocks: the calendar's, and one whose start means nothing. Neither goes back."""

    def now_ns(self) -> int:
        """Nanoseconds since 1970-01-01 UTC."""
        ...

    def monotonic_ns(self) -> int:
        """Nanoseconds since some start; never goes back. For durations."""
        ...


@final
class SystemClock:
    """The machine's clocks. The calendar is read once and moved on by the monotonic clock.

    So a step of the machine's calendar cannot reach a running process, where it would make
    deadlines pass early or wait for ever; a clock that is slewed is followed all the same.
    """

    def __init__(self) -> None:
        self._calendar_ahead_ns = time.time_ns() - time.perf_counter_ns()

    def now_ns(self) -> int:
        return self._calendar_ahead_ns + time.perf_counter_ns()

    def monotonic_ns(self) -> int:
        return time.perf_counter_ns()


@final
class ManualClock:
    """A clock that a driver moves: backtests, tests."""

    def __init__(self, start_ns: int = 0) -> None:
        self._now_ns = start_ns

    def now_ns(self) -> int:
        return self._now_ns

    def monotonic_ns(self) -> int:
        return self._now_ns

    def move_to(self, now_ns: int) -> None:
        """Forward only; raises `ValueError` for a time before now."""
        if now_ns < self._now_ns:
            raise ValueError(f"time cannot go back from {self._now_ns} to {now_ns}")
        self._now_ns = now_ns
