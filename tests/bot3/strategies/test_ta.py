"""Technical analysis: each family speaks in its own market, in its own direction."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot3.domain.values import InstrumentId, Symbol, VenueName
from bot3.market.features import FEATURE_NAMES
from bot3.messages.minds import FeaturesComputed, RegimeEstimated, RegimeLabel
from bot3.strategies.base import ABSTAIN, Opinion
from bot3.strategies.payoff import PayoffSettings
from bot3.strategies.ta import TASettings, TAStrategy
from bot3.strategies.thresholds import AdaptiveThreshold, ThresholdSettings

BTC = InstrumentId(VenueName("binance"), Symbol("BTC/USDT"))
NEUTRAL = {
    "volatility_5": 0.001,
    "volatility_20": 0.001,
    "volatility_60": 0.001,
    "rsi_14": 50.0,
    "bollinger_b": 0.5,
    "atr_14": 0.002,
    "adx_14": 10.0,
}


def _decide(volatile: float = 0.0, **changed: float) -> Opinion:
    return _with(TAStrategy(), 0.0, volatile=volatile, **changed)


def _with(
    strategy: TAStrategy,
    log_return: float,
    label: RegimeLabel = RegimeLabel.CALM,
    volatile: float = 0.0,
    **changed: float,
) -> Opinion:
    named = {**NEUTRAL, **changed}
    values = tuple(named.get(name, 0.0) for name in FEATURE_NAMES)
    features = FeaturesComputed(BTC, 1, 0, 100.0, log_return, values)
    chances = (1.0 - volatile, volatile)
    return strategy.decide(features, RegimeEstimated(BTC, 1, chances, label, features))


def test_calm_markets_revert() -> None:
    fallen = -3.0 * 0.001 * math.sqrt(5)
    oversold = _decide(rsi_14=25.0, bollinger_b=-0.1, log_return_5=fallen)
    assert oversold == Opinion(1.0, 1.0)
    assert _decide(rsi_14=60.0, bollinger_b=0.75) == pytest.approx((-0.6 * 0.5, 1.0))
    assert _decide() == ABSTAIN


def test_directed_markets_trend() -> None:
    rising = _decide(adx_14=35.0, ema_distance=0.002, rsi_14=80.0, bollinger_b=1.1)
    assert rising.target == pytest.approx(0.6 * 0.7 * math.tanh(1.0))
    hour = -2.0 * 0.001 * math.sqrt(60)
    falling = _decide(adx_14=35.0, ema_distance=-0.004, macd_histogram=-0.001, log_return_60=hour)
    assert falling.target == pytest.approx(-math.tanh(2.0))


def test_wild_markets_break_out_with_half_the_size_and_only_beyond_the_usual_move() -> None:
    move, longer = 0.001 * math.sqrt(20), 0.001 * math.sqrt(60)
    both = _decide(1.0, log_return_20=3 * move, log_return_60=3 * longer, volume_score=4.0)
    assert both.target == pytest.approx(0.25)
    short = _decide(1.0, log_return_20=-3 * move, volume_score=-1.0)
    assert short.target == pytest.approx(-0.25 * 0.6 * 0.5)
    half = _decide(1.0, log_return_20=1.5 * move, volume_score=2.0)
    assert half.target == pytest.approx(0.25 * 0.6 * 0.5)
    assert _decide(1.0, log_return_20=0.9 * move, rsi_14=10.0) == ABSTAIN


def test_volatility_that_expands_goes_with_its_move() -> None:
    move = {"log_return_5": 2.0 * 0.002 * math.sqrt(5), "volatility_5": 0.002}
    assert _decide(1.0, **move).target == pytest.approx(0.25 * 0.6)
    assert _decide(1.0, **move, volatility_20=0.002).target == pytest.approx(0.25)
    assert _decide(1.0, **{**move, "log_return_5": -1.0}).target == pytest.approx(-0.25 * 0.6)
    assert _decide(1.0, **{**move, "volatility_5": 0.0009}) == ABSTAIN


def test_signals_that_are_known_not_to_pay_are_not_said() -> None:
    """Each oversold bar is followed by a fall: after enough of them, in that regime, silence."""
    payoff = PayoffSettings(horizon_bars=1, evidence=50)
    strategy = TAStrategy(
        threshold=AdaptiveThreshold(ThresholdSettings(payoff=payoff)), cost_bps=5.0
    )
    said = [_with(strategy, -0.003, rsi_14=25.0, bollinger_b=-0.1) for _ in range(120)]
    assert said[5].target > 0.5
    assert said[-1] == ABSTAIN
    elsewhere = _with(strategy, 0.0, RegimeLabel.VOLATILE, rsi_14=25.0, bollinger_b=-0.1)
    assert elsewhere.target > 0.5


def test_families_that_disagree_lower_the_confidence() -> None:
    agreed = _decide(adx_14=22.5, ema_distance=0.002, rsi_14=40.0)
    torn = _decide(adx_14=22.5, ema_distance=0.002, rsi_14=60.0)
    assert agreed.confidence == pytest.approx(1.0)
    assert torn.confidence < 0.6


def test_a_market_that_does_not_move_has_no_opinion() -> None:
    assert _decide(atr_14=0.0, rsi_14=10.0) == ABSTAIN
    assert _decide(1.0, volatility_20=0.0, volatility_60=0.0, log_return_20=0.0) == ABSTAIN


@given(
    values=st.lists(st.floats(-1e6, 1e6), min_size=len(FEATURE_NAMES), max_size=len(FEATURE_NAMES)),
    volatile=st.floats(0.0, 1.0),
)
def test_an_opinion_is_always_within_its_range(values: list[float], volatile: float) -> None:
    opinion = _decide(volatile, **dict(zip(FEATURE_NAMES, values, strict=True)))
    assert -1.0 <= opinion.target <= 1.0
    assert 0.0 <= opinion.confidence <= 1.0


@pytest.mark.parametrize("name", ["rsi_14", "day_sine"])
def test_a_feature_that_is_no_number_raises(name: str) -> None:
    with pytest.raises(ValueError, match="unusable features"):
        _decide(**{name: math.nan})


def test_a_regime_that_is_no_probability_raises() -> None:
    with pytest.raises(ValueError, match="unusable regime"):
        _decide(math.nan)


def test_settings_upside_down_are_refused() -> None:
    with pytest.raises(ValueError, match="above"):
        TASettings(adx_none=30.0, adx_full=20.0)
