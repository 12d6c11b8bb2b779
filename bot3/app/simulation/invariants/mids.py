"""The mids that a market has shown within a time: the lowest, the highest, the last.

Invariant: a mid counts from its publication until the time is over after the next one replaced it,
so a quiet market's mid is never too old. Constant work for an update, on average.
"""

from __future__ import annotations

from collections import deque
from decimal import Decimal
from typing import final

from bot3.app.simulation.invariants.events import BookPublished, Touch
from bot3.domain.values import InstrumentId, Symbol, VenueName


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
        lows, highs, from_ns = self._lows, self._highs, now_ns - self._window_ns
        while lows and lows[0][1] < from_ns:
            lows.popleft()
        while highs and highs[0][1] < from_ns:
            highs.popleft()
        low = min(self.last, lows[0][0]) if lows else self.last
        high = max(self.last, highs[0][0]) if highs else self.last
        return low, high

    def _retire(self, mid: Decimal, now_ns: int) -> None:
        lows, highs, from_ns = self._lows, self._highs, now_ns - self._window_ns
        while lows and lows[-1][0] >= mid:
            lows.pop()
        while highs and highs[-1][0] <= mid:
            highs.pop()
        for kept in (lows, highs):
            kept.append((mid, now_ns))
            if kept[0][1] < from_ns:
                kept.popleft()


@final
class Mids:
    """Every market. To hear an event twice is harmless: several checkers may share one."""

    def __init__(self, window_ns: int) -> None:
        self._window_ns = window_ns
        # By (venue, symbol), as an `InstrumentId` is.
        self._windows: dict[tuple[VenueName, Symbol], MidWindow] = {}
        self._touches: dict[tuple[VenueName, Symbol], Touch] = {}

    def hear(self, event: BookPublished) -> None:
        """A book with an empty side has no mid: the last one goes on counting."""
        key, touch = (event.venue, event.symbol), event.touch
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
