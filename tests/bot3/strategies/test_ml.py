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
# An expected move of 100 bps over the horizon, a round trip of 20: its edge must exceed 0.2.
VOLATILITY = 0.01 / math.sqrt(4) / math.sqrt(2 / math.pi)
SETTINGS = MLSettings(horizon_bars=4, cost_bps=10.0, full_edge=0.4)


class _Says:
    """A predictor that says what it is told to."""

    def __init__(self, probability: float = 0.5) -> None:
        self.probability, self.is_ready = probability, True

    def predict(self, values: Sequence[float]) -> Prediction:
        assert len(values) == len(FEATURE_NAMES)
        return Prediction(self.probability, self.is_ready)


def _decide(strategy: MLStrategy, volatility: float = VOLATILITY) -> Opinion:
    values = tuple(volatility if name == "volatility_60" else 0.0 for name in FEATURE_NAMES)
    features = FeaturesComputed(BTC, 1, 0, 100.0, 0.0, values)
    return strategy.decide(
        features, RegimeEstimated(BTC, 1, (1.0, 0.0), RegimeLabel.CALM, features)
    )


@pytest.mark.parametrize(
    ("probability", "target"),
    [(0.5, 0.0), (0.55, 0.0), (0.6, 0.0), (0.7, 0.5), (0.8, 1.0), (1.0, 1.0), (0.3, -0.5), (0, -1)],
)
def test_the_target_is_the_edge_net_of_a_round_trip(probability: float, target: float) -> None:
    opinion = _decide(MLStrategy(_Says(probability), SETTINGS))
    assert opinion == pytest.approx((target, abs(2 * probability - 1)), abs=1e-9)


def test_a_position_is_kept_while_its_gross_edge_pays_for_it() -> None:
    says = _Says(0.7)
    strategy = MLStrategy(says, SETTINGS)
    targets = []
    for says.probability in (0.7, 0.6, 0.55, 0.6, 0.49, 0.6, 0.3):
        targets.append(_decide(strategy).target)
    #           enter, keep, shrink to .1/.4, not regrown, leave, no entry, other side
    assert targets == pytest.approx([0.5, 0.5, 0.25, 0.25, 0.0, 0.0, -0.5], abs=1e-9)


def test_small_moves_cannot_pay_whatever_the_probability() -> None:
    assert _decide(MLStrategy(_Says(0.99), SETTINGS), VOLATILITY / 10).target == 0.0
    assert _decide(MLStrategy(_Says(0.99), SETTINGS), 0.0) == ABSTAIN


def test_a_predictor_that_is_not_ready_abstains() -> None:
    says = _Says(0.9)
    says.is_ready = False
    assert _decide(MLStrategy(says, SETTINGS)) == ABSTAIN


@pytest.mark.parametrize("bad", [math.nan, -0.1, 1.1])
def test_a_probability_that_is_none_raises(bad: float) -> None:
    with pytest.raises(ValueError, match="probability"):
        _decide(MLStrategy(_Says(bad), SETTINGS))
