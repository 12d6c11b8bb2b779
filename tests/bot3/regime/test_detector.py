"""Labels: what they mean, and that they do not flap."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bot3.messages.minds import RegimeLabel
from bot3.regime.detector import RegimeDetector, RegimeSettings
from bot3.regime.hamilton import HamiltonParameters

FIXED = HamiltonParameters(((0.98, 0.02), (0.05, 0.95)), (0.0, 0.0), (0.001, 0.01))


def test_volatile_wins_over_trending_and_each_change_is_told_once() -> None:
    detector = RegimeDetector(parameters=FIXED)
    dice = np.random.default_rng(0)
    calm, wild = dice.normal(0, 0.001, 200), dice.normal(0, 0.01, 200)
    estimates = [detector.update(r, 10.0) for r in calm.tolist()]
    assert {e.label for e in estimates} == {RegimeLabel.CALM}
    assert not any(e.has_changed for e in estimates)

    estimates = [detector.update(r, 40.0) for r in calm.tolist()]
    assert estimates[-1].label is RegimeLabel.TRENDING
    assert [e.before for e in estimates if e.has_changed] == [RegimeLabel.CALM]

    estimates = [detector.update(r, 40.0) for r in wild.tolist()]
    assert estimates[-1].label is RegimeLabel.VOLATILE
    assert estimates[-1].probabilities[-1] > 0.99


def test_a_strength_that_hovers_does_not_flap() -> None:
    detector = RegimeDetector(parameters=FIXED)
    labels = [detector.update(0.0, strength).label for strength in [24.9, 25.0, 20.1, 24.9, 20.0]]
    assert labels == [RegimeLabel.CALM, *[RegimeLabel.TRENDING] * 4]
    assert detector.update(0.0, 19.9).label is RegimeLabel.CALM
    assert detector.update(0.0, 24.9).label is RegimeLabel.CALM


def test_a_probability_that_hovers_does_not_flap() -> None:
    settings = RegimeSettings()
    detector = RegimeDetector(settings, FIXED)
    dice = np.random.default_rng(1)
    label, seen = detector.label, set()
    for r in dice.normal(0, 0.0025, 5_000).tolist():
        estimate = detector.update(r, 0.0)
        p = estimate.probabilities[-1]
        if estimate.has_changed:
            seen.add(estimate.label)
            volatile = estimate.label is RegimeLabel.VOLATILE
            assert p >= settings.volatile_enter if volatile else p < settings.volatile_leave
            assert estimate.before is label
        label = estimate.label
    assert seen == {RegimeLabel.CALM, RegimeLabel.VOLATILE}


def test_it_finds_its_own_parameters() -> None:
    detector = RegimeDetector()
    dice = np.random.default_rng(2)
    scales = np.tile(np.repeat([0.002, 0.008], [400, 200]), 5)
    labels = [detector.update(r, 0.0).label for r in (scales * dice.normal(size=3_000)).tolist()]
    said = np.array([label is RegimeLabel.VOLATILE for label in labels])
    assert np.mean(said == (scales > 0.005)) > 0.95
    assert detector.parameters.volatilities == pytest.approx((0.002, 0.008), rel=0.2)


@pytest.mark.parametrize(
    ("log_return", "strength"), [(math.nan, 10.0), (math.inf, 10.0), (0.0, math.nan), (0.0, -1.0)]
)
def test_bad_numbers_raise(log_return: float, strength: float) -> None:
    with pytest.raises(ValueError, match="trend strength"):
        RegimeDetector().update(log_return, strength)


def test_a_band_upside_down_is_refused() -> None:
    with pytest.raises(ValueError, match="at or below"):
        RegimeSettings(volatile_enter=0.3, volatile_leave=0.6)
