"""Columns of features over recorded bars, as the live system computes them, and what bars earned.

Invariant: a row's features depend on bars up to its close; its return begins at the next open.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, Protocol

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from bot3.domain.bars import Bars, Floats
from bot3.domain.errors import DataError
from bot3.market.features import FEATURES
from bot3.regime.hamilton import HamiltonSettings
from bot3.strategies.genome import NAMES, REGIME

_NS_PER_S: Final = 1_000_000_000
_PART_ROWS: Final = 1 << 16


@frozen(eq=False)
class FeatureTable:
    """One instrument: `columns` of single precision, shape (features, rows), in the order of
    `NAMES`; `returns`, shape (rows,): log return from the open after a row's close to the next one.

    The last row's return is zero, and that before it ends at the last close.
    """

    bars: Bars
    columns: NDArray[np.float32]
    returns: Floats
    warm: int

    def __len__(self) -> int:
        return len(self.returns)


class Keep(Protocol):
    """An array of rows that are made one by one, wherever it is kept."""

    def __call__(
        self, shape: tuple[int, ...], dtype: str, rows: Iterable[NDArray[Any]], /
    ) -> NDArray[Any]: ...


def in_memory(shape: tuple[int, ...], dtype: str, rows: Iterable[NDArray[Any]]) -> NDArray[Any]:
    """What is kept nowhere else."""
    kept = np.empty(shape, dtype=dtype)
    for place, row in zip(kept.reshape(-1, shape[-1]), rows, strict=True):
        place[:] = row
    return kept


def table_of(bars: Bars, keep: Keep = in_memory) -> FeatureTable:
    """Raises `DataError` where there are fewer bars than the features need."""
    made = {feature.name: feature for feature in FEATURES if feature.name in NAMES}
    warm = max(feature.warm_up_bars for feature in made.values())
    if len(bars) <= warm + 1:
        raise DataError(f"{bars.symbol}: {len(bars)} bars; the features need more than {warm + 1}")
    named = {
        "open": bars.open, "high": bars.high, "low": bars.low, "close": bars.close,
        "volume": bars.volume, "open_ns": bars.open_ns,
        "interval_s": np.broadcast_to(np.int64(bars.interval_ns // _NS_PER_S), len(bars)),
    }  # fmt: skip
    rows = (_volatile(bars) if name == REGIME else made[name].column(named) for name in NAMES)
    columns = keep((len(NAMES), len(bars)), "float32", rows)
    returns = keep((len(bars),), "float64", [returns_of(bars)])
    return FeatureTable(bars, columns, returns, warm)


def returns_of(bars: Bars) -> Floats:
    """The log return of each bar's decision, shape (bars,), as `FeatureTable` has it."""
    after = np.append(np.log(bars.open[1:]), np.log(bars.close[-1]))
    return np.append(np.diff(after), 0.0)


def _volatile(bars: Bars) -> Floats:
    """P(the wildest state) at each close, by the filter of the live system."""
    from bot3.backtest.regime_kernel import ColumnarRegimes

    model, moved = ColumnarRegimes(HamiltonSettings()), np.diff(np.log(bars.close))
    wild = np.empty(len(bars))
    wild[0] = 0.5
    for begin in range(0, len(moved), _PART_ROWS):
        part = moved[begin : begin + _PART_ROWS]
        wild[begin + 1 : begin + 1 + len(part)] = model.take(part)[:, -1]
    return wild
