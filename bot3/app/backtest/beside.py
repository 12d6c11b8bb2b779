"""What stands beside a backtest's figures: intervals and months.

Invariant: each is computed on the same days by the same rules.
"""

from __future__ import annotations

import math

import pandas as pd

from bot3.domain.bars import Floats, Ints
from bot3.portfolio.statistics.intervals import growth, intervals


def growth_interval(daily_returns: Floats, seed: int = 1) -> list[float] | None:
    """95 % of log growth a day, by block bootstrap; None for too few days."""
    told = intervals(daily_returns, seed, {"growth": growth})
    return None if told is None else [told["growth"].low, told["growth"].high]


def by_month(times_ns: Ints, equity: Floats) -> list[tuple[str, float]]:
    """Each month's return, from the last equity before it, of rows that have the first of all and
    the last of each month; a time is the end of what it ends.
    """
    series = pd.Series(equity)
    months = pd.Series(pd.to_datetime(times_ns - 1, unit="ns", utc=True)).dt.strftime("%Y-%m")
    last = series.groupby(months.to_numpy()).last()
    before = last.shift(1, fill_value=float(series.iloc[0]))
    return [(str(month), float(value)) for month, value in (last / before - 1.0).items()]


def percent(value: float | None) -> str:
    """For tables."""
    return "-" if value is None or not math.isfinite(value) else f"{value:.2%}"
