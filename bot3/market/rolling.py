"""Statistics of the last `window` bars, in a streaming form and a columnar one.

Invariant: both forms add in the same order, oldest first, over differences from the newest value,
so that they agree to the last bits and nothing drifts: no running sum is ever subtracted from.
"""

from __future__ import annotations

from collections import deque
from math import nan, sqrt

import numpy as np
from numpy.typing import NDArray

Column = NDArray[np.float64]


class RollingSum:
    """The sum of the last `window` values, NaN until there are as many."""

    __slots__ = ("_values", "_window")

    def __init__(self, window: int) -> None:
        self._window = window
        self._values: deque[float] = deque(maxlen=window)

    def update(self, value: float) -> float:
        """The sum including `value`."""
        values = self._values
        values.append(value)
        return sum(values) if len(values) == self._window else nan


class RollingScore:
    """How many (population) deviations the newest value is above the mean of the last `window`.

    0 where all values are equal, NaN until there are `window` of them.
    """

    __slots__ = ("_values", "_window")

    def __init__(self, window: int) -> None:
        self._window = window
        self._values: deque[float] = deque(maxlen=window)

    def update(self, value: float) -> float:
        """The score of `value` among the last `window`, itself included."""
        values, window = self._values, self._window
        values.append(value)
        if len(values) < window:
            return nan
        apart = [before - value for before in values]
        mean = sum(apart) / window
        variance = sum([(x - mean) * (x - mean) for x in apart]) / window
        return -mean / sqrt(variance) if variance > 0.0 else 0.0


def rolling_sum(values: Column, window: int) -> Column:
    """Column of `RollingSum`; `values` may start with NaN."""
    sums = np.full(len(values), nan)
    if len(values) >= window:
        count = len(values) - window + 1
        total = np.zeros(count)
        for offset in range(window):
            total += values[offset : offset + count]
        sums[window - 1 :] = total
    return sums


def rolling_score(values: Column, window: int) -> Column:
    """Column of `RollingScore`."""
    scores = np.full(len(values), nan)
    if len(values) >= window:
        count = len(values) - window + 1
        newest = values[window - 1 :]
        mean, variance = np.zeros(count), np.zeros(count)
        for offset in range(window):
            mean += values[offset : offset + count] - newest
        mean /= window
        for offset in range(window):
            apart = values[offset : offset + count] - newest - mean
            variance += apart * apart
        variance /= window
        moved = variance > 0.0
        deviation = np.sqrt(np.where(moved, variance, 1.0))
        scores[window - 1 :] = np.where(moved, -mean / deviation, 0.0)
    return scores
