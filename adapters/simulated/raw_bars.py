"""Bars, or trades, as a file has them, sound or not: for those who say themselves what is wrong.

A trade is a bar of no duration, with one price.

Invariant: every row of the file is a row here; what cannot be read as a number is NaN, a time that
cannot be read is refused with its row.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from attrs import frozen

from adapters.simulated.bar_file import TIMES, Floats, Ints, read_frame, symbol_of, times_of
from bot3.domain.errors import DataError

_COLUMNS: Final = ("open", "high", "low", "close", "volume")
# A dump of Binance's klines has no header: open time, open, high, low, close, volume, and six more.
_AMOUNTS: Final = ("amount", "size", "quantity", "qty", "volume")
_KLINE: Final = ("open_time", *_COLUMNS)


@frozen(eq=False)
class RawBars:
    """Columns of equal length, in the file's order."""

    symbol: str
    open_ns: Ints
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    is_trades: bool = False


def read_raw_bars(path: Path, symbol: str | None = None) -> RawBars:
    """CSV, Parquet or Feather; raises `DataError` with what to do. Without a symbol in the file or
    its name, it is the name.
    """
    if not path.is_file():
        raise DataError(f"{path}: no such file")
    frame = _named(read_frame(path))
    time_name = next((name for name in TIMES if name in frame.columns), None)
    is_trades = "price" in frame.columns and "close" not in frame.columns
    frame = _as_bars(frame) if is_trades else frame
    missing = [name for name in _COLUMNS if name not in frame.columns]
    if time_name is None or missing:
        wanted = ", ".join((" or ".join(TIMES), *_COLUMNS))
        raise DataError(
            f"{path}: it has {', '.join(frame.columns)}; wanted are {wanted}, or of trades a time,"
            " price and amount"
        )
    values: dict[str, Any] = {
        name: np.asarray(pd.to_numeric(frame[name], errors="coerce"), dtype=np.float64)
        for name in _COLUMNS
    }
    found = symbol or symbol_of(path, frame) or path.stem
    return RawBars(str(found), times_of(path, frame[time_name]), **values, is_trades=is_trades)


def _as_bars(frame: pd.DataFrame) -> pd.DataFrame:
    amount = next((name for name in _AMOUNTS if name in frame.columns), None)
    if amount is None:
        return frame
    prices = dict.fromkeys(_COLUMNS[:-1], frame["price"])
    return frame.assign(**prices, volume=frame[amount])


def _named(frame: pd.DataFrame) -> pd.DataFrame:
    names = [str(name).strip().lower() for name in frame.columns]
    if len(names) >= len(_KLINE) and all(_is_number(name) for name in names[: len(_KLINE)]):
        first = pd.DataFrame([[float(name) for name in names[: len(_KLINE)]]], columns=[*_KLINE])
        rest = frame.iloc[:, : len(_KLINE)].set_axis([*_KLINE], axis=1)
        return pd.concat([first, rest], ignore_index=True)
    return frame.set_axis(names, axis=1)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
