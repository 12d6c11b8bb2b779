"""Values of several instruments at one moment, as one row.

Invariant: a row holds values of one moment only; an instrument that said nothing then has NaN.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

import numpy as np
from numpy.typing import NDArray

from bot3.domain.values import InstrumentId

Floats = NDArray[np.float64]


@final
class AlignedRows:
    """Columns in the order of `instruments`. A row is complete when a later moment begins."""

    __slots__ = ("_row", "_ts_ns", "columns")

    def __init__(self, instruments: Sequence[InstrumentId]) -> None:
        self.columns = {key: column for column, key in enumerate(instruments)}
        self._row: Floats = np.full(len(self.columns), np.nan)
        self._ts_ns = 0

    def put(self, instrument: InstrumentId, ts_ns: int, value: float) -> Floats | None:
        """The row before, where this value begins another; a value that comes late is left out."""
        if ts_ns < self._ts_ns:
            return None
        complete = None
        if ts_ns > self._ts_ns:
            complete = self._row if self._ts_ns else None
            self._row, self._ts_ns = np.full(len(self.columns), np.nan), ts_ns
        self._row[self.columns[instrument]] = value
        return complete
