"""Adaptive thresholds: rolling quantiles within bounds, and no flapping."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot3.strategies.thresholds import AdaptiveThreshold, ThresholdSettings

SIGNALS = st.lists(st.floats(-1.0, 1.0), min_size=1, max_size=120)


@given(signals=SIGNALS)
def test_thresholds_are_bounded_rolling_quantiles(signals: list[float]) -> None:
    settings = ThresholdSettings(window=30, start_signals=10)
    threshold = AdaptiveThreshold(settings)
    for at, signal in enumerate(signals):
        recent = np.abs(signals[max(0, at - 30) : at])
        if at < 10:
            assert threshold.entry == settings.entry_max
        else:
            entry = min(max(np.quantile(recent, 0.7), settings.entry_min), settings.entry_max)
            assert threshold.entry == pytest.approx(entry, abs=1e-12)
            exit_ = min(max(np.quantile(recent, 0.4), settings.exit_min), entry)
            assert threshold.exit == pytest.approx(exit_, abs=1e-12)
        threshold.update(signal)


@given(signals=SIGNALS)
def test_in_at_the_entry_out_below_the_exit(signals: list[float]) -> None:
    threshold = AdaptiveThreshold(ThresholdSettings(window=30, start_signals=10))
    before = 0.0
    for signal in signals:
        entry, leave = threshold.entry, threshold.exit
        passed = threshold.update(signal)
        assert passed in (0.0, signal)
        if before * signal > 0.0:
            assert (passed != 0.0) == (abs(signal) >= leave)
        else:
            assert (passed != 0.0) == (abs(signal) >= entry)
        before = passed


def test_a_signal_that_hovers_does_not_flap() -> None:
    threshold = AdaptiveThreshold()
    dice = np.random.default_rng(0)
    for signal in dice.uniform(-0.5, 0.5, 500).tolist():
        threshold.update(signal)
    entry = threshold.entry
    hovering = [entry + 0.01 * (-1) ** i for i in range(40)]
    on = [threshold.update(signal) != 0.0 for signal in hovering]
    assert all(on)


@pytest.mark.parametrize("bad", [math.nan, math.inf, 1.5])
def test_a_signal_that_is_none_raises(bad: float) -> None:
    with pytest.raises(ValueError, match="signal"):
        AdaptiveThreshold().update(bad)


def test_settings_upside_down_are_refused() -> None:
    with pytest.raises(ValueError, match="entry_max"):
        ThresholdSettings(entry_min=0.6, entry_max=0.5)
    with pytest.raises(ValueError, match="exit above entry"):
        ThresholdSettings(entry_quantile=0.3, exit_quantile=0.5)
