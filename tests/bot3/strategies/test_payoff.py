"""What signals paid: counted when it is known, by regime and strength."""

from __future__ import annotations

from bot3.strategies.payoff import Payoff, PayoffSettings
from bot3.strategies.thresholds import AdaptiveThreshold, ThresholdSettings

SETTINGS = PayoffSettings(horizon_bars=3, evidence=20, memory=100)


def _fed(signal: float, log_return: float, bars: int = 60, regime: str = "calm") -> Payoff:
    payoff = Payoff(SETTINGS)
    for _ in range(bars):
        payoff.learn(log_return)
        payoff.watch(regime, signal)
    return payoff


def test_nothing_is_said_not_to_pay_before_the_evidence() -> None:
    assert _fed(0.9, -0.01, bars=22).pays("calm", 0.9, 10.0)
    assert not _fed(0.9, -0.01, bars=26).pays("calm", 0.9, 10.0)


def test_a_signal_pays_what_its_direction_returned_over_the_horizon() -> None:
    up = _fed(0.9, 5e-4)  # 15 bps in three bars
    assert up.pays("calm", 0.9, 14.9)
    assert not up.pays("calm", 0.9, 15.1)
    down = _fed(-0.9, -5e-4)
    assert down.pays("calm", 0.9, 14.9)
    assert not _fed(-0.9, 5e-4).pays("calm", 0.9, -14.9)


def test_other_regimes_and_stronger_signals_are_not_judged_by_it() -> None:
    weak = _fed(0.2, -0.01)
    assert not weak.pays("calm", 0.2, 0.0)
    assert weak.pays("calm", 0.8, 0.0)
    assert weak.pays("wild", 0.2, 0.0)


def test_a_threshold_stops_entering_and_leaves_what_loses() -> None:
    threshold = AdaptiveThreshold(ThresholdSettings(payoff=SETTINGS), cost_bps=10.0)
    passed = [threshold.update(0.9, -5e-4, "calm") for _ in range(120)]
    assert passed[5] == 0.9
    assert passed[-1] == 0.0
    assert threshold.update(0.9, -5e-4, "wild") == 0.9
    deaf = AdaptiveThreshold(ThresholdSettings(payoff=SETTINGS))
    assert [deaf.update(0.9, -5e-4, "calm") for _ in range(120)][-1] == 0.9
