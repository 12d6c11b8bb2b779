"""Losses of targets, net of cost."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot3.learning.performance import RealizedCost, loss_of, net_return

TARGETS = st.floats(-1.0, 1.0)


def test_known_values() -> None:
    up = math.log(1.01)
    assert net_return(up, 0.5, 0.5, 10.0) == pytest.approx(0.005)
    assert net_return(up, 0.5, -0.5, 10.0) == pytest.approx(0.004)
    assert net_return(0.0, 1.0, 0.0, 10.0) == pytest.approx(-0.001)  # turnover alone costs
    assert loss_of(0.005, 0.01) == pytest.approx(0.25)
    assert loss_of(-0.01, 0.01) == pytest.approx(1.0)
    assert loss_of(0.0, 0.01) == loss_of(1.0, 0.0) == 0.5


@given(st.floats(-5.0, 5.0), TARGETS, TARGETS)
def test_a_loss_is_in_zero_to_one(log_return: float, target: float, before: float) -> None:
    assert 0.0 <= loss_of(net_return(log_return, target, before, 10.0), 0.01) <= 1.0


@pytest.mark.parametrize(
    ("log_return", "target", "before"),
    [(math.nan, 0.0, 0.0), (math.inf, 0.0, 0.0), (0.0, 1.1, 0.0), (0.0, 0.0, math.nan)],
)
def test_bad_numbers_raise(log_return: float, target: float, before: float) -> None:
    with pytest.raises(ValueError, match="on target"):
        net_return(log_return, target, before, 10.0)


def test_a_cost_follows_its_fills_from_the_prior_and_is_never_negative() -> None:
    cost = RealizedCost(10.0)
    assert cost.bps == 10.0
    cost.update(31.0)
    assert cost.bps == pytest.approx(11.0)  # one of twenty-one
    for _ in range(2_000):
        cost.update(-5.0)
    assert cost.bps == 0.0
    cost.update(1e9)
    assert cost.bps < 10.0
    with pytest.raises(ValueError, match="cost"):
        cost.update(math.nan)
