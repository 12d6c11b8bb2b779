"""How instruments move together, and what a full book of them may lose.

Expected shortfall by filtered historical simulation (Barone-Adesi, Giannopoulos, Vosper 1999): the
worst returns in units of the volatility of their moment, times the volatility now.

Invariant: the shortfall of a book is at most that of its members added up, as if all fell together,
and grows with each volatility and each correlation.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from math import sqrt
from typing import Final, final

import numpy as np
from numpy.typing import NDArray

from bot3.domain.values import InstrumentId
from bot3.risk.adaptive.rows import AlignedRows

# Correlations rise when everything falls: of the distance to one, so much is taken for granted.
STRESS: Final = 0.25
TAIL: Final = 0.025
# Of a normal distribution at that tail; no sample makes a tail look thinner.
NORMAL_TAIL: Final = 2.338
_KEPT: Final = 2_000
_REFRESH_ROWS: Final = 50
Floats = NDArray[np.float64]


@final
class Comovement:
    """Correlations of standardized returns, and their common tail."""

    __slots__ = ("_cross", "_decay", "_rows", "_seen", "_since", "_tail", "_worst", "columns")

    def __init__(self, instruments: Sequence[InstrumentId], memory_bars: int) -> None:
        self._rows = AlignedRows(instruments)
        self.columns = self._rows.columns
        count = len(self.columns)
        self._decay = 1.0 / memory_bars
        self._cross: Floats = np.eye(count)
        self._seen: Floats = np.zeros((count, count))
        self._worst: deque[float] = deque(maxlen=_KEPT)
        self._tail, self._since = NORMAL_TAIL, 0

    @property
    def tail(self) -> float:
        """The expected shortfall of one instrument, in deviations."""
        return self._tail

    def update(self, instrument: InstrumentId, ts_ns: int, standardized: float) -> None:
        """A return in deviations of its moment."""
        self._worst.append(standardized)
        self._since += 1
        if self._since >= _REFRESH_ROWS:
            self._since, self._tail = 0, self._measured_tail()
        row = self._rows.put(instrument, ts_ns, standardized)
        if row is not None:
            self._take(row)

    def _take(self, row: Floats) -> None:
        present = np.isfinite(row)
        both = present[:, None] & present
        clipped = np.minimum(np.maximum(np.where(present, row, 0.0), -6.0), 6.0)
        self._seen += both
        weight = np.where(both, np.maximum(self._decay, 1.0 / np.maximum(self._seen, 1.0)), 0.0)
        self._cross += weight * (clipped[:, None] * clipped - self._cross)

    def _measured_tail(self) -> float:
        values = np.array(self._worst)
        worst = int((len(values) - 1) * TAIL) + 1
        return max(NORMAL_TAIL, float(-np.mean(np.partition(values, worst - 1)[:worst])))

    def correlations(self) -> Floats:
        """Between -1 and 1, ones on the diagonal, `STRESS` nearer to one than they were."""
        scale = np.sqrt(np.maximum(np.diag(self._cross), 1e-12))
        measured = np.clip(self._cross / np.outer(scale, scale), -1.0, 1.0)
        # Before two instruments were seen together a while, they are taken to be the same.
        known = np.where(self._seen >= 1.0 / self._decay / 4.0, measured, 1.0)
        stressed = known + (1.0 - known) * STRESS
        np.fill_diagonal(stressed, 1.0)
        return np.asarray(stressed)

    def shortfall(self, exposures: Floats, volatilities: Floats) -> float:
        """Of a bar: shares of equity, and deviations of a bar, in the order of `columns`."""
        risks = exposures * volatilities
        variance = float(risks @ self.correlations() @ risks)
        return self._tail * sqrt(max(variance, 0.0))
