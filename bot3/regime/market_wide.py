"""The regime of the market as a whole: that of the mean return of all its instruments.

Invariant: a bar counts once, when the next one begins, with what was heard of it until then.
"""

from __future__ import annotations

from math import isfinite
from statistics import fmean
from typing import NamedTuple

from bot3.domain.values import InstrumentId
from bot3.regime.detector import RegimeDetector, RegimeEstimate, RegimeSettings


class MarketEstimate(NamedTuple):
    """Of the bar that closed at `ts_ns`, over so many `instruments`."""

    ts_ns: int
    instruments: int
    estimate: RegimeEstimate


class MarketWideRegime:
    """Each instrument weighs the same: its log return and its trend strength, bar by bar."""

    __slots__ = ("_bar", "_detector", "_ts_ns")

    def __init__(self, settings: RegimeSettings | None = None) -> None:
        self._detector = RegimeDetector(settings)
        self._ts_ns = -1
        self._bar: dict[InstrumentId, tuple[float, float]] = {}

    def hear(
        self, instrument: InstrumentId, ts_ns: int, log_return: float, trend_strength: float
    ) -> MarketEstimate | None:
        """One instrument's bar; the estimate of the bar before, where this one begins the next.

        A bar that comes late, or is no number, counts for nothing.
        """
        if ts_ns < self._ts_ns or not (isfinite(log_return) and 0.0 <= trend_strength <= 100.0):
            return None
        found = self._close() if ts_ns > self._ts_ns else None
        self._ts_ns = ts_ns
        self._bar[instrument] = (log_return, trend_strength)
        return found

    def learn(self) -> list[str]:
        """As the detector's."""
        return self._detector.learn()

    def _close(self) -> MarketEstimate | None:
        bar, self._bar = self._bar, {}
        if not bar:
            return None
        log_return = fmean(moved for moved, _ in bar.values())
        strength = fmean(trend for _, trend in bar.values())
        return MarketEstimate(self._ts_ns, len(bar), self._detector.update(log_return, strength))
