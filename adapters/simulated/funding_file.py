"""Funding rates of a perpetual from a file: a time and a rate a row.

Invariant: every row counts; one that cannot be read is refused.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from adapters.simulated.bar_file import TIMES, times_of
from adapters.simulated.table_chunks import table_chunks
from bot3.domain.bars import Floats, Ints
from bot3.domain.errors import DataError

_TIMES: Final = (*TIMES, "funding_time", "fundingtime", "calc_time")
_RATES: Final = ("rate", "funding_rate", "fundingrate", "last_funding_rate")
_ROWS_MAX: Final = 1 << 20


def read_funding(path: Path) -> tuple[Ints, Floats]:
    """Times in nanoseconds UTC and rates (.0001 is a basis point), as the venues' dumps have them;
    raises `DataError`.
    """
    if not path.is_file():
        raise DataError(f"{path}: no such file")
    frame = pd.concat(list(table_chunks(path, _ROWS_MAX)), ignore_index=True)
    time_name = next((name for name in _TIMES if name in frame.columns), None)
    rate_name = next((name for name in _RATES if name in frame.columns), None)
    if time_name is None or rate_name is None:
        raise DataError(f"{path}: it has {', '.join(frame.columns)}; wanted are timestamp, rate")
    rates: Any = pd.to_numeric(frame[rate_name], errors="coerce")
    return times_of(path, frame[time_name]), np.asarray(rates, dtype=np.float64)
