"""What stands beside a backtest's figures: other costs, baselines, intervals, months, regimes.

Invariant: each is computed on the same bars by the same rules.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from bot3.backtest.bars import Bars, Floats
from bot3.backtest.engine import BacktestSettings
from bot3.backtest.strategies import BarStrategy, BuyAndHold
from bot3.portfolio.statistics.intervals import growth, intervals
from bot3.regime.hamilton import HamiltonSettings
from bot3.regime.learning import LearningFilter

_REGIME_BARS_MAX: Final = 100_000
_LADDER: Final = ((0.0, 0), (1.0, 0), (2.0, 0), (1.0, 1))


def final_by_kernel(
    targets: Floats, bars: Bars, settings: BacktestSettings, times: float, later: int
) -> float:
    """Final equity at `times` the fees, filled so many bars `later`."""
    from bot3.backtest.kernels import all_or_nothing, decision_points

    points = decision_points(targets)
    orders = settings.filled_at(bars)[points] + later
    points, orders = points[orders < len(bars)], orders[orders < len(bars)]
    fee, slip = settings.fee * times, settings.slippage * times
    equity, _ = all_or_nothing(
        orders, targets[points], bars.open, bars.close, fee, slip, settings.cash
    )
    return float(equity[-1])


def cost_ladder(
    strategy: BarStrategy, every: Sequence[Bars], settings: BacktestSettings
) -> list[dict[str, Any]]:
    """Total returns at no, single and double costs, and a bar late."""
    cash = settings.cash * len(every)
    wanted = [np.asarray(strategy.targets(bars), dtype=np.float64) for bars in every]
    return [
        {
            "costs": times,
            "bars_late": later,
            "total_return": sum(
                final_by_kernel(targets, bars, settings, times, later)
                for targets, bars in zip(wanted, every, strict=True)
            )
            / cash
            - 1.0,
        }
        for times, later in _LADDER
    ]


def baselines(every: Sequence[Bars], settings: BacktestSettings) -> dict[str, float]:
    """Cash earns nothing; buying and holding pays its costs."""
    held = sum(
        final_by_kernel(BuyAndHold().targets(bars), bars, settings, 1.0, 0) for bars in every
    )
    return {"cash": 0.0, "buy_and_hold": held / (settings.cash * len(every)) - 1.0}


def growth_interval(daily_returns: Floats, seed: int = 1) -> list[float] | None:
    """95 % of log growth a day, by block bootstrap; None for too few days."""
    told = intervals(daily_returns, seed, {"growth": growth})
    return None if told is None else [told["growth"].low, told["growth"].high]


def by_month(times_ns: np.ndarray, equity: Floats) -> list[tuple[str, float]]:
    """Each month's return, from the last equity before it."""
    series = pd.Series(equity)
    months = pd.Series(pd.to_datetime(times_ns - 1, unit="ns", utc=True)).dt.strftime("%Y-%m")
    last = series.groupby(months.to_numpy()).last()
    before = last.shift(1, fill_value=float(series.iloc[0]))
    return [(str(month), float(value)) for month, value in (last / before - 1.0).items()]


def by_regime(bars: Bars, equity: Floats) -> list[tuple[str, int, float]]:
    """Bars in each state of volatility as an online filter told them then, and log growth in them.

    Empty where there are too many bars to filter.
    """
    if len(bars) > _REGIME_BARS_MAX:
        return []
    model, moves = LearningFilter(HamiltonSettings()), np.diff(np.log(bars.close))
    told = np.array([int(np.argmax(model.update(moved))) for moved in moves.tolist()])
    grown = np.diff(np.log(np.maximum(equity, 1e-12)))
    return [
        (name, int((told == state).sum()), float(grown[told == state].sum()))
        for state, name in enumerate(("calm", "volatile"))
    ]


def percent(value: float | None) -> str:
    """For tables."""
    return "-" if value is None or not math.isfinite(value) else f"{value:.2%}"
