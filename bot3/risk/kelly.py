"""Kelly sizing: the shares of equity at which wealth grows fastest, less what we do not know.

For small returns log growth is mean'f - f'Sf / 2, with S the matrix of second moments (about zero):
its maximum under 0 <= f <= cap is the full Kelly bet (Kelly 1956, Thorp 2006). Estimated means are
mostly luck, so the result is multiplied by SR^2 / (SR^2 + n/T): what the mean squared error of n
means from T returns leaves (the form of James and Stein). Half of it risks an eighth of what the
full bet risks to halve (`chance_of_falling_to`).

Invariant: a share is in [0, cap], and 0 where nothing was earned on average.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_RIDGE: Final = 1e-9  # of the mean variance: two of the same bet are shared, not divided by zero


def kelly_of_odds(win_probability: float, gain: float = 1.0, loss: float = 1.0) -> float:
    """The share to stake on a bet that wins `gain` or loses `loss` of the stake; 0 without edge."""
    if not (0.0 <= win_probability <= 1.0 and gain > 0.0 and loss > 0.0):
        raise ValueError(f"a bet of {win_probability}, {gain}, {loss}")
    return max(win_probability / loss - (1.0 - win_probability) / gain, 0.0)


def chance_of_falling_to(level: float, fraction: float) -> float:
    """That wealth ever is `level` of the start, at `fraction` of Kelly, in continuous time.

    Thorp (2006): level ** (2 / fraction - 1) for a level in (0, 1] and a fraction in (0, 2).
    """
    if not (0.0 < level <= 1.0 and 0.0 < fraction < 2.0):
        raise ValueError(f"level {level} at {fraction} of Kelly")
    return float(level ** (2.0 / fraction - 1.0))


def shrinkage(sharpe_squared: float, periods: float, assets: int = 1) -> float:
    """What is left of a bet whose edge was measured over so many periods, in [0, 1)."""
    if not (sharpe_squared >= 0.0 and periods > 0.0):
        raise ValueError(f"squared ratio {sharpe_squared} over {periods} periods")
    return sharpe_squared / (sharpe_squared + assets / periods)


def kelly_shares(
    mean: Floats, second_moments: Floats, periods: float, *, fraction: float, cap: float
) -> Floats:
    """Shares of equity, shape (n,): `fraction` of the shrunk full bet, at most `cap` each.

    `mean` (n,) and `second_moments` (n, n) are of a period's returns of the bets, net of costs.
    """
    from scipy.optimize import lsq_linear

    count = len(mean)
    worth = np.flatnonzero((mean > 0.0) & (np.diag(second_moments) > 0.0))
    shares = np.zeros(count)
    if not len(worth) or periods <= 0.0:
        return shares
    edge, moments = mean[worth], second_moments[np.ix_(worth, worth)]
    moments = moments + np.eye(len(worth)) * _RIDGE * float(np.mean(np.diag(moments)))
    # max e'f - f'Sf/2 is the least squares of R f - R'^-1 e, where S = R'R.
    root = np.linalg.cholesky(moments).T
    wanted = np.linalg.solve(root.T, edge)
    left = shrinkage(float(wanted @ wanted), periods, len(worth)) * fraction
    if left <= 0.0:
        return shares
    # The bet is scaled before it is capped: one that stays above the cap leaves room to nobody.
    solved = lsq_linear(root, wanted * left, bounds=(0.0, cap), method="bvls")
    shares[worth] = np.clip(solved.x, 0.0, cap)
    return shares
