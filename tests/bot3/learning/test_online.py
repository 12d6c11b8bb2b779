"""The online learner: labels mature, scores are honest, a snapshot resumes bit for bit."""

from __future__ import annotations

import math
import pickle
from typing import Any

import numpy as np
import pytest
from river import utils
from river.datasets import Phishing
from river.utils.math import clamp

from bot3.domain.errors import DataError
from bot3.learning.labels import LabelKind, LabelSettings, open_label, outcome
from bot3.learning.models import MODELS, ModelSettings
from bot3.learning.online import LearnerSettings, OnlineLearner
from bot3.learning.scaling import Scaler
from bot3.learning.score import PrequentialScore
from bot3.learning.snapshot import score_of
from bot3.learning.zoo import ZooSettings

NAMES = ("signal", "noise", "more_noise")
MINUTE_NS = 60_000_000_000


def _settings(horizon_bars: int, **changes: Any) -> LearnerSettings:
    return LearnerSettings(labels=LabelSettings(horizon_bars=horizon_bars), **changes)


def _world(seed: int, count: int, edge: float) -> list[tuple[int, float, tuple[float, ...]]]:
    """(time, close, features): the signal is `edge` of the next return's direction."""
    dice = np.random.default_rng(seed)
    features = dice.normal(size=(count, 3))
    close, rows = 100.0, []
    for i, row in enumerate(features.tolist()):
        rows.append((i * MINUTE_NS, close, tuple(row)))
        close *= math.exp(0.001 * (edge * row[0] + dice.normal()))
    return rows


def _run(learner: OnlineLearner, rows: list) -> list[float]:
    out = []
    for ts_ns, close, values in rows:
        out.append(learner.predict(values).probability_up)
        learner.learn(ts_ns, close, values)
    return out


@pytest.mark.parametrize(("name", "published"), [("logistic", 0.8872), ("hoeffding", 0.8799)])
def test_phishing_accuracy_is_rivers(name: str, published: float) -> None:
    names = [str(i) for i in range(9)]
    model, scaler = MODELS[name](ModelSettings(depth_max=(None, None)), 1), Scaler(names, 3.0)
    right = rows = 0
    for x, label in Phishing():
        values = tuple(map(float, x.values()))
        if name == "hoeffding":  # trees need no scale
            features = dict(zip(names, values, strict=True))
        else:
            scaler.learn(values)
            features = scaler.scaled(values)
        right += (model.probability(features) > 0.5) == label
        model.learn(features, label=label, move=0.0, weight=1.0)
        rows += 1
    assert rows == 1_250
    assert right / rows == pytest.approx(published, abs=0.005)


def test_it_finds_a_planted_edge_and_none_in_noise() -> None:
    settings = _settings(1, zoo=ZooSettings(model=ModelSettings(learning_rate=0.02)))
    edge, noise = OnlineLearner(NAMES, settings), OnlineLearner(NAMES, settings)
    _run(edge, _world(1, 3_000, 1.0))
    _run(noise, _world(1, 3_000, 0.0))
    assert edge.score.labels == 2_999
    assert edge.score.accuracy > 0.70  # the optimum is .75
    assert edge.score.accuracy > edge.score.no_change_accuracy + 0.15
    assert edge.score.log_loss < edge.score.no_change_log_loss - 0.1
    assert edge.score.r_squared > 0.1 > edge.score.no_change_r_squared
    assert edge.score.log_loss < edge.score.base_rate_log_loss - 0.1
    assert 0.46 < noise.score.accuracy < 0.54
    assert noise.score.log_loss > noise.score.base_rate_log_loss


def test_forecasts_are_believed_once_they_have_come_true_for_long_enough_and_luck_is_not() -> None:
    for edge, is_known in ((1.0, True), (0.0, False)):
        learner, believed = OnlineLearner(NAMES, _settings(1)), list[bool]()
        for ts_ns, close, values in _world(8, 500, edge):
            believed.append(learner.predict(values).is_believed)
            learner.learn(ts_ns, close, values)
        assert not any(believed[:10])
        assert any(believed) == is_known
        assert all(believed[-100:]) == is_known


def test_a_label_is_learned_exactly_at_its_horizon() -> None:
    learner = OnlineLearner(NAMES, _settings(3, ready_labels=2))
    learned = [learner.learn(*row)[0] for row in _world(2, 6, 1.0)]
    assert learned == [False, False, False, True, True, True]
    assert learner.score.labels == 3
    assert learner.predict((0.0, 0.0, 0.0)).is_ready


