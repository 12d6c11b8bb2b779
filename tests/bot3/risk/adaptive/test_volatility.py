"""GARCH by its library, averages by hand, and how instruments fall together."""

from __future__ import annotations

import math

import numpy as np
import pytest
from arch import arch_model
from hypothesis import given
from hypothesis import strategies as st

from bot3.domain.errors import DataError
from bot3.domain.values import InstrumentId, Symbol
from bot3.risk.adaptive.comovement import NORMAL_TAIL, STRESS, Comovement
from bot3.risk.adaptive.garch import Garch, GarchParameters, fit_garch
from bot3.risk.adaptive.rows import AlignedRows
from bot3.risk.adaptive.volatility import Volatility
from tests.bot3.making import KEY, VENUE

ETHER = InstrumentId(VENUE, Symbol("ETH/USDT"))
TRUE = GarchParameters(2e-6, 0.1, 0.85)


def simulated(parameters: GarchParameters, rows: int, seed: int) -> np.ndarray:
    rng, model, found = np.random.default_rng(seed), Garch(parameters), []
    for _ in range(rows):
        found.append(rng.normal() * math.sqrt(model.variance))
        model.update(found[-1])
    return np.array(found)


def test_the_fit_and_the_recursion_are_the_library_s() -> None:
    returns = simulated(TRUE, 3_000, 5)
    ours = fit_garch(returns)
    theirs = arch_model(returns * 1e3, vol="GARCH", rescale=False).fit(disp="off")
    mean, omega, alpha, beta = theirs.params
    assert ours.alpha == pytest.approx(alpha, abs=1e-3)
    assert ours.beta == pytest.approx(beta, abs=1e-3)
    assert ours.omega * 1e6 == pytest.approx(omega, rel=0.02)
    exact = GarchParameters(omega / 1e6, alpha, beta, mean / 1e3)
    variances = (theirs.conditional_volatility / 1e3) ** 2
    model = Garch(exact, float(variances[0]))
    for value, variance in zip(returns.tolist(), variances, strict=True):
        assert model.variance == pytest.approx(variance, rel=1e-8)
        model.update(value)


def test_a_known_process_is_found() -> None:
    found = fit_garch(simulated(TRUE, 8_000, 1))
    assert found.alpha == pytest.approx(TRUE.alpha, abs=0.03)
    assert found.beta == pytest.approx(TRUE.beta, abs=0.05)
    assert found.long_run == pytest.approx(TRUE.long_run, rel=0.2)


def test_a_forecast_is_the_mean_of_the_steps_ahead() -> None:
    model = Garch(TRUE, 1e-3)
    steps, variance = [], model.variance
    for _ in range(25):
        steps.append(variance)
        variance = TRUE.omega + TRUE.persistence * variance
    assert model.forecast(25) == pytest.approx(np.mean(steps))
    assert model.forecast(10**9) == pytest.approx(TRUE.long_run, rel=1e-3)


@pytest.mark.parametrize(
    "bad", [(0.0, 0.1, 0.8), (1e-6, 0.3, 0.7), (1e-6, -0.1, 0.8), (math.nan, 0.1, 0.8)]
)
def test_what_explodes_is_refused(bad: tuple[float, float, float]) -> None:
    with pytest.raises(ValueError, match="no variance that stays finite"):
        GarchParameters(*bad)


def test_too_little_is_not_fitted() -> None:
    with pytest.raises(DataError, match="want 500 that vary"):
        fit_garch(np.zeros(1_000))
    with pytest.raises(DataError, match="10 returns"):
        fit_garch(np.ones(10))
    with pytest.raises(ValueError, match="a return of nan"):
        Garch(TRUE).update(math.nan)


def test_the_larger_of_past_and_forecast_counts() -> None:
    known = Volatility(100)
    for sign in [1, -1] * 15:
        assert known.latest is None
        known.update(sign * 0.01)
    assert known.latest == pytest.approx(0.01)
    known.fit(GarchParameters(4e-4 * 0.1, 0.1, 0.8))  # its variance is returning to .02 squared
    assert known.latest is not None
    assert 0.01 < known.latest < 0.02
    known.fit(GarchParameters(1e-8, 0.1, 0.8))
    assert known.latest == pytest.approx(0.01)


def test_a_row_is_of_one_moment() -> None:
    rows = AlignedRows([KEY, ETHER])
    assert rows.put(KEY, 1, 0.5) is None
    assert rows.put(ETHER, 1, 0.7) is None
    first = rows.put(KEY, 2, 0.1)
    assert first is not None
    assert first.tolist() == [0.5, 0.7]
    assert rows.put(ETHER, 1, 9.0) is None  # late
    second = rows.put(KEY, 3, 0.2)
    assert second is not None
    assert second[0] == 0.1
    assert math.isnan(second[1])


def together(first: np.ndarray, second: np.ndarray) -> Comovement:
    made = Comovement([KEY, ETHER], 200)
    for ts_ns, (one, other) in enumerate(zip(first.tolist(), second.tolist(), strict=True), 1):
        made.update(KEY, ts_ns, one)
        made.update(ETHER, ts_ns, other)
    return made


def test_correlations_are_those_of_the_returns_and_stressed() -> None:
    rng = np.random.default_rng(3)
    one, other = rng.normal(size=(2, 3_000))
    apart, same = together(one, other), together(one, one)
    assert apart.correlations()[0, 1] == pytest.approx(STRESS, abs=0.12)
    assert same.correlations()[0, 1] == pytest.approx(1.0)
    assert together(one, -one).correlations()[0, 1] == pytest.approx(2 * STRESS - 1)
    assert Comovement([KEY, ETHER], 200).correlations()[0, 1] == 1.0  # not known: the same


def test_fat_tails_cost_more_and_thin_ones_not_less() -> None:
    rng = np.random.default_rng(4)
    fat = rng.standard_t(3, 3_000) / math.sqrt(3.0)
    thin = rng.uniform(-1.7, 1.7, 3_000)
    assert together(fat, fat).tail > NORMAL_TAIL + 0.3
    assert together(thin, thin).tail == NORMAL_TAIL
    normal = rng.normal(size=3_000)
    assert together(normal, normal).tail == pytest.approx(NORMAL_TAIL, rel=0.1)


@given(
    st.lists(st.floats(0.0, 1.0), min_size=2, max_size=2),
    st.lists(st.floats(0.0, 0.1), min_size=2, max_size=2),
    st.floats(-1.0, 1.0),
)
def test_a_book_loses_at_most_what_its_members_lose(
    exposures: list[float], volatilities: list[float], share: float
) -> None:
    rng = np.random.default_rng(1)
    one, other = rng.normal(size=(2, 400))
    made = together(one, share * one + math.sqrt(1 - share**2) * other)
    book = made.shortfall(np.array(exposures), np.array(volatilities))
    alone = made.tail * sum(x * v for x, v in zip(exposures, volatilities, strict=True))
    assert 0.0 <= book <= alone * (1 + 1e-9) + 1e-12
