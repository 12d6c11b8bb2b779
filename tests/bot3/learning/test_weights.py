"""Weights by copies, exposure, realized slope: each against what it is for."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot3.learning.exposure import Exposure, ExposureSettings
from bot3.learning.meta import MetaLearner, MetaSettings
from bot3.learning.slope import RealizedSlope
from bot3.learning.weights import AdaptiveWeights, WeightsSettings, hedge

NAMES = ("a", "b")


def _played(weights: AdaptiveWeights, rounds: list[tuple[str, float, float]]) -> float:
    """Loss of the blend less that of the better expert of each round's regime on the whole."""
    total, by_regime = 0.0, {}
    for regime, a, b in rounds:
        now = weights.weights(regime)
        total += now["a"] * a + now["b"] * b
        weights.update(regime, {"a": a, "b": b})
        sums = by_regime.setdefault(regime, [0.0, 0.0])
        sums[0] += a
        sums[1] += b
    return total - sum(min(sums) for sums in by_regime.values())


def _rounds(seed: int, count: int, length: int, *, by_regime: bool) -> list:
    """Phases of `length` rounds; the better expert changes with the regime, or never."""
    dice, rounds = np.random.default_rng(seed), []
    for at in range(count):
        regime = "calm" if (at // length) % 2 == 0 else "wild"
        a_is_better = regime == "calm" or not by_regime
        chances = (0.4, 0.6) if a_is_better else (0.6, 0.4)
        rounds.append((regime, *(0.45 + 0.1 * (dice.random(2) < chances)).tolist()))
    return rounds


def test_regimes_that_alternate_quickly_are_learned_each_by_itself() -> None:
    rounds = _rounds(1, 6_000, 25, by_regime=True)
    weights = AdaptiveWeights(NAMES, (0.5, 0.5))
    # Blind to the regime nobody can do better than half of each: 0.01 more a round.
    assert _played(weights, rounds) < 0.01 * len(rounds) / 4
    assert weights.weights("calm")["a"] > 0.9
    assert weights.weights("wild")["b"] > 0.9


def test_where_regimes_say_nothing_they_cost_little() -> None:
    assert _played(AdaptiveWeights(NAMES, (0.5, 0.5)), _rounds(2, 4_000, 25, by_regime=False)) < 4


@given(
    st.lists(
        st.tuples(st.sampled_from(["calm", "wild"]), st.floats(0, 1), st.floats(0, 1)), max_size=40
    )
)
def test_weights_sum_to_one_in_every_regime(rounds: list[tuple[str, float, float]]) -> None:
    weights = AdaptiveWeights(NAMES, (0.3, 0.7), WeightsSettings((0.5, 50.0)))
    for regime, a, b in rounds:
        weights.update(regime, {"a": a, "b": b})
        for each in ("calm", "wild", "never seen"):
            now = weights.weights(each)
            assert math.isclose(sum(now.values()), 1.0, abs_tol=1e-12)
            assert min(now.values()) >= 0.0


@pytest.mark.parametrize("rate", [0.5, 8.0])
def test_a_round_is_the_meta_learner_s_at_a_fixed_rate(rate: float) -> None:
    dice = np.random.default_rng(7)
    prior = (0.2, 0.3, 0.5)
    learner, weights = MetaLearner("abc", prior, MetaSettings(0.01, rate)), prior
    for losses in dice.random((300, 3)).tolist():
        expected = learner.update(dict(zip("abc", losses, strict=True)))
        weights = hedge(weights, losses, prior, rate, 0.01)
        assert weights == pytest.approx(tuple(expected.values()), abs=1e-9)


@pytest.mark.parametrize("losses", [{"a": 0.1}, {"a": 0.1, "c": 0.1}, {"a": 0.1, "b": 1.1}])
def test_bad_losses_raise_and_change_nothing(losses: dict[str, float]) -> None:
    weights = AdaptiveWeights(NAMES, (0.3, 0.7))
    with pytest.raises(ValueError, match="losses"):
        weights.update("calm", losses)
    assert weights.weights("calm") == pytest.approx({"a": 0.3, "b": 0.7})


def test_the_prior_holds_until_something_is_lost() -> None:
    weights = AdaptiveWeights(NAMES, (0.3, 0.7))
    assert weights.weights("calm") == pytest.approx({"a": 0.3, "b": 0.7})


def test_exposure_goes_to_nothing_with_losses_and_comes_back_with_what_would_have_been_earned() -> (
    None
):
    exposure = Exposure(10.0, ExposureSettings(share=0.001))
    assert exposure.value == 1.0
    for _ in range(40):
        exposure.update(-10e-4, 0.0)
    assert exposure.value == 0.0
    for _ in range(120):
        exposure.update(10e-4, 0.0)
    assert exposure.value == 1.0


def test_luck_alone_moves_exposure_little() -> None:
    dice, values = np.random.default_rng(3), []
    exposure = Exposure(1.0)
    for moved in dice.normal(0.0, 1e-3, 2_000).tolist():
        exposure.update(moved, moved)
        values.append(exposure.value)
    assert np.mean(values) > 0.5


def test_exposure_settings_upside_down_are_refused() -> None:
    with pytest.raises(ValueError, match="below start"):
        ExposureSettings(start=0.2)


@pytest.mark.parametrize(
    ("slope", "low", "high"), [(1.0, 0.75, 1.0), (0.5, 0.3, 0.55), (0.0, 0.0, 0.1)]
)
def test_what_is_expected_is_shrunk_to_what_came_true(
    slope: float, low: float, high: float
) -> None:
    dice, realized = np.random.default_rng(4), RealizedSlope(1)
    assert realized.value == 0.0
    for expected, noise in dice.normal(0.0, 1.0, (3_000, 2)).tolist():
        realized.update(expected, slope * expected + 3.0 * noise)
    assert low <= realized.value <= high


def test_overlapping_moves_count_for_less() -> None:
    dice = np.random.default_rng(5)
    pairs = [(e, 0.6 * e + 3.0 * n) for e, n in dice.normal(0.0, 1.0, (400, 2)).tolist()]
    alone, overlapping = RealizedSlope(1), RealizedSlope(30)
    for expected, came in pairs:
        alone.update(expected, came)
        overlapping.update(expected, came)
    assert alone.value > overlapping.value
