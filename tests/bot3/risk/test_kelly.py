"""Kelly's closed forms, what estimation leaves of them, and caps."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from bot3.risk.kelly import chance_of_falling_to, kelly_of_odds, kelly_shares, shrinkage

SURE = 1e12  # periods: nothing is left to estimate


def test_the_coin() -> None:
    assert kelly_of_odds(0.55) == pytest.approx(0.10)
    assert kelly_of_odds(0.5) == kelly_of_odds(0.3) == 0.0
    assert kelly_of_odds(0.5, gain=2.0) == pytest.approx(0.25)
    assert kelly_of_odds(1.0) == 1.0
    mean, moment = np.array([0.1]), np.array([[1.0]])
    found = kelly_shares(mean, moment, SURE, fraction=1.0, cap=1.0)
    assert found[0] == pytest.approx(0.10, rel=1e-6)
    with pytest.raises(ValueError, match="a bet of"):
        kelly_of_odds(1.1)


def test_the_law_of_drawdowns() -> None:
    assert chance_of_falling_to(0.5, 1.0) == pytest.approx(0.5)
    assert chance_of_falling_to(0.5, 0.5) == pytest.approx(0.125)
    assert chance_of_falling_to(0.5, 0.001) == pytest.approx(0.0)
    with pytest.raises(ValueError, match=r"level 0\.5 at 2"):
        chance_of_falling_to(0.5, 2.0)


def test_what_little_history_leaves() -> None:
    assert shrinkage(0.01, 100) == pytest.approx(0.5)
    assert shrinkage(0.01, 100, assets=3) == pytest.approx(0.25)
    assert shrinkage(0.0, 100) == 0.0
    mean, moment = np.array([0.1]), np.array([[1.0]])
    found = kelly_shares(mean, moment, 100, fraction=0.5, cap=1.0)
    assert found[0] == pytest.approx(0.10 * 0.5 * 0.5, rel=1e-6)


def test_shrinking_grows_wealth_more_than_believing() -> None:
    """Of 4,000 bets each measured over 250 days: the true growth of what was bet."""
    rng = np.random.default_rng(1)
    true = rng.normal(0.0, 0.001, 4_000)
    seen = true + rng.normal(0.0, 0.02 / np.sqrt(250), 4_000)
    growth = {"believed": 0.0, "shrunk": 0.0}
    for mean, estimate in zip(true, seen, strict=True):
        for name, periods in (("believed", SURE), ("shrunk", 250.0)):
            share = kelly_shares(
                np.array([estimate]), np.array([[4e-4]]), periods, fraction=1.0, cap=50.0
            )[0]
            growth[name] += mean * share - share**2 * 4e-4 / 2
    assert growth["believed"] < 0.0 < growth["shrunk"]


@given(st.integers(0, 500))
def test_it_is_the_maximum_under_the_caps(seed: int) -> None:
    rng = np.random.default_rng(seed)
    count = int(rng.integers(1, 5))
    factor = rng.normal(size=(count, count + 2)) * 0.02
    moments, mean = factor @ factor.T, rng.normal(0.0002, 0.0004, count)
    found = kelly_shares(mean, moments, SURE, fraction=1.0, cap=0.4)
    worth = mean > 0.0
    assert ((found >= 0.0) & (found <= 0.4)).all()
    assert (found[~worth] == 0.0).all()
    if not worth.any():
        return
    edge, inner = mean[worth], moments[np.ix_(worth, worth)]

    def lost(f: np.ndarray) -> float:
        return float(f @ inner @ f / 2 - edge @ f) * 1e4

    bounds = [(0.0, 0.4)] * int(worth.sum())
    best = minimize(lost, np.full(len(edge), 0.1), bounds=bounds, method="L-BFGS-B")
    assert lost(found[worth]) <= best.fun + 1e-3


def test_two_of_the_same_bet_share_it() -> None:
    moments = np.full((2, 2), 4e-4)
    found = kelly_shares(np.full(2, 1e-4), moments, SURE, fraction=1.0, cap=1.0)
    assert found.sum() == pytest.approx(0.25, rel=1e-3)


def test_nothing_known_is_nothing_bet() -> None:
    zero = kelly_shares(np.array([0.1]), np.array([[1.0]]), 0.0, fraction=1.0, cap=1.0)
    assert zero.tolist() == [0.0]
    flat = kelly_shares(np.array([0.0]), np.array([[0.0]]), 10.0, fraction=1.0, cap=1.0)
    assert flat.tolist() == [0.0]
