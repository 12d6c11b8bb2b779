"""The Hamilton filter: exact with known parameters, near the optimum without them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bot3.regime.hamilton import HamiltonFilter, HamiltonParameters, HamiltonSettings
from bot3.regime.learning import LearningFilter

STAY = ((0.995, 0.005), (0.01, 0.99))
SEEN = 500  # bars by which both states have mostly been seen: before, nobody can know them
TRUTH = HamiltonParameters(STAY, (0.0, 0.0), (0.005, 0.015))


def _simulate(seed: int, count: int, freedom: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """States and returns of two-state switching, started from its long-run shares."""
    dice = np.random.default_rng(seed)
    states = np.zeros(count, dtype=int)
    states[0] = dice.random() < 1 / 3
    for t, u in enumerate(dice.random(count - 1), start=1):
        before = states[t - 1]
        states[t] = before if u < STAY[before][before] else 1 - before
    shocks = dice.standard_t(freedom, count) if freedom else dice.standard_normal(count)
    return states, np.array([0.005, 0.015])[states] * shocks


def _density(r: float, mean: float, scale: float, freedom: float) -> float:
    z = (r - mean) / scale
    if freedom == 0.0:
        return math.exp(-0.5 * z * z) / (scale * math.sqrt(2 * math.pi))
    shape = math.gamma((freedom + 1) / 2) / math.gamma(freedom / 2)
    tail = (1 + z * z / freedom) ** (-(freedom + 1) / 2)
    return shape / (math.sqrt(freedom * math.pi) * scale) * tail


def _exact(returns: np.ndarray, truth: HamiltonParameters, freedom: float) -> tuple[list, float]:
    """The textbook recursion, in plain loops: Hamilton 1994, 22.4.5 and 22.4.7."""
    chain, states = np.array(truth.transitions), len(truth.means)
    now = np.linalg.matrix_power(chain, 100_000)[0]
    filtered, log_likelihood = [], 0.0
    for r in returns:
        joint = [
            sum(now[i] * chain[i, j] for i in range(states))
            * _density(r, truth.means[j], truth.volatilities[j], freedom)
            for j in range(states)
        ]
        now = np.array(joint) / sum(joint)
        log_likelihood += math.log(sum(joint))
        filtered.append(now)
    return filtered, log_likelihood


@pytest.mark.parametrize("freedom", [0, 4])
def test_with_known_parameters_it_is_exact(freedom: int) -> None:
    three = HamiltonParameters(
        ((0.98, 0.015, 0.005), (0.02, 0.97, 0.01), (0.0, 0.05, 0.95)),
        (0.0005, 0.0, -0.002),
        (0.004, 0.008, 0.02),
    )
    for truth in (TRUTH, three):
        _, returns = _simulate(7, 1_000, freedom)
        settings = HamiltonSettings(states=len(truth.means), degrees_of_freedom=freedom)
        mine = HamiltonFilter(settings, truth)
        expected, log_likelihood = _exact(returns, truth, freedom)
        got = [mine.update(r) for r in returns.tolist()]
        np.testing.assert_allclose(got, expected, rtol=0, atol=1e-8)
        assert mine.log_likelihood == pytest.approx(log_likelihood, rel=1e-10)
        assert mine.parameters == truth


@pytest.mark.parametrize(("freedom", "within"), [(0, 0.015), (4, 0.025)])
def test_unknown_parameters_cost_little_accuracy(freedom: int, within: float) -> None:
    settings = HamiltonSettings(degrees_of_freedom=freedom)
    for seed in range(3):
        states, returns = _simulate(seed, 6_000, freedom)
        accuracy = []
        for is_known in (True, False):
            mine = HamiltonFilter(settings, TRUTH) if is_known else LearningFilter(settings)
            called = [mine.update(r)[-1] > 0.5 for r in returns.tolist()]
            accuracy.append(float(np.mean((np.array(called) == states)[SEEN:])))
        assert accuracy[0] > 0.94  # the optimum itself: .972 and .962 in the long run
        assert accuracy[0] - accuracy[1] < within


def test_it_learns_the_parameters() -> None:
    _, returns = _simulate(11, 12_000)
    mine = LearningFilter(HamiltonSettings(memory_bars=12_000))
    for r in returns.tolist():
        mine.update(r)
    learned = mine.parameters
    assert learned.volatilities == pytest.approx((0.005, 0.015), rel=0.08)
    assert learned.means == (0.0, 0.0)
    assert learned.transitions[0][0] == pytest.approx(0.995, abs=0.004)
    assert learned.transitions[1][1] == pytest.approx(0.99, abs=0.006)


def test_states_stay_ordered_and_probabilities_sum_to_one() -> None:
    dice = np.random.default_rng(3)
    scales = np.repeat([0.01, 0.0001, 0.03, 0.0, 0.002], 400)
    mine = LearningFilter(HamiltonSettings(states=3, memory_bars=100))
    for r in (scales * dice.standard_normal(len(scales))).tolist():
        probabilities = mine.update(r)
        assert sum(probabilities) == pytest.approx(1.0, abs=1e-12)
        assert min(probabilities) >= 0.0
        if (learned := mine.parameters) is not None:
            assert list(learned.volatilities) == sorted(learned.volatilities)


def test_states_that_cross_are_reordered_whole() -> None:
    """The calm state, known by its mean, turns wild: it becomes the second, with all it has."""
    start = HamiltonParameters(((0.9, 0.1), (0.3, 0.7)), (0.0, 0.5), (0.001, 0.002))
    mine = HamiltonFilter(HamiltonSettings(prior_bars=10, memory_bars=300), start, learns=True)
    dice, first = np.random.default_rng(0), True
    for bar in range(3_000):
        first = dice.random() < (0.9 if first else 0.3)
        r = float(dice.normal(0.0, 0.02) if first else dice.normal(0.5, 0.002))
        mine.update(r)
        if bar > 300:
            state = mine.parameters.means.index(0.0 if first else 0.5)  # as ordered by now
            assert mine.probabilities[state] > 0.99
    learned = mine.parameters
    assert learned.means == (0.5, 0.0)
    assert learned.volatilities == pytest.approx((0.002, 0.02), rel=0.2)
    assert learned.transitions[1][1] == pytest.approx(0.9, abs=0.05)


@pytest.mark.parametrize("freedom", [0, 4])
def test_learning_at_leisure_is_learning_at_once(freedom: int) -> None:
    settings = HamiltonSettings(degrees_of_freedom=freedom)
    hasty, lazy = LearningFilter(settings), LearningFilter(settings)
    for r in _simulate(5, 3_000, freedom)[1]:
        assert hasty.update(float(r)) == lazy.update(float(r))
        hasty.learn()
    assert hasty.parameters == lazy.parameters


def test_a_move_of_a_thousand_deviations_is_survived() -> None:
    mine = HamiltonFilter(HamiltonSettings(), TRUTH)
    assert mine.update(50.0) == pytest.approx((0.0, 1.0))
    assert all(math.isfinite(p) for p in mine.update(0.001))


def test_a_state_that_cannot_be_does_not_break_the_others() -> None:
    """From the wild state nothing leads to the calm one, whatever the next return."""
    trap = HamiltonParameters(((0.5, 0.5), (0.0, 1.0)), (0.0, 0.001), (1e-6, 1e-5))
    mine = HamiltonFilter(HamiltonSettings(), trap)
    assert mine.update(0.01) == (0.0, 1.0)
    assert mine.update(0.0) == (0.0, 1.0)
    assert math.isfinite(mine.log_likelihood)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_return_that_is_no_number_raises_and_changes_nothing(bad: float) -> None:
    mine, clean = LearningFilter(HamiltonSettings()), LearningFilter(HamiltonSettings())
    _, returns = _simulate(5, 200)
    for r in returns.tolist():
        with pytest.raises(ValueError, match="return"):
            mine.update(bad)
        assert mine.update(r) == clean.update(r)


def test_parameters_must_be_a_chain_of_rising_volatility() -> None:
    with pytest.raises(ValueError, match="rising"):
        HamiltonParameters(STAY, (0.0, 0.0), (0.02, 0.01))
    with pytest.raises(ValueError, match="probabilities"):
        HamiltonParameters(((0.9, 0.2), (0.1, 0.9)), (0.0, 0.0), (0.01, 0.02))