def test_a_forecast_knows_nothing_of_its_label() -> None:
    """Two worlds that differ only after bar 50 have the same forecasts until then."""
    rows = _world(3, 60, 1.0)
    other = [(t, c if i < 50 else 200.0 - c, x) for i, (t, c, x) in enumerate(rows)]
    settings = _settings(2)
    first, second = (_run(OnlineLearner(NAMES, settings), world) for world in (rows, other))
    assert first[:51] == second[:51]
    assert first[52:] != second[52:]


def test_no_change_says_the_last_label_known_at_the_time() -> None:
    learner = OnlineLearner(NAMES, _settings(2))
    for i, close in enumerate([100.0, 101, 102, 103, 104, 105, 104, 103, 102, 101]):
        learner.learn(i, close, (0.0, 0.0, 0.0))
    # Two bars ahead: up up up up - down down down. Said, knowing labels two bars old (at first
    # none, which counts as down): down down up up - up up down.
    assert learner.unlabeled == 1
    assert learner.score.labels == 7
    assert learner.score.no_change_accuracy == pytest.approx(3 / 7)


def test_no_change_is_scored_as_the_learner_is() -> None:
    score = PrequentialScore()
    for label, log_return in ((True, 0.01), (True, 0.02), (False, -0.01)):
        score.update(label=label, probability=0.9, baseline=score.baseline)
        score.update_return(log_return, 0.5 * log_return)
    said = score.view()
    # Down with 1/2 (nothing is known), up with 1/3 (it was wrong), up with 1/2 (right once).
    assert said.no_change_log_loss == pytest.approx((2 * math.log(2) + math.log(3)) / 3)
    assert said.log_loss == pytest.approx(-(2 * math.log(0.9) + math.log(0.1)) / 3)
    squares, spread = 6e-4, 6e-4 - 4e-4 / 3
    assert said.no_change_r_squared == pytest.approx(1 - squares / spread)
    assert said.r_squared == pytest.approx(1 - 0.25 * squares / spread)


def test_small_moves_have_no_label() -> None:
    settings = LearnerSettings(labels=LabelSettings(horizon_bars=1, threshold_bps=10.0))
    learner = OnlineLearner(NAMES, settings)
    learned = [
        learner.learn(i, close, (0.0, 0.0, 0.0))[0]
        for i, close in enumerate([100.0, 100.05, 100.2, 100.0])
    ]
    assert learned == [False, False, True, True]
    assert (learner.unlabeled, learner.score.labels) == (1, 2)


def test_features_that_are_no_numbers_are_skipped_and_counted() -> None:
    rows, bad = _world(4, 300, 1.0), (math.nan, 0.0, 0.0)
    learner = OnlineLearner(NAMES, _settings(1, ready_labels=0))
    assert learner.predict(bad)[:2] == (0.5, False)
    for i, (ts_ns, close, values) in enumerate(rows):
        learner.learn(ts_ns, close, bad if i % 3 == 0 else values)
    assert learner.skipped == 101
    assert learner.score.labels == 199  # the last bar's is not known yet
    assert math.isfinite(learner.predict(rows[0][2]).probability_up)


def test_impossible_input_raises() -> None:
    learner = OnlineLearner(NAMES)
    learner.learn(10, 100.0, (0.0, 0.0, 0.0))
    for ts_ns, close, values in [
        (10, 100.0, (0.0, 0.0, 0.0)),
        (11, math.nan, (0.0, 0.0, 0.0)),
        (11, 0.0, (0.0, 0.0, 0.0)),
        (11, 100.0, (0.0, 0.0)),
    ]:
        with pytest.raises(ValueError, match=r"bar at|close"):
            learner.learn(ts_ns, close, values)
    with pytest.raises(ValueError, match="zip"):
        learner.predict((0.0,))


def test_a_snapshot_resumes_bit_for_bit() -> None:
    rows, settings = _world(5, 1_000, 0.5), LearnerSettings(zoo=ZooSettings(tuple(MODELS)))
    whole, half, resumed = (OnlineLearner(NAMES, settings) for _ in range(3))
    expected = _run(whole, rows)
    _run(half, rows[:600])
    resumed.restore(half.snapshot())
    assert _run(resumed, rows[600:]) == expected[600:]
    assert resumed.score == whole.score
    for learner in (whole, resumed):
        learner.restore(whole.snapshot())
    assert resumed.predict((0.5, -1.0, 2.0)) == whole.predict((0.5, -1.0, 2.0))
    told = score_of(half.snapshot())
    assert told == {**half.score._asdict(), "features": [*NAMES]}


