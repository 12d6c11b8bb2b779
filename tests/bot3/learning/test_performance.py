"""Losses of targets, net of cost."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot3.learning.performance import PerformanceSettings, loss, net_return

SETTINGS = PerformanceSettings(cost_bps=10.0, return_scale_bps=100.0)
TARGETS = st.floats(-1.0, 1.0)


def test_known_values() -> None:
    up = math.log(1.01)
    assert net_return(up, 0.5, 0.5, 10.0) == pytest.approx(0.005)
    assert net_return(up, 0.5, -0.5, 10.0) == pytest.approx(0.004)
    assert loss(up, 0.5, 0.5, SETTINGS) == pytest.approx(0.25)
    assert loss(up, -1.0, -1.0, SETTINGS) == pytest.approx(1.0)
    assert loss(0.0, 0.0, 0.0, SETTINGS) == 0.5
    assert loss(0.0, 1.0, 0.0, SETTINGS) > 0.5  # turnover alone costs


@given(st.floats(-5.0, 5.0), TARGETS, TARGETS)
def test_a_loss_is_in_zero_to_one(log_return: float, target: float, before: float) -> None:
    assert 0.0 <= loss(log_return, target, before, SETTINGS) <= 1.0


@pytest.mark.parametrize(
    ("log_return", "target", "before"),
    [(math.nan, 0.0, 0.0), (math.inf, 0.0, 0.0), (0.0, 1.1, 0.0), (0.0, 0.0, math.nan)],
)
def test_bad_numbers_raise(log_return: float, target: float, before: float) -> None:
    with pytest.raises(ValueError, match="on target"):
        loss(log_return, target, before, SETTINGS)
