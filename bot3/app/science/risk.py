"""Risk and sizing: published estimates, closed forms, and how often noise is taken for growth.

Invariant: each measured figure is of seeds or of a published series; none is fitted to its target.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bot3.app.science.rows import Effort, Measured, Row
from bot3.portfolio.allocation import AllocationLimits, APYOptimizer
from bot3.portfolio.statistics.overfitting import overfitting
from bot3.portfolio.statistics.sharpe import best_of_trials, deflated_sharpe
from bot3.risk.adaptive.garch import fit_garch
from bot3.risk.kelly import chance_of_falling_to, kelly_of_odds, kelly_shares

Floats = NDArray[np.float64]
_LEVELS: Final = (0.8, 0.5, 0.2)
_BOLLERSLEV_GHYSELS: Final = {"omega": 0.0107613, "alpha": 0.153134, "beta": 0.805974}


def _garch(effort: Effort) -> Measured:
    path = effort.file("classics/dem2gbp.csv")
    returns = np.genfromtxt(path, delimiter=",", skip_header=1)
    returns = returns[:, -1] if returns.ndim > 1 else returns
    found = fit_garch(returns)
    figures = {"omega": found.omega, "alpha": found.alpha, "beta": found.beta}
    apart = max(abs(figures[name] / told - 1) for name, told in _BOLLERSLEV_GHYSELS.items())
    return Measured({**figures, "apart_max": apart}, apart <= 1e-3)


def _coin(effort: Effort) -> Measured:
    """The bet by odds, by moments, and the one that grows fastest of many simulated ones."""
    by_odds = kelly_of_odds(0.55)
    by_moments = float(
        kelly_shares(np.array([0.1]), np.array([[1.0]]), 1e12, fraction=1.0, cap=1.0)[0]
    )
    rng = np.random.default_rng(effort.seed)
    wins = rng.random(400_000 if effort.is_quick else 4_000_000) < 0.55
    won = float(wins.mean())
    shares = np.linspace(0.0, 0.3, 301)
    growth = won * np.log1p(shares) + (1 - won) * np.log1p(-shares)
    simulated = float(shares[int(np.argmax(growth))])
    figures = {"by_odds": by_odds, "by_moments": by_moments, "simulated": simulated}
    is_passed = (
        abs(by_odds - 0.1) < 1e-12 and abs(by_moments - 0.1) < 1e-6 and abs(simulated - 0.1) < 0.01
    )
    return Measured(figures, is_passed)


def _drawdown_law(effort: Effort) -> Measured:
    """Wealth at half and full Kelly of a Sharpe ratio of 1, and how much of it ever fell how far.

    The minimum between steps is drawn exactly (the minimum of a Brownian bridge), so that steps of
    a tenth of a year have no error of their own. Followed until log wealth is 12 higher, from where
    a fall to a half has a chance below e^-12.
    """
    paths = 20_000 if effort.is_quick else 200_000
    figures: dict[str, float] = {}
    is_passed = True
    for name, fraction in (("half", 0.5), ("full", 1.0)):
        lowest = _lowest(fraction, paths, effort.seed)
        for level in _LEVELS:
            told = chance_of_falling_to(level, fraction)
            found = float(np.mean(lowest <= math.log(level)))
            errors = (found - told) / math.sqrt(told * (1 - told) / paths)
            figures |= {f"{name}_{level:g}": found, f"{name}_{level:g}_errors": errors}
            is_passed &= abs(errors) <= 3.0
    return Measured(figures, is_passed)


def _lowest(fraction: float, paths: int, seed: int) -> Floats:
    """The lowest log wealth of each path that matters: below all levels it goes no further."""
    rng = np.random.default_rng(seed)
    step, drift, least = 0.1, fraction - fraction**2 / 2, math.log(min(_LEVELS))
    wealth, found, on = np.zeros(paths), np.zeros(paths), np.arange(paths)
    for _ in range(5_000):
        after = wealth + drift * step + fraction * math.sqrt(step) * rng.normal(size=len(wealth))
        apart = (wealth - after) ** 2 - 2 * fraction**2 * step * np.log(rng.random(len(wealth)))
        found[on] = np.minimum(found[on], (wealth + after - np.sqrt(apart)) / 2)
        goes_on = (found[on] > least) & (after < 12.0)
        wealth, on = after[goes_on], on[goes_on]
        if not len(on):
            break
    return found


def _deflated(effort: Effort) -> Measured:
    del effort  # published figures
    daily, variance = 2.5 / math.sqrt(250), 0.5 / 250
    found = {
        "sr0": best_of_trials(100, variance),
        "dsr_100": _dsr(daily, variance, 100),
        "dsr_46": _dsr(daily, variance, 46),
    }
    told = {"sr0": 0.1132, "dsr_100": 0.9004, "dsr_46": 0.9505}
    return Measured(found, all(abs(found[name] - told[name]) < 5e-5 for name in told))


def _dsr(daily: float, variance: float, trials: int) -> float:
    said = deflated_sharpe(daily, 1250, skew=-3, kurtosis=10, trials=trials, variance=variance)
    return math.nan if said is None else said


def _noise_overfits(effort: Effort) -> Measured:
    seeds = effort.seeds(60, 300)
    found = [
        overfitting(np.random.default_rng(seed).normal(0.0, 0.01, (200, 20)), 8).probability
        for seed in seeds
    ]
    mean, deviation = float(np.mean(found)), float(np.std(found))
    is_passed = abs(mean - 0.52) < 0.06 and abs(deviation - 0.18) < 0.06
    return Measured({"mean": mean, "deviation": deviation}, is_passed)


def _supported(effort: Effort) -> Measured:
    """Sleeves of 1.5 % a day with fat tails: none earns anything, or one earns .3 % a day."""
    optimizer = APYOptimizer(AllocationLimits(target_apy=0.0))
    seeds = effort.seeds(30, 200)
    noise, edge, told = 0, 0, []
    for seed in seeds:
        returns = np.random.default_rng(seed).standard_t(4, (730, 5)) * 0.015
        noise += optimizer.allocate(returns, 1.0, seed).is_supported
        returns[:, 0] += 0.003
        found = optimizer.allocate(returns, 1.0, seed)
        edge += found.is_supported
        told.append(found.growth_per_day)
    figures = {
        "noise_supported": noise / len(seeds),
        "edge_supported": edge / len(seeds),
        "edge_growth_per_day": float(np.median(told)),
    }
    return Measured(
        figures, figures["noise_supported"] <= 0.05 and figures["edge_supported"] >= 0.8
    )


ROWS: Final = (
    Row(
        "risk",
        "GARCH of Bollerslev and Ghysels",
        "published series",
        "omega .0107613, alpha .153134, beta .805974 within 1e-3 of each",
        _garch,
    ),
    Row("risk", "Kelly's coin", "closed form", "p = .55: .10 of the wealth", _coin),
    Row(
        "risk",
        "drawdown law",
        "simulated",
        "ever at x of the start with x^3 at half Kelly, x at full (x = .8, .5, .2), within 3"
        " standard errors",
        _drawdown_law,
    ),
    Row(
        "risk",
        "supported growth",
        "simulated",
        "of noise at most .05 supported, of a planted edge at least .8",
        _supported,
    ),
    Row(
        "statistics",
        "deflated Sharpe ratio",
        "published example",
        "SR0 .1132, DSR .9004, with 46 trials .9505",
        _deflated,
    ),
    Row(
        "statistics",
        "overfitting of noise",
        "simulated",
        "probability .52 on average, deviation .18",
        _noise_overfits,
    ),
)
