"""Several models, blended by how well they forecast, and what they say calibrated.

Invariant: the probability is in [0, 1] whatever a model says; a model that says what is no
probability, or whose error has risen for good, begins anew, and the others go on.

Labels over a horizon of h bars overlap: each shares all but one of its returns with the next, and
carries about 1/h of news. So models learn the less from each, and errors are looked at in means of
h labels; else a run of equal labels would pass for evidence, and for drift.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite, pi, sqrt
from typing import NamedTuple

from attrs import field, frozen, validators

from bot3.learning.calibration import Calibration
from bot3.learning.meta import MetaLearner, MetaSettings
from bot3.learning.models import MODELS, Bayesian, Features, Model, ModelSettings
from bot3.market.drift import DriftMonitor, DriftSettings

# Squared errors of probabilities are mixable at this rate: the regret is ln(models) / 2, however
# many labels come (Vovk 2001).
_SQUARED_ERROR_RATE = 2.0
_EDGE = 1e-4  # a probability is kept this far from certainty


@frozen
class ZooSettings:
    """`models`: names of `MODELS`. `share` of the weights given back to all each label;
    `drift_delta` of the ADWINs on the models' errors; `calibration_rate` of the SGD that fits the
    slope of the blend's log odds (Platt 1999), 0 for none.
    """

    models: tuple[str, ...] = ("bayesian", "logistic", "forest")
    model: ModelSettings = field(factory=ModelSettings)
    share: float = field(default=0.005, validator=[validators.ge(0.0), validators.lt(1.0)])
    drift_delta: float = field(default=0.0005, validator=[validators.gt(0.0), validators.lt(1.0)])
    calibration_rate: float = field(default=0.01, validator=validators.ge(0.0))
    balances_classes: bool = True

    def __attrs_post_init__(self) -> None:
        unknown = set(self.models) - MODELS.keys()
        if unknown or not self.models or len(set(self.models)) != len(self.models):
            raise ValueError(f"models {self.models}: choose of {', '.join(MODELS)}, each once")


class Forecast(NamedTuple):
    """`parts`: each model's probability; `raw` their blend, `probability` that after calibration.

    `expected_move` in deviations.
    """

    probability: float
    raw: float
    parts: tuple[float, ...]
    expected_move: float


class Zoo:
    """Forecasts and learns; `faults` counts what was no probability."""

    __slots__ = (
        "_blend", "_calibration", "_drifts", "_errors", "_labels", "_models", "_overlap",
        "_settings", "faults",
    )  # fmt: skip

    def __init__(self, settings: ZooSettings | None = None, overlap: int = 1) -> None:
        self._settings = settings = settings or ZooSettings()
        self._overlap = overlap
        self._models: list[Model] = [self._made(name) for name in settings.models]
        meta = MetaSettings(settings.share, _SQUARED_ERROR_RATE)
        self._blend = MetaLearner(settings.models, settings=meta)
        drift = DriftSettings(settings.drift_delta)
        self._drifts = [DriftMonitor(f"{name} error", drift) for name in settings.models]
        rate = settings.calibration_rate / overlap
        self._calibration = Calibration(rate) if rate > 0.0 else None
        self._labels = [0, 0]  # False, True
        self._errors: list[list[float]] = []  # of the labels since the last mean, by model
        self.faults = 0

    @property
    def weights(self) -> dict[str, float]:
        """Of the blend, by model; they sum to one."""
        return self._blend.weights

    def forecast(self, features: Features) -> Forecast:
        """What the models say now; changes no model."""
        moves = [
            m.expected_move(features) if isinstance(m, Bayesian) else None for m in self._models
        ]
        parts = tuple([self._said(at, features, move) for at, move in enumerate(moves)])
        weights = self._blend.weights
        raw = sum([w * p for w, p in zip(weights.values(), parts, strict=True)])
        raw = min(max(raw, _EDGE), 1.0 - _EDGE)
        probability = self._calibrated(raw)
        return Forecast(probability, raw, parts, self._move(moves, weights, probability))

    def learn(
        self, features: Features, forecast: Forecast, *, label: bool, move: float
    ) -> list[str]:
        """The label of `forecast`, made of `features`; returns the detectors whose models reset."""
        self._labels[label] += 1
        weight = self._weight(label=label)
        self._errors.append([(part - label) ** 2 for part in forecast.parts])
        for model in self._models:
            model.learn(features, label=label, move=move, weight=weight)
        if self._calibration is not None:
            self._calibration.learn(forecast.raw, label=label)
        return self._judge() if len(self._errors) >= self._overlap else []

    def _judge(self) -> list[str]:
        """By the mean errors of the labels since the last judgement."""
        columns = zip(*self._errors, strict=True)
        errors = [sum(column) / len(self._errors) for column in columns]
        self._errors = []
        self._blend.update(dict(zip(self._settings.models, errors, strict=True)))
        return [
            self._drifts[at].name for at, error in enumerate(errors) if self._drifted(at, error)
        ]

    def learn_move(self, features: Features, move: float) -> None:
        """A move that has no label: for the models of moves."""
        for model in self._models:
            if isinstance(model, Bayesian):
                model.learn_move(features, move)

    def _said(self, at: int, features: Features, move: float | None) -> float:
        model = self._models[at]
        if isinstance(model, Bayesian) and move is not None:
            probability = model.probability_of(move)
        else:
            probability = model.probability(features)
        if 0.0 <= probability <= 1.0:
            return probability
        self.faults += 1
        self._reset(at)
        return 0.5

    def _move(
        self, moves: Sequence[float | None], weights: dict[str, float], probability: float
    ) -> float:
        """What the models of moves expect, and for the others what their probability is worth.

        A normal move of mean m, small in deviations, goes up with probability 1/2 + m / sqrt(2π).
        """
        expected, rest = 0.0, 1.0
        for name, move in zip(self._settings.models, moves, strict=True):
            if move is not None and isfinite(move):
                expected += weights[name] * move
                rest -= weights[name]
        return expected + max(rest, 0.0) * (2.0 * probability - 1.0) * sqrt(pi / 2.0)

    def _drifted(self, at: int, error: float) -> bool:
        """True where the model's error rose for good: it begins anew."""
        monitor = self._drifts[at]
        before = monitor.mean
        if not monitor.update(error) or monitor.mean <= before:
            return False
        self._reset(at)
        return True

    def _reset(self, at: int) -> None:
        self._models[at] = self._made(self._settings.models[at])

    def _made(self, name: str) -> Model:
        return MODELS[name](self._settings.model, self._overlap)

    def _weight(self, *, label: bool) -> float:
        """Both classes count the same together, within a factor of two."""
        if not self._settings.balances_classes:
            return 1.0
        known = sum(self._labels) + 2
        return min(max(known / (2.0 * (self._labels[label] + 1)), 0.5), 2.0)

    def _calibrated(self, raw: float) -> float:
        if self._calibration is None:
            return raw
        return min(max(self._calibration.probability(raw), _EDGE), 1.0 - _EDGE)
