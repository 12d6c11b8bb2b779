"""The models of the zoo: each forecasts whether a label will be True. All but one are River's.

Invariant: forecasting changes nothing; learning takes scaled, finite features only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from math import erf, sqrt
from typing import Any, Final, Protocol

from attrs import field, frozen, validators

from bot3.learning import forest
from bot3.learning.regression import BayesianRegression

Features = dict[str, float]
_MOVE_MAX = 5.0  # deviations: one outlier does not turn a regression round
_INTERCEPT_RATE = 0.01  # River's default
_MEMORY = 0.01  # weight of the newest squared residual


@frozen
class ModelSettings:
    """`learning_rate` of plain SGD and `l2` shrinkage (logistic); `precision` of the prior of the
    Bayesian weights, in units of the noise's; `trees` of the forest; `seed` of its chances.
    `depth_max` of the single tree and of the forest's: what bounds their memory; None: no bound.
    """

    learning_rate: float = field(default=0.005, validator=validators.gt(0.0))
    l2: float = field(default=0.0, validator=validators.ge(0.0))
    precision: float = field(default=100.0, validator=validators.gt(0.0))
    trees: int = field(default=3, validator=validators.ge(1))
    depth_max: tuple[int | None, int | None] = (2, 3)
    seed: int = 1


class Model(Protocol):
    """One of the zoo."""

    def probability(self, features: Features) -> float:
        """P(True)."""
        ...

    def learn(self, features: Features, *, label: bool, move: float, weight: float) -> None:
        """A label that is known now; `move` is the signed size of it in deviations."""
        ...


class Logistic:
    """Logistic regression by SGD."""

    __slots__ = ("_model",)

    def __init__(self, settings: ModelSettings, overlap: int = 1) -> None:
        # River takes seconds to import: only who learns pays for it.
        optimizer = import_module("river.optim").SGD(settings.learning_rate / sqrt(overlap))
        regression = import_module("river.linear_model").LogisticRegression
        self._model = regression(optimizer, l2=settings.l2, intercept_lr=_INTERCEPT_RATE / overlap)

    def probability(self, features: Features) -> float:
        return float(self._model.predict_proba_one(features)[True])

    def learn(self, features: Features, *, label: bool, move: float, weight: float) -> None:
        del move
        self._model.learn_one(features, label, w=weight)


class Bayesian:
    """Bayesian linear regression of the move; P(True) as if what is left were normal."""

    __slots__ = ("_model", "_residual")

    def __init__(self, settings: ModelSettings, overlap: int = 1) -> None:
        self._model = BayesianRegression(settings.precision * overlap)
        self._residual = 1.0

    def expected_move(self, features: Features) -> float:
        """In deviations."""
        return self._model.predict(features)

    def probability(self, features: Features) -> float:
        return self.probability_of(self.expected_move(features))

    def probability_of(self, move: float) -> float:
        """P(True) where so much is expected."""
        score = move / sqrt(max(self._residual, 1e-6))
        return 0.5 * (1.0 + erf(score / sqrt(2.0)))

    def learn(self, features: Features, *, label: bool, move: float, weight: float) -> None:
        del label, weight
        self.learn_move(features, move)

    def learn_move(self, features: Features, move: float) -> None:
        """In deviations."""
        bounded = min(max(move, -_MOVE_MAX), _MOVE_MAX)
        apart = bounded - self.expected_move(features)
        self._residual += _MEMORY * (apart * apart - self._residual)
        self._model.learn(features, bounded)


class Tree:
    """A Hoeffding tree, or an adaptive one; learns from each `every`th label."""

    __slots__ = ("_every", "_labels", "_model")

    def __init__(self, model: Any, every: int) -> None:
        self._model, self._every = model, every
        self._labels = 0

    def probability(self, features: Features) -> float:
        found = self._model.predict_proba_one(features)
        total = sum(found.values())
        return float(found.get(True, 0.0) / total) if total > 0.0 else 0.5

    def learn(self, features: Features, *, label: bool, move: float, weight: float) -> None:
        del move
        self._labels += 1
        if self._labels % self._every == 0:
            self._model.learn_one(features, label, w=weight)


class Forest(Tree):
    """Adaptive trees that vote."""

    __slots__ = ()

    def probability(self, features: Features) -> float:
        return forest.probability(self._model, features)


def _hoeffding(settings: ModelSettings, overlap: int) -> Model:
    tree = import_module("river.tree").HoeffdingTreeClassifier
    return Tree(tree(max_depth=settings.depth_max[0]), max(overlap // 2, 1))


def _hoeffding_adaptive(settings: ModelSettings, overlap: int) -> Model:
    tree = import_module("river.tree").HoeffdingAdaptiveTreeClassifier
    model = tree(max_depth=settings.depth_max[0], seed=settings.seed)
    return Tree(model, max(overlap // 2, 1))


def _forest(settings: ModelSettings, overlap: int) -> Model:
    made = import_module("river.forest").ARFClassifier
    depth = settings.depth_max[1]
    model = made(n_models=settings.trees, seed=settings.seed, max_depth=depth)
    return Forest(model, max(overlap // 2, 1))


# By name: from settings, and the number of labels of which each overlaps with all but itself.
MODELS: Final[Mapping[str, Callable[[ModelSettings, int], Model]]] = {
    "bayesian": Bayesian,
    "logistic": Logistic,
    "hoeffding": _hoeffding,
    "hoeffding_adaptive": _hoeffding_adaptive,
    "forest": _forest,
}
