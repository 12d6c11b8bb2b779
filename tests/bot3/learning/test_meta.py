"""The meta-learner against the bounds of its papers."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot3.learning.meta import MetaLearner, MetaSettings

ROUNDS, EXPERTS = 10_000, 10
NAMES = [str(i) for i in range(EXPERTS)]
BOUND = math.sqrt(ROUNDS * math.log(EXPERTS) / 2)  # 107


def _regret(losses: np.ndarray, settings: MetaSettings, segments: int = 1) -> float:
    """Loss of the blend less that of the best expert (of each segment)."""
    learner, total = MetaLearner(NAMES, settings=settings), 0.0
    weights = list(learner.weights.values())
    for row in losses.tolist():
        total += sum(w * x for w, x in zip(weights, row, strict=True))
        weights = list(learner.update(dict(zip(NAMES, row, strict=True))).values())
    return total - sum(part.sum(axis=0).min() for part in np.array_split(losses, segments))


@pytest.mark.parametrize("seed", range(4))
def test_adahedge_regret_is_within_the_bound(seed: int) -> None:
    dice = np.random.default_rng(seed)
    worlds = {
        "coins": dice.random((ROUNDS, EXPERTS)) < 0.5,
        "one is better": dice.random((ROUNDS, EXPERTS)) < np.linspace(0.45, 0.55, EXPERTS),
        "uniform": dice.random((ROUNDS, EXPERTS)),
    }
    for name, losses in worlds.items():
        regret = _regret(losses.astype(float), MetaSettings(share=0.0))
        assert regret <= BOUND, name
        assert regret > -BOUND, name


def test_the_leader_that_is_always_wrong_next_costs_little() -> None:
    """The worst case of following the leader: the best two alternate."""
    odd, even = [0.0, 1.0] + [0.5] * 8, [1.0, 0.0] + [0.5] * 8
    losses = np.array([[0.5, 0.0] + [0.5] * 8] + [odd, even] * (ROUNDS // 2))
    assert _regret(losses, MetaSettings(share=0.0)) < BOUND


@pytest.mark.parametrize("seed", range(3))
def test_fixed_share_follows_a_best_expert_that_changes(seed: int) -> None:
    dice = np.random.default_rng(seed)
    best = [0, 0]
    while any(a == b for a, b in pairwise(best)):
        best = dice.integers(EXPERTS, size=10).tolist()
    chances = np.full((ROUNDS, EXPERTS), 0.5)
    for part, expert in enumerate(best):
        chances[part * 1_000 : (part + 1) * 1_000, expert] = 0.3
    losses = (dice.random((ROUNDS, EXPERTS)) < chances).astype(float)
    rate = math.sqrt(8 * math.log(EXPERTS) / ROUNDS)
    hedge = _regret(losses, MetaSettings(share=0.0, learning_rate=rate), 10)
    shared = _regret(losses, MetaSettings(share=0.001), 10)
    assert shared < hedge / 4
    assert shared <= 690


def test_sharing_stays_as_quick_after_a_long_history() -> None:
    """A rate learned for all time would have become too small to follow."""
    learner = MetaLearner(["a", "b"], settings=MetaSettings(share=0.001))
    dice = np.random.default_rng(0)
    for a, b in (dice.random((10_000, 2)) < [0.45, 0.55]).astype(float).tolist():
        learner.update({"a": a, "b": b})
    assert learner.weights["a"] > 0.9
    for _ in range(60):
        learner.update({"a": 0.6, "b": 0.4})
    assert learner.weights["b"] > 0.9


@given(
    rows=st.lists(st.lists(st.floats(0.0, 1.0), min_size=3, max_size=3), max_size=40),
    share=st.sampled_from([0.0, 0.001, 0.2]),
    rate=st.sampled_from([0.0, 0.5, 50.0]),
)
def test_weights_sum_to_one(rows: list[list[float]], share: float, rate: float) -> None:
    learner = MetaLearner(["a", "b", "c"], (0.2, 0.3, 0.5), MetaSettings(share, rate))
    assert learner.weights == pytest.approx({"a": 0.2, "b": 0.3, "c": 0.5})
    for row in rows:
        weights = learner.update(dict(zip("abc", row, strict=True)))
        assert sum(weights.values()) == pytest.approx(1.0, abs=1e-12)
        assert min(weights.values()) >= 0.0


def test_equal_losses_leave_the_prior() -> None:
    learner = MetaLearner(["a", "b"], (0.3, 0.7), MetaSettings(share=0.01))
    for _ in range(100):
        learner.update({"a": 0.4, "b": 0.4})
    assert learner.weights == pytest.approx({"a": 0.3, "b": 0.7})


@pytest.mark.parametrize(
    "losses", [{"a": 0.5}, {"a": 0.5, "c": 0.5}, {"a": 0.5, "b": math.nan}, {"a": 0.5, "b": 1.1}]
)
def test_bad_losses_raise_and_change_nothing(losses: dict[str, float]) -> None:
    learner = MetaLearner(["a", "b"])
    before = learner.update({"a": 0.1, "b": 0.9})
    with pytest.raises(ValueError, match="losses"):
        learner.update(losses)
    assert learner.weights == before


@pytest.mark.parametrize("prior", [(0.5,), (0.5, 0.6), (0.0, 1.0), (math.nan, 1.0)])
def test_bad_priors_are_refused(prior: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="prior"):
        MetaLearner(["a", "b"], prior)
