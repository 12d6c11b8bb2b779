"""Allocation: a closed form, limits that bind, noise that gets nothing, words without promises."""

from __future__ import annotations

import math

import attrs
import numpy as np
import pytest

from bot3.domain.errors import DataError
from bot3.domain.values import InstrumentId, Symbol
from bot3.portfolio.allocation import Allocation, AllocationLimits, APYOptimizer
from bot3.portfolio.sleeves import Sleeve, SleeveBook
from bot3.portfolio.statistics.returns import expected_shortfall
from tests.bot3.making import KEY, SECOND_NS, VENUE

FREE = AllocationLimits(shortfall_max=0.0, drawdown_max=1.0)
ETHER = InstrumentId(VENUE, Symbol("ETH/USDT"))


def allocate(
    returns: np.ndarray, day_share: float, limits: AllocationLimits, seed: int
) -> Allocation:
    return APYOptimizer(limits).allocate(returns, day_share, seed)


def alternating(mean: float, deviation: float, periods: int) -> np.ndarray:
    return mean + deviation * np.where(np.arange(periods) % 2, 1.0, -1.0)


def test_one_sleeve_gets_what_the_bound_says() -> None:
    """max w m - w^2 s2 / 2 - z w d / sqrt(T): w = (m - z d / sqrt T) / s2."""
    returns = alternating(0.002, 0.05, 1_000)[:, None]
    deviation = float(np.std(returns, ddof=1))
    second = float(np.mean(returns**2))
    found = allocate(returns, 1.0, FREE, 1)
    wanted = (0.002 - 1.645 * deviation / math.sqrt(1_000)) / second
    assert wanted < 0.0
    assert found.weights == (0.0,)
    returns = alternating(0.004, 0.05, 4_000)[:, None]
    deviation, second = float(np.std(returns, ddof=1)), float(np.mean(returns**2))
    wanted = (0.004 - 1.645 * deviation / math.sqrt(4_000)) / second
    assert 0.0 < wanted < 1.2
    found = allocate(returns, 1.0, FREE, 1)
    assert found.weights[0] == pytest.approx(min(wanted, 1.0), rel=1e-3)


def edges(seed: int, periods: int = 730) -> np.ndarray:
    """Three sleeves of 1.5 % a day, of which the first earns .3 %."""
    returns = np.random.default_rng(seed).standard_t(4, (periods, 3)) * 0.015
    returns[:, 0] += 0.003
    return returns


@pytest.mark.parametrize("seed", range(3))
def test_every_limit_holds(seed: int) -> None:
    returns = edges(seed)
    for limits in (
        AllocationLimits(shortfall_max=0.005),
        AllocationLimits(drawdown_max=0.03, shortfall_max=0.0),
        AllocationLimits(cap=0.1),
        AllocationLimits(total=0.2, shortfall_max=0.0, drawdown_max=1.0),
    ):
        found = allocate(returns, 1.0, limits, 1)
        weights = np.array(found.weights)
        earned = returns @ weights
        path = np.concatenate(([0.0], np.cumsum(earned)))
        assert found.weights[0] > 0.0
        assert weights.max() <= limits.cap
        assert weights.sum() <= limits.total + 1e-6
        assert found.cash == pytest.approx(1.0 - weights.sum())
        assert (np.maximum.accumulate(path) - path).max() <= limits.drawdown_max + 1e-6
        lost = expected_shortfall(earned)
        assert lost is not None
        if limits.shortfall_max:
            assert -lost <= limits.shortfall_max * 1.05


def test_noise_supports_nothing_more_often_than_it_may() -> None:
    supported = 0
    for seed in range(25):
        returns = np.random.default_rng(seed).standard_t(4, (250, 4)) * 0.015
        limits = attrs.evolve(FREE, target_apy=0.01)
        supported += allocate(returns, 1.0, limits, seed).is_supported
    assert supported <= 3


def test_words_say_what_the_figures_say() -> None:
    low, high = (
        allocate(edges(1), 1.0, attrs.evolve(FREE, target_apy=target), 1) for target in (0.1, 9.0)
    )
    assert low.is_supported
    assert low.words.startswith("10% a year is supported: ")
    assert not high.is_supported
    assert "900% a year is not supported: the supported figure is" in high.words
    assert low.apy_low is not None
    assert f"[{low.apy_low:.1%}, {low.apy_high:.1%}]" in low.words


