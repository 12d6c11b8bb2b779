"""Equity by UTC day: what every statistic of returns is computed from.

Invariant: one value a day, without gaps, each the last equity that was seen up to that day's end.
Ratios on finer returns are not comparable (they are correlated within the day), so none are given.
"""

from __future__ import annotations

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from bot3.domain.errors import DataError
from bot3.portfolio.drawdown import DAY_NS

Floats = NDArray[np.float64]


@frozen(eq=False)
class DailyEquity:
    """`equity` at the end of each day from `first_day` (days since 1970) on; `missing` days had no
    row of their own and keep the equity before them. `opened` is the very first equity.
    """

    first_day: int
    equity: Floats
    opened: float
    missing: int

    @property
    def returns(self) -> Floats:
        """Simple returns of whole days: shape (days - 1,). The first day has no close before it."""
        return np.asarray(self.equity[1:] / self.equity[:-1] - 1.0)

    @property
    def total_return(self) -> float:
        """From the first equity to the last."""
        return float(self.equity[-1] / self.opened - 1.0)


def daily_equity(times_ns: NDArray[np.int64], equity: Floats) -> DailyEquity:
    """Of rows by rising time. Raises `DataError` for rows that say nothing or go back in time."""
    if not len(equity):
        raise DataError("no equity: at least one row is needed")
    bad = np.flatnonzero(~(np.isfinite(equity) & (equity > 0)))
    if len(bad):
        raise DataError(f"row {bad[0] + 1}: equity {equity[bad[0]]} is not a number above zero")
    back = np.flatnonzero(np.diff(times_ns) < 0)
    if len(back):
        raise DataError(f"row {back[0] + 2}: its time is before that of the row above; sort them")
    days = times_ns // DAY_NS
    last = np.append(np.flatnonzero(np.diff(days)), len(days) - 1)
    seen, first = days[last], int(days[0])
    rows = np.searchsorted(seen, np.arange(first, int(days[-1]) + 1), side="right") - 1
    filled = equity[last][rows]
    return DailyEquity(first, filled, float(equity[0]), len(filled) - len(seen))