def test_a_snapshot_of_something_else_is_refused() -> None:
    snapshot = OnlineLearner(NAMES).snapshot()
    with pytest.raises(DataError, match="learn anew"):
        OnlineLearner(NAMES, _settings(2)).restore(snapshot)
    with pytest.raises(DataError, match="learn anew"):
        OnlineLearner(NAMES[:2]).restore(snapshot)
    for torn in (b"", b"nonsense", snapshot[:-20], snapshot[:100]):
        with pytest.raises(DataError, match="learn anew"):
            OnlineLearner(NAMES).restore(torn)


class _Bomb:
    def __reduce__(self) -> tuple:
        return (eval, ("1 + 1",))


class _HiddenBomb:
    def __reduce__(self) -> tuple:
        return (utils.Rolling, (print, 3))


class _FunctionBomb:
    def __reduce__(self) -> tuple:
        return (clamp, (7.0,))


def test_a_snapshot_cannot_run_code() -> None:
    header = OnlineLearner(NAMES).snapshot()
    header = b"\n".join(header.split(b"\n", 3)[:3]) + b"\n"
    with pytest.raises(DataError, match="eval"):
        OnlineLearner(NAMES).restore(header + pickle.dumps({"x": _Bomb()}))
    with pytest.raises(DataError, match="print"):
        OnlineLearner(NAMES).restore(header + pickle.dumps({"x": _HiddenBomb()}))
    with pytest.raises(DataError, match="clamp"):
        OnlineLearner(NAMES).restore(header + pickle.dumps({"x": _FunctionBomb()}))


@pytest.mark.parametrize(
    ("closes", "decided_at", "is_up"),
    [
        ([100.2, 103.0, 90.0, 90.0], 2, True),  # a profit, whatever comes after
        ([99.9, 97.0, 103.0, 103.0], 2, False),
        ([100.2, 100.3, 100.2, 100.4], 4, True),  # the horizon, by the sign of what pays
        ([100.2, 100.3, 100.2, 100.01], 4, None),
    ],
)
def test_a_triple_barrier_is_decided_by_what_comes_first(
    closes: list[float], decided_at: int, is_up: bool | None
) -> None:
    labels = LabelSettings(LabelKind.TRIPLE_BARRIER, 4, 5.0, barrier_deviations=1.0)
    opening = open_label(labels, 0, 100.0, deviation=0.01)
    assert opening.barrier == pytest.approx(0.01 * 2 + 0.0005)
    found = [outcome(labels, opening, bar, close) for bar, close in enumerate(closes, start=1)]
    assert found[: decided_at - 1] == [None] * (decided_at - 1)
    decided = found[decided_at - 1]
    assert decided is not None
    assert decided.is_up is is_up
    assert decided.log_return == pytest.approx(math.log(closes[decided_at - 1] / 100.0))


def test_labels_net_of_costs_ignore_what_does_not_pay() -> None:
    rows = _world(6, 400, 1.0)
    free, dear = (
        OnlineLearner(NAMES, LearnerSettings(labels=LabelSettings(kind, 5, cost_bps)))
        for kind, cost_bps in ((LabelKind.HORIZON, 0.0), (LabelKind.TRIPLE_BARRIER, 40.0))
    )
    for learner in (free, dear):
        _run(learner, rows)
    assert dear.score.labels < free.score.labels
    assert dear.unlabeled > free.unlabeled


def test_a_gap_leaves_forecasts_without_labels() -> None:
    rows = _world(8, 200, 1.0)
    hours_ns = 5 * 3_600_000_000_000
    torn = [
        (ts + (hours_ns if n >= 100 else 0), c * (2.0 if n >= 100 else 1.0), x)
        for n, (ts, c, x) in enumerate(rows)
    ]
    learner = OnlineLearner(NAMES, _settings(3))
    _run(learner, torn)
    assert learner.unlabeled == 3
    assert learner.score.labels == 200 - 3 - 3
    whole = OnlineLearner(NAMES, _settings(3))
    _run(whole, rows)
    assert learner.score.accuracy == pytest.approx(whole.score.accuracy, abs=0.05)
    assert learner._variance == pytest.approx(whole._variance, rel=0.05)
