"""Statistics of daily returns, annualized by 365: these markets have no weekend.

Invariant: a figure that its data cannot give is None, never zero or infinite; nothing is annualized
from less than `ANNUALIZED_FROM_DAYS` days. Definitions are those of empyrical (a test compares),
which avoids two traps of others: a Calmar ratio by 252 days and a tail mean that assumes a normal
distribution.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from attrs import frozen

from bot3.portfolio.statistics.daily import Floats

DAYS_PER_YEAR: Final = 365.0
ANNUALIZED_FROM_DAYS: Final = 90
TAIL: Final = 0.05
_NOISE: Final = 1e-15  # a spread of returns below this is rounding


@frozen(kw_only=True)
class ReturnStatistics:
    """Of `days` daily returns. Falls and losses are negative numbers; drawdown days count from the
    peak to the day it was reached again, or to the end. `skew` and `kurtosis` are of the population
    (a normal distribution has 0 and 3).
    """

    days: int
    mean: float | None
    volatility: float | None
    sharpe_daily: float | None
    skew: float | None
    kurtosis: float | None
    value_at_risk: float | None
    expected_shortfall: float | None
    max_drawdown: float
    max_drawdown_days: int
    is_annualized: bool
    annual_return: float | None
    annual_volatility: float | None
    sharpe: float | None
    sortino: float | None
    calmar: float | None


def wealth_of(returns: Floats) -> Floats:
    """What one unit becomes: shape (days + 1,), the start included."""
    return np.concatenate(([1.0], np.cumprod(1.0 + returns)))


def drawdowns(wealth: Floats) -> Floats:
    """The fall from the highest so far, 0 or negative, a value a row."""
    return np.asarray(wealth / np.maximum.accumulate(wealth) - 1.0)


def longest_drawdown(wealth: Floats) -> int:
    """The most rows from a peak until it was reached again, or to the end."""
    at_peak = np.flatnonzero(wealth >= np.maximum.accumulate(wealth))
    return int(np.max(np.diff(np.append(at_peak, len(wealth) - 1)), initial=0))


def expected_shortfall(returns: Floats, tail: float = TAIL) -> float | None:
    """The mean of the worst `tail` of the returns themselves (at least one); None without any."""
    if not len(returns):
        return None
    worst = int((len(returns) - 1) * tail) + 1
    return float(np.mean(np.partition(returns, worst - 1)[:worst]))


def sharpe_of(returns: Floats) -> float | None:
    """Mean over sample deviation, of a day; None where the returns do not vary."""
    if len(returns) < 2:
        return None
    deviation = float(np.std(returns, ddof=1))
    return None if deviation < _NOISE else float(np.mean(returns)) / deviation


def moments(returns: Floats) -> tuple[float, float] | None:
    """Skewness and kurtosis (not excess) of the population; None where the returns do not vary."""
    if len(returns) < 2 or float(np.std(returns)) < _NOISE:
        return None
    z = (returns - np.mean(returns)) / np.std(returns)
    return float(np.mean(z**3)), float(np.mean(z**4))


def statistics_of(returns: Floats) -> ReturnStatistics:
    """Of daily simple returns, shape (days,)."""
    days, wealth = len(returns), wealth_of(returns)
    deepest = float(np.min(drawdowns(wealth)))
    sharpe, shape = sharpe_of(returns), moments(returns)
    is_annualized = days >= ANNUALIZED_FROM_DAYS
    grown = float(wealth[-1] ** (DAYS_PER_YEAR / days) - 1.0) if is_annualized else None
    volatility = float(np.std(returns, ddof=1)) if days > 1 else None
    root = math.sqrt(DAYS_PER_YEAR)
    return ReturnStatistics(
        days=days,
        mean=float(np.mean(returns)) if days else None,
        volatility=volatility,
        sharpe_daily=sharpe,
        skew=None if shape is None else shape[0],
        kurtosis=None if shape is None else shape[1],
        value_at_risk=float(np.percentile(returns, 100.0 * TAIL)) if days else None,
        expected_shortfall=expected_shortfall(returns),
        max_drawdown=deepest,
        max_drawdown_days=longest_drawdown(wealth),
        is_annualized=is_annualized,
        annual_return=grown,
        annual_volatility=None if volatility is None or not is_annualized else volatility * root,
        sharpe=None if sharpe is None or not is_annualized else sharpe * root,
        sortino=_sortino(returns) if is_annualized else None,
        calmar=None if grown is None or deepest == 0.0 else grown / -deepest,
    )


def _sortino(returns: Floats) -> float | None:
    """Annual mean over annual downside deviation, which counts every day (Sortino 1994)."""
    downside = float(np.sqrt(np.mean(np.minimum(returns, 0.0) ** 2)))
    if downside < _NOISE:
        return None
    return float(np.mean(returns)) * math.sqrt(DAYS_PER_YEAR) / downside
