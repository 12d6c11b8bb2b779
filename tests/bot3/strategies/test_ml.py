"""Machine learning as a strategy: no trade that does not pay its cost."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest

from bot3.domain.values import InstrumentId, Symbol, VenueName
from bot3.learning.online import Prediction
from bot3.market.features import FEATURE_NAMES
from bot3.messages.minds import FeaturesComputed, RegimeEstimated, RegimeLabel
from bot3.strategies.base import ABSTAIN, Opinion
from bot3.strategies.ml import MLSettings, MLStrategy

BTC = InstrumentId(VenueName("binance"), Symbol("BTC/USDT"))
SETTINGS = MLSettings(cost_bps=10.0)


class _Says:
    """A predictor that says what it is told to."""

    def __init__(self, expected_bps: float = 0.0, probability: float = 0.5) -> None:
        self.expected_bps, self.probability = expected_bps, probability
        self.is_ready = self.is_believed = True

    def predict(self, values: Sequence[float]) -> Prediction:
        assert len(values) == len(FEATURE_NAMES)
        expected_return = 1e-4 * self.expected_bps
        return Prediction(self.probability, self.is_ready, expected_return, self.is_believed)


def _decide(strategy: MLStrategy) -> Opinion:
    features = FeaturesComputed(BTC, 1, 0, 100.0, 0.0, (0.0,) * len(FEATURE_NAMES))
    return strategy.decide(
        features, RegimeEstimated(BTC, 1, (1.0, 0.0), RegimeLabel.CALM, features)
    )


def _targets(expected_bps: list[float], settings: MLSettings = SETTINGS) -> list[float]:
    says = _Says()
    strategy, targets = MLStrategy(says, settings), []
    for says.expected_bps in expected_bps:
        targets.append(_decide(strategy).target)
    return targets


def test_a_position_is_entered_for_more_than_it_costs_and_kept_until_staying_costs_more() -> None:
    expected = [9.9, 10.1, 5.0, -9.9, 9.0, -10.1, -9.0, 9.0, 10.1]
    assert _targets(expected) == [0.0, 1.0, 1.0, 1.0, 1.0, -1.0, -1.0, -1.0, 1.0]


def test_on_what_may_be_luck_nothing_is_held_and_the_blend_is_told_so() -> None:
    says = _Says(20.0, 0.7)
    strategy = MLStrategy(says, SETTINGS)
    assert _decide(strategy).target == 1.0
    says.is_believed = False
    assert _decide(strategy) == Opinion(0.0, pytest.approx(0.4))  # flat, which is no abstention
    says.is_believed, says.expected_bps = True, 9.0
    assert _decide(strategy).target == 0.0


def test_a_dear_entry_leaves_the_other_side_flat_at_first() -> None:
    dear = MLSettings(cost_bps=10.0, enter_costs=2.0, leave_costs=0.5)
    assert _targets([25.0, -6.0, -15.0, -25.0], dear) == [1.0, 0.0, 0.0, -1.0]


def test_the_confidence_is_that_of_the_direction() -> None:
    assert _decide(MLStrategy(_Says(20.0, 0.7), SETTINGS)).confidence == pytest.approx(0.4)


def test_without_costs_the_least_edge_is_followed() -> None:
    assert _targets([0.05, 0.2, -0.2], MLSettings(cost_bps=0.0)) == [0.0, 1.0, -1.0]


def test_a_predictor_that_is_not_ready_abstains() -> None:
    says = _Says(90.0)
    says.is_ready = False
    assert _decide(MLStrategy(says, SETTINGS)) == ABSTAIN


@pytest.mark.parametrize("bad", [(0.0, math.nan), (0.0, -0.1), (0.0, 1.1), (math.nan, 0.5)])
def test_a_forecast_that_is_none_raises(bad: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="probability"):
        _decide(MLStrategy(_Says(*bad), SETTINGS))


def test_what_fills_cost_moves_the_band() -> None:
    says = _Says(12.0)
    strategy = MLStrategy(says, SETTINGS)
    for _ in range(60):
        strategy.on_cost(18.0)
    assert _decide(strategy).target == 0.0
    for _ in range(200):
        strategy.on_cost(2.0)
    assert _decide(strategy).target == 1.0
