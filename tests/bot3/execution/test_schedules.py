"""Schedules: their laws, and Almgren and Chriss's own example to a part in a million."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot3.execution.schedules import ImpactModel, almgren_chriss, iceberg, pov, twap, vwap
from tests.bot3.making import d

# The paper's table 1: a stock of 50 $, 5 million a day, 30 % a year, a spread of 1/8.
EXAMPLE = ImpactModel(volatility=0.95, permanent=2.5e-7, temporary=2.5e-6, fixed=0.0625)
SHARES, DAYS, STEPS = 1e6, 5.0, 5
FLAT, MODEST = 1e-30, 1e-6


def test_trading_evenly_costs_what_the_paper_says() -> None:
    even = almgren_chriss(SHARES, DAYS, STEPS, EXAMPLE, 0.0)
    assert even.left == pytest.approx((1e6, 8e5, 6e5, 4e5, 2e5, 0.0))
    assert even.expected_cost == pytest.approx(662_500, rel=1e-6)
    assert even.variance == pytest.approx(1.083e12, rel=1e-6)


def test_the_papers_example_to_a_part_in_a_million() -> None:
    plan = almgren_chriss(SHARES, DAYS, STEPS, EXAMPLE, MODEST)
    assert round(plan.urgency, 4) == 0.6071
    assert plan.expected_cost == pytest.approx(911_227, rel=1e-6)
    assert plan.left[0] == pytest.approx(1e6)
    assert plan.left[-1] == pytest.approx(0, abs=1e-6)


def test_no_neighbor_is_better() -> None:
    """The optimum of cost + λ variance: any other schedule costs more."""
    plan = almgren_chriss(SHARES, DAYS, STEPS, EXAMPLE, MODEST)

    def utility(left: list[float]) -> float:
        tau = DAYS / STEPS
        eta = EXAMPLE.temporary - EXAMPLE.permanent * tau / 2
        sold = [a - b for a, b in itertools.pairwise(left)]
        cost = EXAMPLE.permanent * SHARES**2 / 2 + EXAMPLE.fixed * sum(map(abs, sold))
        cost += eta / tau * sum(each**2 for each in sold)
        return cost + MODEST * EXAMPLE.volatility**2 * tau * sum(each**2 for each in left[1:])

    best = utility([*plan.left])
    assert best == pytest.approx(plan.expected_cost + MODEST * plan.variance)
    for step in range(1, STEPS):
        for change in (-1e3, 1e3):
            other = [*plan.left]
            other[step] += change
            assert utility(other) > best


def test_an_impossible_impact_is_refused() -> None:
    with pytest.raises(ValueError, match="want above"):
        almgren_chriss(1.0, 1.0, 1, ImpactModel(volatility=1, permanent=3, temporary=1), 1.0)


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=20).filter(any), st.floats(0.1, 1e5))
def test_every_schedule_begins_at_nothing_ends_with_all_and_never_falls(
    profile: list[float], duration: float
) -> None:
    plan = almgren_chriss(
        7.0, duration, 6, ImpactModel(volatility=1, permanent=0, temporary=1), 0.1
    )
    for done in (
        lambda at: twap(at, duration),
        lambda at: vwap(at, duration, profile),
        lambda at: plan.done(at / duration),
    ):
        shares = [done(duration * step / 50) for step in range(-2, 55)]
        assert shares[0] == 0
        assert shares[-1] == pytest.approx(1)
        assert all(b >= a - 1e-12 for a, b in itertools.pairwise(shares))


def test_volume_comes_as_its_profile() -> None:
    assert vwap(5.0, 10.0, [3.0, 1.0]) == pytest.approx(0.75)
    assert vwap(7.5, 10.0, [3.0, 1.0]) == pytest.approx(0.875)
    with pytest.raises(ValueError, match="at least one above zero"):
        vwap(1.0, 10.0, [0.0])
    assert math.isclose(twap(0.0, 0.0), 1.0)


def test_participation_and_display_bound_the_next_order() -> None:
    assert pov(d(10), d(30), d("0.1")) == d(3)
    assert pov(d(10), d(300), d("0.1")) == d(10)
    assert pov(d(10), d(-1), d("0.1")) == 0
    assert iceberg(d(10), d(3)) == d(3)
    assert iceberg(d(2), d(3)) == d(2)
