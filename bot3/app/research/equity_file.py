"""Equity, returns or trades from a file of any tool: the columns say which.

Invariant: what is not understood is refused with the columns that would be; nothing is guessed from
a column's content but the unit of a time in numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from bot3.domain.errors import DataError
from bot3.portfolio.drawdown import DAY_NS
from bot3.portfolio.statistics.daily import Floats

if TYPE_CHECKING:
    import pandas as pd

TIMES: Final = ("time", "timestamp", "date", "datetime", "ts", "ts_ns", "day")
EQUITY: Final = ("equity", "value", "balance", "nav", "wealth", "close")
RETURNS: Final = ("return", "returns", "ret")
PROFITS: Final = ("profit", "pnl", "profit_abs", "realized")
INVESTED: Final = ("invested", "position_value", "exposure")
TRADED: Final = ("traded", "turnover", "notional")
# A time in numbers is in the unit that puts it between the years 1973 and 2200.
_UNITS: Final = ((10**8, 10**9), (10**11, 10**6), (10**14, 10**3), (10**17, 1))


@frozen(eq=False)
class EquityRows:
    """`times_ns` and `equity`, a row each; `invested` and `traded` in the same unit, where told."""

    times_ns: NDArray[np.int64]
    equity: Floats
    invested: Floats | None = None
    traded: Floats | None = None


@frozen(eq=False)
class TradeRows:
    """Profits in the order of the file."""

    profits: Floats


def read_file(path: Path) -> EquityRows | TradeRows:
    """Raises `DataError` with the place and what to do."""
    frame = read_table(path)
    if (column := _named(frame, EQUITY)) is not None:
        return _rows(path, frame, _numbers(path, frame, column))
    if (column := _named(frame, RETURNS)) is not None:
        grown = np.cumprod(1.0 + _numbers(path, frame, column))
        return _rows(path, frame, np.asarray(grown), starts_at_one=True)
    if (column := _named(frame, PROFITS)) is not None:
        return TradeRows(_numbers(path, frame, column))
    raise DataError(
        f"{path}: columns {', '.join(map(str, frame.columns))}: want one of equity"
        f" ({', '.join(EQUITY)}), of returns ({', '.join(RETURNS)}), or of trades"
        f" ({', '.join(PROFITS)})"
    )


def read_table(path: Path) -> pd.DataFrame:
    """CSV, JSON, Parquet or Feather, by its ending; column names in small letters."""
    import pandas as pd

    readers: dict[str, Callable[[Path], Any]] = {
        ".parquet": pd.read_parquet,
        ".feather": pd.read_feather,
        ".json": pd.read_json,
        ".jsonl": lambda where: pd.read_json(where, lines=True),
    }
    try:
        frame: pd.DataFrame = readers.get(path.suffix.lower(), pd.read_csv)(path)
        if len(frame.columns) == 1 and _is_number(frame.columns[0]):
            frame = pd.read_csv(path, header=None, names=["equity"])
    except FileNotFoundError:
        raise DataError(f"{path}: no such file") from None
    except (ValueError, OSError) as error:
        first = str(error).splitlines()[0]
        raise DataError(f"{path}: cannot be read as a table: {first}") from None
    frame.columns = frame.columns.map(lambda name: str(name).strip().lower())
    if frame.empty:
        raise DataError(f"{path}: no rows")
    return frame


def _is_number(text: object) -> bool:
    try:
        float(str(text))
    except ValueError:
        return False
    return True


def _named(frame: pd.DataFrame, names: tuple[str, ...]) -> str | None:
    return next((name for name in names if name in frame.columns), None)


def _numbers(path: Path, frame: pd.DataFrame, column: str) -> Floats:
    import pandas as pd

    values = pd.to_numeric(frame[column], errors="coerce").to_numpy(dtype=np.float64)
    bad = np.flatnonzero(~np.isfinite(values))
    if len(bad):
        found = frame[column].iloc[bad[0]]
        told = repr(found) if isinstance(found, str) else str(found)
        raise DataError(
            f"{path}: row {bad[0] + 1}: {column} {told} is not a number; mend or remove the row"
        )
    return values


def _rows(
    path: Path, frame: pd.DataFrame, equity: Floats, *, starts_at_one: bool = False
) -> EquityRows:
    times_ns = _times(path, frame, len(equity))
    if starts_at_one:  # the first return needs a day before it
        equity = np.append(1.0, equity)
        times_ns = np.append(times_ns[0] - DAY_NS, times_ns)
    invested, traded = (
        None if column is None or starts_at_one else _numbers(path, frame, column)
        for column in (_named(frame, INVESTED), _named(frame, TRADED))
    )
    return EquityRows(times_ns, equity, invested, traded)


def _times(path: Path, frame: pd.DataFrame, rows: int) -> NDArray[np.int64]:
    """Without a column of times a row is a day."""
    import pandas as pd

    column = _named(frame, TIMES)
    if column is None:
        return np.arange(rows, dtype=np.int64) * DAY_NS
    given = frame[column]
    if pd.api.types.is_numeric_dtype(given):
        return _scaled(path, column, _numbers(path, frame, column))
    times = pd.to_datetime(given, utc=True, errors="coerce", format="ISO8601")
    bad = np.flatnonzero(times.isna().to_numpy())
    if len(bad):
        raise DataError(
            f"{path}: row {bad[0] + 1}: {column} {given.iloc[bad[0]]!r} is not a time; want"
            " 2026-01-31, 2026-01-31T12:00:00Z, or a number of seconds to nanoseconds since 1970"
        )
    return np.asarray(times.dt.as_unit("ns").astype("int64"), dtype=np.int64)


def _scaled(path: Path, column: str, values: Floats) -> NDArray[np.int64]:
    for least, factor in reversed(_UNITS):
        if values[0] >= least:
            return np.asarray(values, dtype=np.int64) * factor
    raise DataError(f"{path}: {column} {values[0]:g}: no time since 1970 in s, ms, µs or ns")
