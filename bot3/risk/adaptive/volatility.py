"""How much an instrument moves: the larger of an average of the past and a forecast.

Invariant: an answer is positive and finite, or None while too little was seen.
"""

from __future__ import annotations

from math import sqrt
from typing import Final, final

from bot3.risk.adaptive.garch import Garch, GarchParameters

_BARS_MIN: Final = 30
_HORIZON_BARS: Final = 60  # positions live about so long: one bar's variance alone is noise


@final
class Volatility:
    """Of log returns a bar. The average's memory is `memory_bars` (RiskMetrics 1996, by length)."""

    __slots__ = ("_bars", "_decay", "_ewma", "_garch", "latest")

    def __init__(self, memory_bars: int) -> None:
        self._decay = 1.0 / memory_bars
        self._bars = 0
        self._ewma = 0.0
        self._garch: Garch | None = None
        self.latest: float | None = None

    def update(self, log_return: float) -> None:
        """Another bar; the caller sees to it that it is finite."""
        self._bars += 1
        weight = max(self._decay, 1.0 / self._bars)  # the plain mean until the memory is full
        self._ewma += weight * (log_return * log_return - self._ewma)
        if self._garch is not None:
            self._garch.update(log_return)
        self.latest = self._measure()

    def fit(self, parameters: GarchParameters) -> None:
        """From now on the forecast counts, too; it starts from the average."""
        self._garch = Garch(parameters, self._ewma or None)
        self.latest = self._measure()

    def _measure(self) -> float | None:
        if self._bars < _BARS_MIN:
            return None
        ahead = 0.0 if self._garch is None else self._garch.forecast(_HORIZON_BARS)
        variance = max(self._ewma, ahead)
        return sqrt(variance) if variance > 0.0 else None
