"""Bars, or trades, as a file has them, sound or not: for those who say themselves what is wrong.

A trade is a bar of no duration, with one price.

Invariant: every row of the file is a row here, in the file's order; what cannot be read as a number
is NaN, a time that cannot be read is refused with its row. How many rows are read at a time does
not show.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from adapters.simulated.bar_file import TIMES, symbol_of, times_of, unit_of
from adapters.simulated.table_chunks import table_chunks
from bot3.domain.bars import Bars
from bot3.domain.errors import DataError

CHUNK_ROWS: Final = 1 << 16
_COLUMNS: Final = ("open", "high", "low", "close", "volume")
_AMOUNTS: Final = ("amount", "size", "quantity", "qty", "volume")


def raw_chunks(path: Path, rows: int = CHUNK_ROWS) -> Iterator[Bars]:
    """Of CSV, Parquet or Feather; raises `DataError` with what to do. Without a symbol in the file
    or its name, it is the name. `interval_ns` is not known yet.
    """
    if not path.is_file():
        raise DataError(f"{path}: no such file")
    symbol, unit, count = "", None, 0
    for part in table_chunks(path, rows):
        if not len(part) and count:
            continue
        is_trades = "price" in part.columns and "close" not in part.columns
        frame = _as_bars(part) if is_trades else part
        times = frame[_time_name(path, frame)]
        open_ns = times_of(path, times, count)
        unit = _one_unit(path, times, unit, count)
        values: dict[str, Any] = {
            name: np.asarray(pd.to_numeric(frame[name], errors="coerce"), dtype=np.float64)
            for name in _COLUMNS
        }
        if not symbol:
            symbol = str((symbol_of(path, frame) if len(frame) else None) or path.stem)
        yield Bars(symbol, open_ns, **values, is_trades=is_trades)
        count += len(part)


def _time_name(path: Path, frame: pd.DataFrame) -> str:
    time_name = next((name for name in TIMES if name in frame.columns), None)
    if time_name is None or any(name not in frame.columns for name in _COLUMNS):
        wanted = ", ".join((" or ".join(TIMES), *_COLUMNS))
        raise DataError(
            f"{path}: it has {', '.join(frame.columns)}; wanted are {wanted}, or of trades a time,"
            " price and amount"
        )
    return time_name


def _one_unit(path: Path, times: pd.Series[Any], unit: int | None, count: int) -> int | None:
    """That of numbers; the parts of a file are in one."""
    if not pd.api.types.is_numeric_dtype(times) or not len(times):
        return unit
    found = {unit_of(float(each)) for each in (times.min(), times.max())}
    found |= set() if unit is None else {unit}
    if len(found) > 1:
        raise DataError(
            f"{path}: rows {count + 1} and on: times are in different units (seconds, milliseconds,"
            " …); write them in one"
        )
    return found.pop()


def _as_bars(frame: pd.DataFrame) -> pd.DataFrame:
    amount = next((name for name in _AMOUNTS if name in frame.columns), None)
    if amount is None:
        return frame
    prices = dict.fromkeys(_COLUMNS[:-1], frame["price"])
    return frame.assign(**prices, volume=frame[amount])
