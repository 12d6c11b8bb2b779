"""APYOptimizer: how much of the capital each sleeve gets, and what growth the evidence supports.

    max  mean'w - w'Sw/2 - z sqrt(w'Sw / T)      growth less what T periods leave open
    s.t. 0 <= w <= cap, sum w <= total            the rest is cash
         expected shortfall of the periods <= limit        (Rockafellar and Uryasev 2000)
         drawdown of the path they make <= limit           (Chekhlov, Uryasev, Zabarankin 2005)

The objective is a lower confidence bound of log growth to second order; returns are net of costs,
so what does not clear them gets nothing. It is solved by cvxpy (Clarabel), away from trading.

Invariant: nothing is annualized from less than 90 days; an answer says in words whether the target
is supported, and never more than the bound of an interval.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from importlib import import_module
from typing import Any, Final, final

import numpy as np
from attrs import field, frozen, validators
from numpy.typing import NDArray

from bot3.domain.errors import DataError
from bot3.portfolio.statistics.intervals import growth, intervals
from bot3.portfolio.statistics.returns import ANNUALIZED_FROM_DAYS, DAYS_PER_YEAR

Floats = NDArray[np.float64]
PERIODS_MIN: Final = 20
_FOLDS: Final = 4
_Z: Final = 1.645  # one-sided 95 %
_TAIL: Final = 0.05
_NOISE: Final = 1e-6
_RETURN_MAX: Final = 10.0


@frozen
class AllocationLimits:
    """`cap` of a sleeve and `total` of all, as shares of the capital; `shortfall_max` of the worst
    5 % of days; `drawdown_max` of the path. `target_apy` is a goal to report against. The sleeves
    (columns) of one of the `groups` have one cap together.
    """

    cap: float = field(default=1.0, validator=[validators.gt(0), validators.le(1)])
    total: float = field(default=1.0, validator=[validators.gt(0), validators.le(1)])
    shortfall_max: float = field(default=0.02, validator=[validators.ge(0), validators.le(1)])
    drawdown_max: float = field(default=0.15, validator=[validators.gt(0), validators.le(1)])
    target_apy: float = field(default=0.5, validator=validators.ge(0))
    groups: Sequence[Sequence[int]] = ()


@frozen
class Allocation:
    """`weights` in the order of the sleeves, the rest is `cash`. Growth is log growth of a day, out
    of fold, with a 95 % interval by block bootstrap; `apy` and its interval None under 90 days.
    """

    weights: tuple[float, ...]
    cash: float
    days: float
    growth_per_day: float
    growth_low: float
    growth_high: float
    apy: float | None
    apy_low: float | None
    apy_high: float | None
    is_supported: bool
    words: str


@final
@frozen
class APYOptimizer:
    """Shares capital under limits; it says what growth that supports."""

    limits: AllocationLimits

    def allocate(self, returns: Floats, day_share: float, seed: int) -> Allocation:
        """Of sleeves' simple returns, shape (periods, sleeves), each period `day_share` of a day.

        Raises `DataError` for too few periods, or ones that are no numbers.
        """
        limits, (periods, sleeves) = self.limits, returns.shape
        if periods < PERIODS_MIN or not sleeves:
            raise DataError(
                f"{periods} periods of {sleeves} sleeves: at least {PERIODS_MIN} are needed"
            )
        if not np.isfinite(returns).all() or (returns <= -1.0).any():
            raise DataError("a return that is no number, or loses more than everything")
        if (most := float(returns.max())) > _RETURN_MAX:
            raise DataError(
                f"a return of {most:.0%} in one period: want simple returns, not equity"
            )
        weights = _solved(returns, day_share, limits)
        portfolio = _out_of_fold(returns, day_share, limits) if weights.any() else np.zeros(periods)
        by_day = 1.0 / day_share
        told = intervals(portfolio, seed, {"growth": growth}) if weights.any() else None
        mean = growth(portfolio) * by_day
        low = mean if told is None else told["growth"].low * by_day
        high = mean if told is None else told["growth"].high * by_day
        days = periods * day_share
        return _reported(weights, days, (mean, low, high), limits)


def _out_of_fold(returns: Floats, day_share: float, limits: AllocationLimits) -> Floats:
    """What each fold earns with the weights of the others: the best of many looks good in its own
    sample, so growth is told of none that weights were made from.
    """
    earned = np.zeros(len(returns))
    for fold in np.array_split(np.arange(len(returns)), _FOLDS):
        others = np.delete(returns, fold, axis=0)
        earned[fold] = returns[fold] @ _solved(others, day_share, limits)
    return earned


def _solved(returns: Floats, day_share: float, limits: AllocationLimits) -> Floats:
    cvxpy: Any = import_module("cvxpy")
    periods, sleeves = returns.shape
    mean = returns.mean(axis=0)
    centered = returns - mean
    # Whatever the length of a period, the solver sees numbers near one.
    scale = float(np.sqrt(np.mean(centered**2))) or 1.0
    root = _root(centered / scale, periods - 1)
    second = _root(returns / scale, periods)
    weights = cvxpy.Variable(sleeves, nonneg=True)
    deviation = cvxpy.norm(root @ weights, 2)
    gain = (mean / scale) @ weights - scale * cvxpy.sum_squares(second @ weights) / 2.0
    objective = gain - _Z / math.sqrt(periods) * deviation
    constraints: list[Any] = [weights <= limits.cap, cvxpy.sum(weights) <= limits.total]
    constraints += [cvxpy.sum(weights[list(group)]) <= limits.cap for group in limits.groups]
    constraints += _tail_limits(cvxpy, returns, weights, day_share, limits)
    problem = cvxpy.Problem(cvxpy.Maximize(objective), constraints)
    problem.solve(solver=cvxpy.CLARABEL)
    if weights.value is None:
        raise DataError(f"the solver found no allocation: {problem.status}")
    found = np.asarray(weights.value, dtype=np.float64)
    found = np.where(found < _NOISE, 0.0, np.minimum(found, limits.cap))
    worth = float(objective.value)
    return np.zeros(sleeves) if worth <= _NOISE else found


def _root(values: Floats, periods: int) -> Floats:
    """R with R'R = values'values / periods."""
    triangle: Any = np.linalg.qr(values, mode="r")
    return np.asarray(triangle / math.sqrt(periods))


def _tail_limits(
    cvxpy: Any, returns: Floats, weights: Any, day_share: float, limits: AllocationLimits
) -> list[Any]:
    """Shortfall of a period is a day's by the root of time; the path's drawdown is not compounded,
    which makes it the deeper one where it matters.
    """
    periods = len(returns)
    earned = returns @ weights
    constraints: list[Any] = []
    if limits.shortfall_max:
        most = limits.shortfall_max * math.sqrt(day_share)
        constraints.append(cvxpy.cvar(-earned, 1.0 - _TAIL) <= most)
    fall = cvxpy.Variable(periods + 1, nonneg=True)
    constraints += [fall[0] == 0, fall[1:] >= fall[:-1] - earned, fall <= limits.drawdown_max]
    return constraints


def _reported(
    weights: Floats, days: float, growths: tuple[float, float, float], limits: AllocationLimits
) -> Allocation:
    apy: list[float | None] = [None, None, None]
    if days >= ANNUALIZED_FROM_DAYS:
        apy = [math.expm1(min(each * DAYS_PER_YEAR, 50.0)) for each in growths]
    middle, low, high = apy
    is_supported = low is not None and bool(weights.any()) and low >= limits.target_apy
    return Allocation(
        weights=tuple(weights.tolist()),
        cash=max(1.0 - float(weights.sum()), 0.0),
        days=days,
        growth_per_day=growths[0],
        growth_low=growths[1],
        growth_high=growths[2],
        apy=middle,
        apy_low=low,
        apy_high=high,
        is_supported=is_supported,
        words=_words(weights, days, (middle, low, high), limits.target_apy),
    )


def _words(weights: Floats, days: float, apy: Sequence[float | None], target: float) -> str:
    if not weights.any():
        return f"{target:.0%} a year is not supported: {days:.4g} days show no growth after costs"
    middle, low, high = apy
    if middle is None or low is None or high is None:
        return (
            f"{target:.0%} a year is not supported: {days:.4g} days of results,"
            f" {ANNUALIZED_FROM_DAYS} are needed to say anything about a year"
        )
    figure = f"{middle:.1%} [{low:.1%}, {high:.1%}]"
    if low >= target:
        return f"{target:.0%} a year is supported: {figure} by {days:.0f} days"
    return (
        f"{target:.0%} a year is not supported: the supported figure is {figure} by {days:.0f} days"
    )
