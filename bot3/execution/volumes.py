"""How much the market trades: since when, a day, and at which time of the day.

Invariant: live bars alone count as traded; history tells rates only.
"""

from __future__ import annotations

from decimal import Decimal
from typing import final

from bot3.domain.bar import Bar
from bot3.domain.values import ZERO, decimal_of

SECOND_NS = 1_000_000_000
DAY_S = 86_400
PARTS_OF_DAY = 48
_PART_S = DAY_S // PARTS_OF_DAY


@final
class Volumes:
    """Of one symbol over all its venues, in base."""

    def __init__(self) -> None:
        self.traded = ZERO
        self._volume = [0.0] * PARTS_OF_DAY
        self._seconds = [0.0] * PARTS_OF_DAY

    def on_bar(self, bar: Bar, *, is_warm_up: bool) -> None:
        """A closed bar of one venue."""
        if not is_warm_up:
            self.traded += decimal_of(bar.volume)
        part = bar.open_ns // SECOND_NS % DAY_S // _PART_S
        self._volume[part] += bar.volume
        self._seconds[part] += (bar.close_ns - bar.open_ns) / SECOND_NS

    def per_day(self, venues: int) -> float:
        """Of `venues` venues together; 0 until a bar was seen."""
        seconds = sum(self._seconds)
        return sum(self._volume) / seconds * DAY_S * venues if seconds else 0.0

    def profile(self, start_ns: int, duration_s: float, parts: int) -> list[float]:
        """Mean volume a second in equal parts of the time from `start_ns` on, by the time of the
        day; a time of which nothing is known has the mean of the others.
        """
        mean = self.per_day(1) / DAY_S
        start_s = start_ns / SECOND_NS
        return [self._rate(start_s + duration_s * (at + 0.5) / parts, mean) for at in range(parts)]

    def _rate(self, ts_s: float, mean: float) -> float:
        part = int(ts_s % DAY_S // _PART_S)
        return self._volume[part] / self._seconds[part] if self._seconds[part] else mean

    def since(self, traded: Decimal) -> Decimal:
        """Traded since `traded` was the figure."""
        return self.traded - traded
