"""How far figures of a return series may be off: the stationary block bootstrap.

Source: Politis and Romano (1994); the block length by Politis and White (2004, corrected 2009).
Blocks keep what days in a row have in common, which a resampling of single days would lose.

Invariant: the same returns and seed give the same intervals.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from attrs import frozen

from bot3.portfolio.statistics.daily import Floats
from bot3.portfolio.statistics.returns import sharpe_of

RESAMPLES: Final = 2_000
LEVEL: Final = 0.95
_DAYS_MIN: Final = 20


@frozen
class Interval:
    """From `low` to `high` at the level asked for."""

    low: float
    high: float


def block_length(returns: Floats) -> int:
    """The mean length of a block in days, between one and a tenth of the series."""
    from arch.bootstrap import optimal_block_length

    if float(np.std(returns)) == 0.0:
        return 1
    found = float(optimal_block_length(returns)["stationary"].iloc[0])
    return round(min(max(found, 1.0), len(returns) / 10.0)) if np.isfinite(found) else 1


def intervals(
    returns: Floats,
    seed: int,
    figures: dict[str, Callable[[Floats], float]],
    *,
    level: float = LEVEL,
    resamples: int = RESAMPLES,
) -> dict[str, Interval] | None:
    """Percentile intervals of some figures of the series; None for fewer than `_DAYS_MIN` days."""
    from arch.bootstrap import StationaryBootstrap

    if len(returns) < _DAYS_MIN:
        return None

    def measure(sample: Any) -> Floats:
        return np.array([figure(sample) for figure in figures.values()])

    drawn = StationaryBootstrap(block_length(returns), returns, seed=seed)
    table = drawn.conf_int(measure, reps=resamples, method="percentile", size=level)
    return {
        name: Interval(float(table[0, column]), float(table[1, column]))
        for column, name in enumerate(figures)
    }


def growth(returns: Floats) -> float:
    """Log growth of a day; a return that loses everything counts as losing nearly that."""
    return float(np.mean(np.log(np.maximum(1.0 + returns, 1e-12))))


def daily_sharpe(returns: Floats) -> float:
    """Zero where a sample does not vary."""
    return sharpe_of(returns) or 0.0
