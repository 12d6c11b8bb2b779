"""The zoo: the better model counts more, what is said is calibrated, what is bad begins anew."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bot3.learning.models import MODELS, Features, ModelSettings
from bot3.learning.zoo import Forecast, Zoo, ZooSettings


def _steps(seed: int, count: int, edge: float) -> list[tuple[Features, float]]:
    """Features and the move that follows, in deviations."""
    dice = np.random.default_rng(seed)
    signals = dice.normal(size=(count, 2))
    noise = dice.normal(size=count)
    return [
        ({"a": a, "b": b}, edge * a + n)
        for (a, b), n in zip(signals.tolist(), noise.tolist(), strict=True)
    ]


def _run(zoo: Zoo, steps: list[tuple[Features, float]]) -> tuple[list[Forecast], list[str]]:
    said, resets = [], []
    for features, move in steps:
        forecast = zoo.forecast(features)
        said.append(forecast)
        resets += zoo.learn(features, forecast, label=move > 0, move=move)
    return said, resets


@pytest.mark.parametrize("name", list(MODELS))
def test_each_model_finds_an_edge(name: str) -> None:
    settings = ZooSettings((name,), ModelSettings(learning_rate=0.05))
    steps = _steps(1, 2_500, 1.0)
    said, _ = _run(Zoo(settings), steps)
    pairs = zip(said, steps, strict=True)
    right = [(f.probability > 0.5) == (move > 0) for f, (_, move) in pairs]
    assert np.mean(right[500:]) > 0.68  # the optimum is .75


def test_a_model_that_is_right_outweighs_one_that_is_not() -> None:
    """A tree that has not split says the base rate; the regressions know after a few labels."""
    zoo = Zoo(ZooSettings(("bayesian", "hoeffding"), ModelSettings(precision=10.0)))
    _run(zoo, _steps(2, 400, 1.0))
    assert zoo.weights["bayesian"] > 0.6
    assert sum(zoo.weights.values()) == pytest.approx(1.0)


def test_what_is_said_is_what_comes() -> None:
    """Trained on moves that are half noise of no direction, log odds are too large by half."""
    zoo = Zoo(ZooSettings(("bayesian",)))
    steps = [
        (x, move if n % 2 else 3.0 * x["a"] + move)
        for n, (x, move) in enumerate(_steps(3, 6_000, 0.0))
    ]
    said, _ = _run(zoo, steps)
    late = [(f, move > 0) for f, (_, move) in zip(said[3_000:], steps[3_000:], strict=True)]
    sure = [(f.raw, f.probability, label) for f, label in late if f.raw > 0.75]
    raw, calibrated, came = (float(np.mean(column)) for column in zip(*sure, strict=True))
    assert len(sure) > 300
    assert raw - came > 0.08
    assert abs(calibrated - came) < 0.04


def test_a_model_whose_error_rises_for_good_begins_anew_and_recovers() -> None:
    zoo = Zoo(ZooSettings(("logistic",), ModelSettings(learning_rate=0.02)))
    steps = _steps(4, 2_000, 3.0) + [(x, -move) for x, move in _steps(5, 2_000, 3.0)]
    said, resets = _run(zoo, steps)
    assert "logistic error" in resets
    pairs = [*zip(said, steps, strict=True)][-1_000:]
    assert np.mean([(f.probability > 0.5) == (move > 0) for f, (_, move) in pairs]) > 0.85


def test_steady_errors_reset_nothing() -> None:
    _, resets = _run(Zoo(), _steps(6, 1_500, 0.3))
    assert resets == []


def test_a_model_that_says_no_probability_is_replaced() -> None:
    zoo = Zoo(ZooSettings(("bayesian", "logistic")))
    _run(zoo, _steps(7, 50, 1.0))
    poisoned = {"a": math.nan, "b": 0.0}
    zoo.learn(poisoned, zoo.forecast({"a": 0.0, "b": 0.0}), label=True, move=math.nan)
    said = zoo.forecast({"a": 1.0, "b": 0.0})
    assert 0.0 <= said.probability <= 1.0
    assert zoo.faults >= 1
    before = zoo.faults
    _run(zoo, _steps(8, 300, 2.0))
    assert zoo.faults == before
    assert zoo.forecast({"a": 2.0, "b": 0.0}).probability > 0.6


@pytest.mark.parametrize("models", [(), ("logistic", "logistic"), ("oracle",)])
def test_an_unknown_model_is_refused(models: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="choose of"):
        ZooSettings(models)
