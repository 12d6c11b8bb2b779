"""Recorded bars: a CSV, parquet or feather file of open, high, low, close and volume.

Invariant: a `BarFile` holds only bars that can be replayed: times rise, prices are positive.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from attrs import frozen

from adapters.simulated.recorded_bytes import chunks_of
from adapters.simulated.symbols import split_symbol, symbol_in_name
from bot3.domain.errors import DataError
from bot3.domain.values import Symbol

if TYPE_CHECKING:
    import pandas as pd

BAR_SUFFIXES = frozenset({".csv", ".parquet", ".feather"})
TIMES = ("ts", "timestamp", "date", "time", "open_time")
_PRICES = ("open", "high", "low", "close")
_DECIMALS_MAX = 8
_SAMPLE = 20_000
# largest time, in each unit, before the year 2200, and nanoseconds per unit
_UNITS = ((7.3e9, 1_000_000_000), (7.3e12, 1_000_000), (7.3e15, 1_000), (7.3e18, 1))

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@frozen(eq=False)
class BarFile:
    """Columns of equal length, oldest first; `open_ns` in nanoseconds UTC."""

    name: str
    symbol: Symbol
    open_ns: Ints
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    interval_ns: int

    def __len__(self) -> int:
        return len(self.open)

    @property
    def gaps(self) -> int:
        """Where at least one bar is missing; a replay passes over them."""
        return int(np.count_nonzero(np.diff(self.open_ns) > self.interval_ns))

    @property
    def price_decimals(self) -> int:
        """How many decimals the prices have, eight at most."""
        return max(_decimals(self.open), _decimals(self.high), _decimals(self.low))

    @property
    def amount_decimals(self) -> int:
        """How many decimals the volumes have, eight at most."""
        return _decimals(self.volume)


def read_bars(path: Path, symbol: Symbol | None = None) -> BarFile:
    """Reads and checks everything; raises `DataError` with the place and what to do."""
    frame = read_frame(path)
    frame.columns = [str(name).strip().lower() for name in frame.columns]
    time_name = next((name for name in TIMES if name in frame.columns), None)
    wanted = (*_PRICES, "volume")
    missing = [name for name in wanted if name not in frame.columns]
    if time_name is None:
        missing.insert(0, " or ".join(TIMES))
    if time_name is None or missing:
        raise DataError(
            f"{path}: column {missing[0]} is missing; it has {', '.join(frame.columns)}; "
            f"wanted are ts, {', '.join(wanted)}"
        )
    if len(frame) < 2:
        raise DataError(f"{path}: {len(frame)} bars; at least 2 are needed")
    values = {name: _numbers(path, frame, name) for name in wanted}
    open_ns = times_of(path, frame[time_name])
    _check_values(path, values, open_ns)
    found = symbol or symbol_of(path, frame)
    if found is None:
        raise DataError(
            f"{path}: cannot tell its instrument; name the file like BTC_USDT-1m.csv, "
            "or give the symbol"
        )
    interval_ns = int(np.median(np.diff(open_ns)))
    return BarFile(path.name, found, open_ns, interval_ns=interval_ns, **values)


def kind_of(path: Path) -> str:
    """Its suffix before that of a compression."""
    suffixes = [suffix for suffix in path.suffixes if suffix not in {".gz", ".zst"}]
    return suffixes[-1] if suffixes else ""


def read_frame(path: Path) -> pd.DataFrame:
    """As it is; raises `DataError` for a file that is cut or of another kind."""
    kind = kind_of(path)
    content = io.BytesIO(b"".join(chunks_of(path)))
    if not content.getbuffer().nbytes:
        raise DataError(f"{path}: the file is empty; record or download it again")
    import pandas as pd  # half a second, which a market without a file does without

    try:
        if kind == ".parquet":
            return pd.read_parquet(content)
        if kind == ".feather":
            return pd.read_feather(content)
        return pd.read_csv(content)
    except (ValueError, OSError, EOFError) as error:
        raise not_whole(path, error) from error


def not_whole(path: Path, error: Exception) -> DataError:
    """For a file that its reader cannot make out."""
    reason = str(error).splitlines()[0]
    return DataError(
        f"{path}: not a whole {kind_of(path).removeprefix('.')} file ({reason}); "
        "it was cut or is of another kind: copy or download it again"
    )


def _numbers(path: Path, frame: pd.DataFrame, name: str) -> Floats:
    import pandas as pd

    column: Any = pd.to_numeric(frame[name], errors="coerce")
    values = np.asarray(column, dtype=np.float64)
    _refuse(path, ~np.isfinite(values), f"{name} is missing or not a number")
    if name == "volume":
        _refuse(path, values < 0, "volume is negative")
    else:
        _refuse(path, values <= 0, f"{name} is not positive")
    return values


def unit_of(number: float) -> int:
    """Nanoseconds of the unit in which a number is a time of our days."""
    return next((ns for limit, ns in _UNITS if number < limit), 1)


def times_of(path: Path, column: pd.Series[Any], before: int = 0) -> Ints:
    """Nanoseconds UTC of ISO 8601 or of numbers in any unit; raises `DataError` with the row, of
    which so many came `before`.
    """
    import pandas as pd

    if pd.api.types.is_numeric_dtype(column):
        raw = np.asarray(column, dtype=np.float64)
        is_bad = ~np.isfinite(raw) | (raw <= 0)
        _refuse(path, is_bad, "the time is missing or not positive", before)
        return np.asarray(column, dtype=np.int64) * unit_of(raw.max(initial=0.0))
    times: Any = pd.to_datetime(column, utc=True, errors="coerce", format="ISO8601")
    is_bad = np.asarray(times.isna())
    _refuse(path, is_bad, "the time cannot be read: want ISO 8601 or a number", before)
    return np.asarray(times.dt.as_unit("ns").astype(np.int64), dtype=np.int64)


def _check_values(path: Path, values: dict[str, Floats], open_ns: Ints) -> None:
    _refuse(path, values["high"] < values["low"], "high is below low")
    is_late = np.concatenate(([False], np.diff(open_ns) <= 0))
    _refuse(path, is_late, "its time is not after the bar before it: sort the file, drop doubles")


def _refuse(path: Path, is_bad: npt.NDArray[np.bool_], problem: str, before: int = 0) -> None:
    if is_bad.any():
        row = before + int(np.argmax(is_bad)) + 1
        raise DataError(f"{path}: row {row}: {problem}; mend or remove the row")


def symbol_of(path: Path, frame: pd.DataFrame) -> Symbol | None:
    """Of a column, or of the file's name; None where neither tells."""
    if "symbol" in frame.columns:
        return split_symbol(str(frame["symbol"].iloc[0]))
    return symbol_in_name(path.stem)


def _decimals(values: Floats) -> int:
    sample = values[:_SAMPLE]
    for decimals in range(_DECIMALS_MAX):
        if np.allclose(np.round(sample, decimals), sample, rtol=0, atol=1e-9):
            return decimals
    return _DECIMALS_MAX
