"""A linear online classifier: scale, clip, logistic regression. All arithmetic is River's.

Invariant: predicting changes nothing; learning takes finite features only.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

from attrs import field, frozen, validators


@frozen
class ClassifierSettings:
    """`learning_rate` of plain SGD; `l2` shrinkage; `clip_deviations` bounds a scaled feature."""

    learning_rate: float = field(default=0.005, validator=validators.gt(0.0))
    l2: float = field(default=0.0, validator=validators.ge(0.0))
    clip_deviations: float = field(default=3.0, validator=validators.gt(0.0))


class OnlineClassifier:
    """P(label is True | features), learned one observation at a time.

    Each feature is scaled by its running mean and deviation and clipped, so that no outlier and no
    unit moves the weights by more than any other.
    """

    __slots__ = ("_clip", "_model", "_names", "_scaler")

    def __init__(self, names: Sequence[str], settings: ClassifierSettings | None = None) -> None:
        settings = settings or ClassifierSettings()
        self._names = tuple(names)
        self._clip = settings.clip_deviations
        # River takes seconds to import: only who learns pays for it.
        optimizer = import_module("river.optim").SGD(settings.learning_rate)
        regression = import_module("river.linear_model").LogisticRegression
        self._model = regression(optimizer, l2=settings.l2)
        self._scaler = import_module("river.preprocessing").StandardScaler()

    def probability(self, values: Sequence[float]) -> float:
        """P(True) of features in the order of the names."""
        scaled = self._scaled(dict(zip(self._names, values, strict=True)))
        return float(self._model.predict_proba_one(scaled)[True])

    def learn(self, values: Sequence[float], *, label: bool) -> None:
        """Takes one observation whose label is known now."""
        named = dict(zip(self._names, values, strict=True))
        self._scaler.learn_one(named)
        self._model.learn_one(self._scaled(named), label)

    def _scaled(self, named: dict[str, float]) -> dict[str, float]:
        clip = self._clip
        scaled = self._scaler.transform_one(named)
        return {name: min(max(value, -clip), clip) for name, value in scaled.items()}
