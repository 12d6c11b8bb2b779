"""What is written out here for speed says what River says, to the last bit."""

from __future__ import annotations

import math
from importlib import import_module

import numpy as np

from bot3.learning import forest
from bot3.learning.calibration import Calibration
from bot3.learning.regression import BayesianRegression
from bot3.learning.scaling import Scaler
from bot3.learning.score import Baseline, PrequentialScore

NAMES = tuple("abcdefghijkl")  # as many as River has room for without padding, or more


def _rows(seed: int) -> list[list[float]]:
    dice = np.random.default_rng(seed)
    scales = 10.0 ** dice.integers(-4, 5, len(NAMES))
    rows = dice.normal(1.0, 1.0, (200, len(NAMES))) * scales
    rows[:, -1] = 3.0  # one never moves
    found: list[list[float]] = rows.tolist()
    return found


def test_the_regression() -> None:
    river = import_module("river.linear_model").BayesianLinearRegression(alpha=30.0, beta=1.0)
    mine = BayesianRegression(30.0)
    for number, row in enumerate(_rows(1)):
        features = dict(zip(NAMES, row, strict=True))
        assert mine.predict(features) == river.predict_one(features)
        move = row[0] - row[1] + number % 7
        mine.learn(features, move)
        river.learn_one(features, move)


def test_the_scaler() -> None:
    river, mine = import_module("river.preprocessing").StandardScaler(), Scaler(NAMES, 1e9)
    for row in _rows(2):
        features = dict(zip(NAMES, row, strict=True))
        assert mine.scaled(row) == river.transform_one(features)
        mine.learn(row)
        river.learn_one(features)


def test_the_scores() -> None:
    metrics, mine = import_module("river.metrics"), PrequentialScore()
    accuracy, losses = metrics.Accuracy(), [metrics.LogLoss() for _ in range(3)]
    dice = np.random.default_rng(3)
    for said in (0.0, 1.0, *dice.random(200).tolist()):
        label, baseline = bool(dice.random() < said), Baseline(said > 0.3, 0.2 + 0.7 * said, 0.4)
        mine.update(label=label, probability=said, baseline=baseline)
        accuracy.update(label, said > 0.5)
        beside = (said, baseline.base_rate, baseline.no_change_probability)
        for loss, each in zip(losses, beside, strict=True):
            loss.update(label, each)
        score = mine.view()
        found = (score.log_loss, score.base_rate_log_loss, score.no_change_log_loss)
        assert found == tuple(loss.get() for loss in losses)
        assert abs(score.accuracy - accuracy.get()) < 1e-12


def test_the_calibration() -> None:
    optim, mine = import_module("river.optim"), Calibration(0.3)
    river = import_module("river.linear_model").LogisticRegression(
        optim.SGD(0.3), initializer=optim.initializers.Constant(1.0), intercept_lr=0.0
    )
    dice = np.random.default_rng(4)
    for raw in (0.3, *dice.uniform(1e-4, 1.0 - 1e-4, 300).tolist()):
        row, label = {"log_odds": math.log(raw / (1.0 - raw))}, bool(dice.random() < raw**2)
        assert mine.probability(raw) == river.predict_proba_one(row)[True]
        mine.learn(raw, label=label)
        river.learn_one(row, label)


def test_the_forest() -> None:
    river = import_module("river.forest").ARFClassifier(n_models=3, seed=1, max_depth=3)
    dice, kinds = np.random.default_rng(5), set[bool]()
    for row in 4 * _rows(5):
        features = dict(zip(NAMES, row, strict=True))
        label = bool(row[0] > 1e-3 + row[1] * 0.1 or dice.random() < 0.2)
        mine, said = forest.probability(river, features), river.predict_proba_one(features)
        assert mine == (said.get(True, 0.0) / sum(said.values()) if sum(said.values()) else 0.5)
        river.learn_one(features, label)
        roots = [tree._root for tree in river.data]
        kinds |= {hasattr(root, "children") for root in roots}
    assert kinds == {True, False}  # leaves, and branches
