"""A file of returns: bars, or a CSV with one column `value`.

Invariant: every value is a finite number, one a row; a file that has another one is refused with
the row's number.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from attrs import frozen

from adapters.simulated.bar_file import read_bars
from adapters.simulated.recorded_bytes import chunks_of
from bot3.domain.errors import DataError
from bot3.domain.values import Symbol
from bot3.market.columns import directedness
from bot3.market.rolling import Column

_HEADER = "value"
_ANY_SYMBOL = Symbol("ANY/ANY")  # what the bars are of does not matter here
_ROWS_MIN = 2


@frozen(eq=False)
class Series:
    """`returns` and `trend_strengths` (ADX, 0 until warm) a row; a first bar's return is NaN."""

    returns: Column
    trend_strengths: Column


def read_series(path: Path) -> Series:
    """Raises `DataError` with the place and what to do."""
    head = next(iter(chunks_of(path)), b"")[:64].lstrip(b"\xef\xbb\xbf").splitlines()
    if head and head[0].strip().strip(b'"').lower() == _HEADER.encode():
        return _of_values(_values(path))
    bars = read_bars(path, _ANY_SYMBOL)
    returns = np.full(len(bars), math.nan)
    returns[1:] = np.diff(np.log(bars.close))
    frame = {"high": bars.high, "low": bars.low, "close": bars.close}
    return Series(returns, np.nan_to_num(directedness(frame)))


def _of_values(values: Column) -> Series:
    # ADX knows differences only: of the values' running sum, whatever their size.
    scale = float(np.std(values)) or 1.0
    path = np.cumsum(values / scale)
    frame = {"high": path, "low": path, "close": path}
    return Series(values, np.nan_to_num(directedness(frame)))


def _values(path: Path) -> Column:
    text = b"".join(chunks_of(path)).decode("utf-8-sig", errors="replace")
    rows = [line.strip() for line in text.splitlines()[1:]]
    while rows and not rows[-1]:
        rows.pop()
    if len(rows) < _ROWS_MIN:
        raise DataError(f"{path}: {len(rows)} values; at least {_ROWS_MIN} are needed")
    values = [_number(path, number, row) for number, row in enumerate(rows, start=1)]
    return np.array(values)


def _number(path: Path, row: int, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise DataError(f"{path}: row {row}: {text!r} is not a number; mend or remove the row")
    return value
