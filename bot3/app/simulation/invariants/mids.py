"""The mids that a market has shown within a time: the lowest, the highest, the last.

Invariant: a mid counts from its publication until the time is over after the next one replaced it,
so a quiet market's mid is never too old. Constant work for an update, on average.
"""

from __future__ import annotations

from collections import deque
from decimal import Decimal
from typing import final

from bot3.app.simulation.invariants.events import BookPublished, Touch
from bot3.domain.values import InstrumentId


@final
class MidWindow:
    """One market. Times never fall."""

    def __init__(self, window_ns: int) -> None:
        self.last: Decimal | None = None
        self._window_ns = window_ns
        self._lows: deque[tuple[Decimal, int]] = deque()  # rising, with when each was replaced
        self._highs: deque[tuple[Decimal, int]] = deque()  # falling

    def take(self, mid: Decimal, now_ns: int) -> None:
        """Published now."""
        if self.last == mid:
            return
        if self.last is not None:
            self._retire(self.last, now_ns)
        self.last = mid

    def range(self, now_ns: int) -> tuple[Decimal, Decimal] | None:
        """(lowest, highest) of those that counted within the window; None before the first."""
        if self.last is None:
            return None
        for kept in (self._lows, self._highs):
            while kept and kept[0][1] < now_ns - self._window_ns:
                kept.popleft()
        low = min(self.last, self._lows[0][0]) if self._lows else self.last
        high = max(self.last, self._highs[0][0]) if self._highs else self.last
        return low, high

    def _retire(self, mid: Decimal, now_ns: int) -> None:
        while self._lows and self._lows[-1][0] >= mid:
            self._lows.pop()
        while self._highs and self._highs[-1][0] <= mid:
            self._highs.pop()
        self._lows.append((mid, now_ns))
        self._highs.append((mid, now_ns))
        self.range(now_ns)


@final
class Mids:
    """Every market."""

    def __init__(self, window_ns: int) -> None:
        self._window_ns = window_ns
        self._windows: dict[InstrumentId, MidWindow] = {}
        self._touches: dict[InstrumentId, Touch] = {}

    def hear(self, event: BookPublished) -> None:
        """A book with an empty side has no mid: the last one goes on counting."""
        key = InstrumentId(event.venue, event.symbol)
        touch = event.touch
        if self._touches.get(key) == touch:
            return  # the levels behind it have moved
        self._touches[key] = touch
        window = self._windows.get(key)
        if window is None:
            window = self._windows[key] = MidWindow(self._window_ns)
        mid = touch.mid
        if mid is not None:
            window.take(mid, event.ts_ns)

    def last(self, instrument: InstrumentId) -> Decimal | None:
        """None before the first."""
        window = self._windows.get(instrument)
        return None if window is None else window.last

    def range(self, instrument: InstrumentId, now_ns: int) -> tuple[Decimal, Decimal] | None:
        """See `MidWindow.range`."""
        window = self._windows.get(instrument)
        return None if window is None else window.range(now_ns)
