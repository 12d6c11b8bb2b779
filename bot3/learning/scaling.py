"""Features in units of their own deviations.

Invariant: no outlier and no unit moves a model by more than any other: every value is within the
clip, and one that never moved is 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

from bot3.learning.models import Features


class Scaler:
    """River's running mean and deviation of each feature, and a clip."""

    __slots__ = ("_clip", "_names", "_scaler")

    def __init__(self, names: Sequence[str], clip_deviations: float) -> None:
        self._names, self._clip = tuple(names), clip_deviations
        self._scaler = import_module("river.preprocessing").StandardScaler()

    def learn(self, values: Sequence[float]) -> None:
        """Takes one row into the means and deviations."""
        self._scaler.learn_one(dict(zip(self._names, values, strict=True)))

    def scaled(self, values: Sequence[float]) -> Features:
        """The row, by name; changes nothing. Raises ValueError for not as many values as names."""
        clip = self._clip
        found = self._scaler.transform_one(dict(zip(self._names, values, strict=True)))
        return {name: min(max(value, -clip), clip) for name, value in found.items()}
