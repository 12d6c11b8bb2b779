"""The probability of backtest overfitting, by combinatorially symmetric cross-validation.

Source: Bailey, Borwein, López de Prado, Zhu, "The probability of backtest overfitting" (2015).

Invariant: every half of the blocks is once in sample while its complement is out of sample.
"""

from __future__ import annotations

import math
from itertools import combinations
from typing import Final

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from bot3.domain.errors import DataError

BLOCKS: Final = 10
_ROWS_PER_BLOCK_MIN: Final = 2


@frozen
class Overfitting:
    """`probability`: how often the best in sample was below the median out of sample.

    `degradation`: the slope of its ratio out of sample on that in sample; `loss`: how often its
    ratio was negative out of sample. One data set alone proves little: on noise the probability is
    .5 on average, with a deviation of about .2 between data sets.
    """

    probability: float
    degradation: float
    loss: float
    splits: int


def overfitting(returns: NDArray[np.float64], blocks: int = BLOCKS) -> Overfitting:
    """Of trials' returns, shape (periods, trials). Raises `DataError` for a table too small."""
    periods, trials = returns.shape
    if blocks < 2 or blocks % 2:
        raise DataError(f"{blocks} blocks: want an even number of at least 2")
    if trials < 2 or periods < blocks * _ROWS_PER_BLOCK_MIN:
        raise DataError(
            f"{periods} rows of {trials} trials: want at least"
            f" {blocks * _ROWS_PER_BLOCK_MIN} rows of 2"
        )
    if not np.isfinite(returns).all():
        row = int(np.argwhere(~np.isfinite(returns))[0][0]) + 1
        raise DataError(f"row {row}: not a number")
    size = periods // blocks
    parts = returns[: size * blocks].reshape(blocks, size, trials)
    # Sums of a split are sums of its blocks': each block is read once.
    ones, squares = parts.sum(axis=1), (parts**2).sum(axis=1)
    every = (ones.sum(axis=0), squares.sum(axis=0))
    ranks, inside, outside = [], [], []
    for chosen in combinations(range(blocks), blocks // 2):
        rows = list(chosen)
        one, square = ones[rows].sum(axis=0), squares[rows].sum(axis=0)
        seen = _ratios(one, square, size * blocks // 2)
        unseen = _ratios(every[0] - one, every[1] - square, size * blocks // 2)
        best = int(np.argmax(seen))
        below = np.sum(unseen < unseen[best]) + (np.sum(unseen == unseen[best]) + 1) / 2
        ranks.append(float(below) / (trials + 1))
        inside.append(float(seen[best]))
        outside.append(float(unseen[best]))
    logits = [math.log(rank / (1.0 - rank)) for rank in ranks]
    return Overfitting(
        probability=float(np.mean([logit <= 0.0 for logit in logits])),
        degradation=_slope(np.array(inside), np.array(outside)),
        loss=float(np.mean([ratio < 0.0 for ratio in outside])),
        splits=len(ranks),
    )


def _ratios(
    ones: NDArray[np.float64], squares: NDArray[np.float64], rows: int
) -> NDArray[np.float64]:
    """Sharpe ratios from sums; 0 where nothing varies."""
    mean = ones / rows
    variance = np.maximum(squares / rows - mean**2, 0.0)
    return np.divide(mean, np.sqrt(variance), out=np.zeros_like(mean), where=variance > 0.0)


def _slope(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    spread = float(np.sum((x - x.mean()) ** 2))
    return 0.0 if spread == 0.0 else float(np.sum((x - x.mean()) * (y - y.mean()))) / spread
