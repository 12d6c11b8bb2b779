"""How far a mid moves in a second, from the quotes as they come.

Invariant: a quote costs constant time; old ones fade with a half-life, whatever their rate.
"""

from __future__ import annotations

import math
from typing import final

SECOND_NS = 1_000_000_000
HALF_LIFE_S = 60.0


@final
class QuoteVolatility:
    """Root of (faded sum of squared log moves / faded sum of the time they took)."""

    __slots__ = ("_mid", "_seconds", "_squares", "_ts_ns")

    def __init__(self) -> None:
        self._mid = 0.0
        self._ts_ns = 0
        self._squares = 0.0
        self._seconds = 0.0

    def on_mid(self, mid: float, ts_ns: int) -> None:
        """The mid of a sound quote. One that is older than the last says nothing."""
        elapsed_s = (ts_ns - self._ts_ns) / SECOND_NS
        if self._mid > 0 and elapsed_s > 0:
            fade = 0.5 ** (elapsed_s / HALF_LIFE_S)
            self._squares = self._squares * fade + math.log(mid / self._mid) ** 2
            self._seconds = self._seconds * fade + elapsed_s
        elif self._mid > 0:
            return
        self._mid, self._ts_ns = mid, ts_ns

    @property
    def bps_per_root_s(self) -> float:
        """0 until two quotes at different times were seen."""
        return math.sqrt(self._squares / self._seconds) * 1e4 if self._seconds else 0.0
