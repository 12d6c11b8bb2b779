"""Features in units of their own deviations.

Invariant: no outlier and no unit moves a model by more than any other: every value is within the
clip, and one that never moved is 0.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot3.learning.models import Features


class Scaler:
    """Running mean and deviation of each feature, and a clip. Welford 1962, as River has it."""

    __slots__ = ("_clip", "_means", "_names", "_rows", "_variances")

    def __init__(self, names: Sequence[str], clip_deviations: float) -> None:
        self._names, self._clip = tuple(names), clip_deviations
        self._rows = 0
        self._means, self._variances = [0.0] * len(self._names), [0.0] * len(self._names)

    def learn(self, values: Sequence[float]) -> None:
        """Takes one row into the means and deviations."""
        self._rows = rows = self._rows + 1
        means, variances = self._means, self._variances
        for at, (value, before) in enumerate(zip(values, means, strict=True)):
            means[at] = mean = before + (value - before) / rows
            variances[at] += ((value - before) * (value - mean) - variances[at]) / rows

    def scaled(self, values: Sequence[float]) -> Features:
        """The row, by name; changes nothing. Raises ValueError for not as many values as names."""
        clip, least, found = self._clip, -self._clip, Features()
        columns = zip(self._names, values, self._means, self._variances, strict=True)
        for name, value, mean, variance in columns:
            away = (value - mean) / variance**0.5 if variance else 0.0
            if away > clip:
                away = clip
            elif away < least:
                away = least
            found[name] = away
        return found
