"""How sure a Sharpe ratio is, and what is left of it after many trials.

Sources: Bailey and López de Prado, "The Sharpe ratio efficient frontier" (2012) and "The deflated
Sharpe ratio" (2014). All ratios are of one period, not annualized.

Invariant: every probability is in [0, 1].
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Final

_NORMAL: Final = NormalDist()
_EULER: Final = 0.5772156649015329  # Euler-Mascheroni


def probabilistic_sharpe(
    sharpe: float, periods: int, *, skew: float, kurtosis: float, benchmark: float = 0.0
) -> float | None:
    """The probability that the true Sharpe ratio is above `benchmark`. `kurtosis` is 3 for normal.

    None where fewer than two periods, or moments that no distribution with that ratio has.
    """
    variance = 1.0 - skew * sharpe + (kurtosis - 1.0) / 4.0 * sharpe**2
    if periods < 2 or not variance > 0.0:
        return None
    return _NORMAL.cdf((sharpe - benchmark) * math.sqrt((periods - 1) / variance))


def best_of_trials(trials: int, variance: float) -> float:
    """The Sharpe ratio that the best of so many worthless trials is expected to show (SR0).

    `variance` is that of the trials' ratios; `trials` are independent ones. One trial: zero.
    """
    if trials < 1 or variance < 0.0:
        raise ValueError(f"{trials} trials with variance {variance}: want at least 1, and 0")
    if trials == 1:
        return 0.0
    usual = _NORMAL.inv_cdf(1.0 - 1.0 / trials)
    rare = _NORMAL.inv_cdf(1.0 - 1.0 / (trials * math.e))
    return math.sqrt(variance) * ((1.0 - _EULER) * usual + _EULER * rare)


def deflated_sharpe(
    sharpe: float, periods: int, *, skew: float, kurtosis: float, trials: int, variance: float
) -> float | None:
    """The probability that it is above what the best of the trials shows by luck alone."""
    benchmark = best_of_trials(trials, variance)
    return probabilistic_sharpe(sharpe, periods, skew=skew, kurtosis=kurtosis, benchmark=benchmark)


def periods_needed(
    sharpe: float, *, skew: float, kurtosis: float, confidence: float = 0.95
) -> float | None:
    """How long it takes to show a true ratio above zero (minimum track record length), in periods.

    None for a ratio of zero or less: no time is enough.
    """
    if not sharpe > 0.0:
        return None
    variance = 1.0 - skew * sharpe + (kurtosis - 1.0) / 4.0 * sharpe**2
    return 1.0 + max(variance, 0.0) * (_NORMAL.inv_cdf(confidence) / sharpe) ** 2