def test_nothing_is_said_of_a_year_before_ninety_days() -> None:
    found: Allocation = allocate(edges(1, 2_000), 89.0 / 2_000, FREE, 1)
    assert (found.apy, found.apy_low, found.is_supported) == (None, None, False)
    assert "89 days of results, 90 are needed" in found.words
    assert allocate(edges(1, 2_000), 90.0 / 2_000, FREE, 1).apy is not None


def test_no_growth_after_costs_is_cash() -> None:
    found = allocate(edges(1)[:, 1:] - 0.002, 1.0, FREE, 1)
    assert (found.weights, found.cash, found.is_supported) == ((0.0, 0.0), 1.0, False)
    assert "730 days show no growth after costs" in found.words


@pytest.mark.parametrize(
    ("returns", "words"),
    [
        (np.zeros((19, 2)), "19 periods of 2 sleeves"),
        (np.full((50, 1), np.nan), "no number"),
        (np.full((50, 1), -1.0), "loses more than everything"),
        (np.full((50, 1), 1_000.0), "want simple returns, not equity"),
    ],
)
def test_too_little_or_no_numbers_are_refused(returns: np.ndarray, words: str) -> None:
    with pytest.raises(DataError, match=words):
        allocate(returns, 1.0, FREE, 1)


def test_sleeves_of_one_instrument_share_a_cap() -> None:
    """Two strategies that earn the same, and one elsewhere: one position is one position."""
    returns = np.random.default_rng(1).normal(0.004, 0.01, (730, 3))
    free = allocate(returns, 1.0, attrs.evolve(FREE, cap=0.1), 1)
    assert free.weights == pytest.approx((0.1, 0.1, 0.1), abs=1e-4)
    bound = allocate(returns, 1.0, attrs.evolve(FREE, cap=0.1, groups=((0, 2), (1,))), 1)
    assert bound.weights[0] + bound.weights[2] == pytest.approx(0.1, abs=1e-4)
    assert bound.weights[1] == pytest.approx(0.1, abs=1e-4)


HYBRID, OTHER = Sleeve("hybrid", KEY), Sleeve("hybrid", ETHER)


def book(**given: object) -> SleeveBook:
    settings = {"block_ns": 10 * SECOND_NS, "cost_bps": 10.0, "rebalance_band": 0.3, **given}
    return SleeveBook([HYBRID, OTHER], **settings)


def bars(made: SleeveBook, first: int, last: int, moved: float = 0.001) -> None:
    for second in range(first, last + 1):
        for key in (KEY, ETHER):
            made.on_bar(key, second * SECOND_NS, moved)


def test_a_block_has_what_targets_earned_after_costs() -> None:
    made = book()
    bars(made, 1, 10)  # the first block was not seen to begin
    made.on_target("hybrid", KEY, 0.5)
    made.on_target("ta", KEY, 1.0)  # no sleeve of ours
    made.on_target("hybrid", ETHER, -1.0)  # spot
    bars(made, 11, 21)
    move = math.expm1(0.001)
    wanted = (1 + 0.5 * move - 0.0005) * (1 + 0.5 * move) ** 9 - 1
    assert made.returns().tolist() == [[pytest.approx(wanted), 0.0]]


def test_strategies_of_one_instrument_are_a_group() -> None:
    sleeves = [Sleeve(name, key) for name in ("ta", "ml") for key in (KEY, ETHER)]
    made = SleeveBook(sleeves, block_ns=SECOND_NS, cost_bps=0.0, rebalance_band=0.3)
    assert made.groups == ((0, 2), (1, 3))


def test_a_gap_is_not_a_block() -> None:
    made = book()
    bars(made, 1, 25)
    bars(made, 45, 62)
    # Seconds 11 to 20 are whole; 21 to 25 broke off; 41 to 50 were not seen to begin.
    assert len(made.returns()) == 2
    assert sorted(made.kept()[1]) == [1, 5]


def test_many_blocks_become_half_as_many_twice_as_long() -> None:
    made = book(blocks_max=8)
    made.on_target("hybrid", KEY, 1.0)
    bars(made, 1, 200)
    block_ns, blocks = made.kept()
    assert block_ns > 10 * SECOND_NS
    assert len(blocks) < 8
    seconds = block_ns // SECOND_NS
    assert np.log1p(made.returns())[-1, 0] == pytest.approx(0.001 * seconds)
    again = book(blocks_max=8)
    again.resume(block_ns, blocks)
    assert again.returns().tolist() == made.returns().tolist()
    with pytest.raises(ValueError, match="blocks of other sleeves"):
        again.resume(block_ns, {0: (0.0,)})
