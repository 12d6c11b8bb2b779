"""Rest or cross: the formula against simulated prices, and what tips the scales."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot3.execution.choice import Costs, costs_of, fill_probability
from bot3.execution.venue_record import PRIOR_RESTS, VenueRecord
from bot3.execution.volatility import QuoteVolatility
from tests.bot3.making import SECOND_NS, START_NS

GIVEN = {
    "half_spread_bps": 2.0,
    "maker_fee_bps": 8.0,
    "taker_fee_bps": 10.0,
    "fill_probability": 0.4,
    "patience_s": 10.0,
    "penalty_bps": 0.0,
    "waiting_bps_per_s": 0.0,
}


def test_against_ten_thousand_simulated_prices() -> None:
    """A buyer rests `half spread` below a driftless mid, and crosses when patience is over.

    The steps are short beside the barrier: the discrete path crosses a little less often than the
    continuous one (Broadie, Glasserman and Kou 1997: a barrier 0.5826 sigma sqrt(dt) further).
    """
    steps, patience_s, volatility, distance = 400, 10.0, 1.0, 2.0
    step_bps = volatility * math.sqrt(patience_s / steps)
    dice = np.random.default_rng(7)
    moves = dice.standard_normal((10_000, steps)) * step_bps
    paths = np.cumsum(moves, axis=1)
    is_filled = paths.min(axis=1) <= -(distance - 0.5826 * step_bps)
    probability = fill_probability(distance, volatility, patience_s)
    assert is_filled.mean() == pytest.approx(probability, abs=3 * 0.5 / 100)
    paid = np.where(is_filled, -distance + 8.0, paths[:, -1] + distance + 10.0)
    found = costs_of(**{**GIVEN, "fill_probability": probability})
    error = paid.std() / 100
    assert found.resting_bps == pytest.approx(paid.mean(), abs=3 * error + 0.1)
    assert found.crossing_bps == distance + 10.0


def test_known_probabilities() -> None:
    assert fill_probability(0.0, 1.0, 1.0) == 1.0
    assert fill_probability(1.0, 1.0, 1.0) == pytest.approx(0.3173105)
    assert fill_probability(1.0, 0.0, 1.0) == fill_probability(1.0, 1.0, 0.0) == 0.0


def test_a_signal_that_fades_fast_is_worth_the_spread() -> None:
    assert costs_of(**GIVEN).is_resting_cheaper
    fading = costs_of(**{**GIVEN, "waiting_bps_per_s": 0.5})
    assert fading.resting_bps == pytest.approx(0.4 * 8 + 0.6 * 12 + 0.5 * 10 * 0.8)
    assert not fading.is_resting_cheaper
    assert costs_of(
        **{**GIVEN, "half_spread_bps": 20.0, "waiting_bps_per_s": 0.5}
    ).is_resting_cheaper
    assert costs_of(**{**GIVEN, "penalty_bps": 20.0, "waiting_bps_per_s": 0.5}).is_resting_cheaper
    assert Costs(resting_bps=1.0, crossing_bps=1.0).is_resting_cheaper


@given(st.floats(0, 1), st.floats(0, 50), st.floats(0, 20), st.floats(0, 20))
def test_without_decay_resting_never_costs_more_where_its_fee_is_not_higher(
    probability: float, half_spread_bps: float, fee: float, dearer: float
) -> None:
    found = costs_of(
        half_spread_bps=half_spread_bps,
        maker_fee_bps=fee,
        taker_fee_bps=fee + dearer,
        fill_probability=probability,
        patience_s=20.0,
        penalty_bps=0.0,
        waiting_bps_per_s=0.0,
    )
    assert found.resting_bps <= found.crossing_bps + 1e-9


def test_a_record_starts_from_the_model_and_learns() -> None:
    record = VenueRecord()
    assert record.fill_probability(0.3) == pytest.approx(0.3)
    for _ in range(20):
        record.on_rest(1.0)
    assert record.fill_probability(0.3) == pytest.approx(
        (PRIOR_RESTS * 0.3 + 20) / (PRIOR_RESTS + 20)
    )
    for _ in range(500):
        record.on_answer(0.05)
    assert record.fill_probability(0.3) == pytest.approx(0.3, abs=0.01)  # it may be tried again


def test_late_answers_and_failures_cost_and_are_forgotten() -> None:
    record, prompt = VenueRecord(), VenueRecord()
    for _ in range(50):
        record.on_answer(2.0)
        prompt.on_answer(0.01)
    assert record.latency_s == pytest.approx(2.0, abs=0.02)
    late, early = record.penalty_bps(5.0, 2.0), prompt.penalty_bps(5.0, 2.0)
    assert late == pytest.approx(5 * math.sqrt(2 / (2 * math.pi)), rel=0.01)
    assert early == pytest.approx(5 * math.sqrt(0.01 / (2 * math.pi)), rel=0.1)
    for _ in range(10):
        prompt.on_outcome(has_failed=True)
    assert prompt.failure_rate == pytest.approx(1 - 0.9**10)
    assert prompt.penalty_bps(5.0, 2.0) > early + 0.6 * late
    for _ in range(50):
        prompt.on_answer(0.01)
    assert prompt.penalty_bps(5.0, 2.0) == pytest.approx(early, rel=0.1)
    assert record.penalty_bps(0.0, 2.0) == 0.0


def test_volatility_is_the_root_of_squared_moves_by_time() -> None:
    dice = np.random.default_rng(3)
    seen, mid, now_ns = QuoteVolatility(), 100.0, START_NS
    assert seen.bps_per_root_s == 0.0
    for _ in range(4_000):
        wait_s = float(dice.uniform(0.01, 0.3))
        now_ns += int(wait_s * SECOND_NS)
        mid *= math.exp(float(dice.standard_normal()) * 3e-4 * math.sqrt(wait_s))
        seen.on_mid(mid, now_ns)
    assert seen.bps_per_root_s == pytest.approx(3.0, rel=0.1)
    before = seen.bps_per_root_s
    seen.on_mid(mid * 2, now_ns)  # no time has passed: it says nothing
    seen.on_mid(mid * 2, now_ns - SECOND_NS)
    assert seen.bps_per_root_s == before
    seen.on_mid(mid, now_ns + 3_600 * SECOND_NS)
    assert seen.bps_per_root_s == pytest.approx(0.0, abs=0.01)  # an hour of nothing
