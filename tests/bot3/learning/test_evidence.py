"""A bet on forecasts: luck does not win it however often it is looked at, what comes true does."""

from __future__ import annotations

from itertools import product
from math import exp, sqrt

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bot3.learning.evidence import Evidence

_SIZES = st.floats(min_value=0.0, max_value=3.0)
_STAKES = st.floats(min_value=-2.0, max_value=2.0)


@given(
    st.lists(st.tuples(_STAKES, _STAKES, _SIZES), min_size=1, max_size=6),
    st.floats(min_value=2.0, max_value=1_000.0),
)
def test_where_moves_are_symmetric_the_wealth_is_at_most_one_in_the_mean(
    bars: list[tuple[float, float, float]], memory_bars: float
) -> None:
    """Over all that can come: each move goes up or down, a stake may depend on the move before."""
    ends = []
    for signs in product((-1.0, 1.0), repeat=len(bars)):
        evidence, before = Evidence(memory_bars), 1.0
        for (after_up, after_down, size), sign in zip(bars, signs, strict=True):
            evidence.update(after_up if before > 0.0 else after_down, sign * size)
            before = sign
        ends.append(exp(evidence.log_wealth))
    assert sum(ends) / len(ends) <= 1.0 + 1e-9


def test_luck_is_not_believed_though_it_passes_a_deviation_in_most_runs() -> None:
    dice, passed = np.random.default_rng(11), 0
    for _ in range(10):
        evidence, won, squares, most = Evidence(12_000.0), 0.0, 0.0, 0.0
        moves = dice.standard_t(4, size=5_000).tolist()  # fat tails
        for expected, moved in zip(dice.normal(0.0, 0.1, 5_000).tolist(), moves, strict=True):
            evidence.update(expected, moved)
            assert not evidence.is_believed
            won, squares = won + expected * moved, squares + (expected * moved) ** 2
            most = max(most, won / sqrt(squares))
        passed += most > 1.0
    assert passed > 5


def test_what_comes_true_is_believed_even_where_it_is_a_quarter_of_what_was_expected() -> None:
    for part in (1.0, 0.25):
        dice, evidence = np.random.default_rng(12), Evidence(12_000.0)
        for expected, noise in dice.normal(0.0, (0.2, 1.0), (10_000, 2)).tolist():
            evidence.update(expected, part * expected + noise)
        assert evidence.is_believed


def test_what_comes_the_other_way_round_is_not() -> None:
    dice, evidence = np.random.default_rng(13), Evidence(12_000.0)
    for expected, noise in dice.normal(0.0, (0.2, 1.0), (2_000, 2)).tolist():
        evidence.update(expected, noise - expected)
    assert not evidence.is_believed


def test_belief_stays_until_the_unit_is_lost() -> None:
    evidence = Evidence(1_000.0)
    while not evidence.is_believed:
        evidence.update(0.3, 1.0)
    doubted = 0
    while evidence.is_believed:
        before = evidence.log_wealth
        evidence.update(0.3, -1.0)
        doubted += evidence.log_wealth < 6.9
    assert doubted > 10
    assert before >= 0.0 > evidence.log_wealth


def test_old_evidence_fades() -> None:
    evidence = Evidence(100.0)
    for _ in range(200):
        evidence.update(0.5, 1.0)
    wealth = evidence.log_wealth
    for _ in range(200):
        evidence.update(0.0, 1.0)
    assert 0.0 < evidence.log_wealth < wealth / 5.0
