"""The simulated market has the statistics of real ones: the bands of six recorded Binance series.

Twenty minutes of BTC/USDT on a venue and one that follows it, in a world without an edge and in the
default one.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

import numpy as np
import pytest

from adapters.simulated.latent import WorldKind, WorldSettings
from bot3.domain.values import Symbol
from tests.adapters.simulated.stylized import (
    Sample,
    autocorrelation,
    correlation,
    decay_exponent,
    excess_kurtosis,
    hill_index,
    variation,
    watch,
)

SECONDS = 1_200
LAGS = (1, 2, 3, 4, 6, 8, 11, 15, 20, 27)
WORLDS = ((1, WorldKind.NULL), (3, WorldKind.REGIME))
Pair = Sequence[Sample]


@pytest.fixture(scope="module")
def pairs() -> list[Pair]:
    """Leader and follower in each world."""
    return [
        watch(
            seed,
            seconds=SECONDS,
            symbol=Symbol("BTC/USDT"),
            world=WorldSettings(world=kind),
            venues=("leader", "follower"),
        )
        for seed, kind in WORLDS
    ]


def test_returns_have_fat_tails_that_thin_out_and_no_memory(pairs: Sequence[Pair]) -> None:
    for sample in (sample for pair in pairs for sample in pair):
        assert 2.0 <= excess_kurtosis(sample.returns(1_000)) <= 21.0
        assert 1.6 <= hill_index(sample.returns(100)) <= 4.6
        assert -0.10 <= autocorrelation(sample.returns(1_000), 1) <= 0.16
    fine, coarse = (
        median(excess_kurtosis(pair[0].returns(every_ms)) for pair in pairs)
        for every_ms in (1_000, 10_000)
    )
    assert coarse < fine


def test_signs_of_trades_have_a_long_memory(pairs: Sequence[Pair]) -> None:
    samples = [sample for pair in pairs for sample in pair]
    for sample in samples:
        assert 0.16 <= autocorrelation(sample.signs, 1) <= 0.56
    # One sample's decay is mostly noise: the mean of all is fitted.
    means = np.mean(
        [[autocorrelation(sample.signs, lag) for lag in LAGS] for sample in samples], axis=0
    )
    assert 0.5 <= decay_exponent(LAGS, means) <= 0.9


def test_trades_come_in_bursts(pairs: Sequence[Pair]) -> None:
    for sample in (sample for pair in pairs for sample in pair):
        assert 1.4 <= variation(sample.arrivals_s) <= 2.1


def test_the_spread_is_one_tick(pairs: Sequence[Pair]) -> None:
    for sample in (sample for pair in pairs for sample in pair):
        assert np.mean(sample.spreads == 1.0) >= 0.99


def test_venues_move_together_within_a_tenth_of_a_second(pairs: Sequence[Pair]) -> None:
    for leader, follower in pairs:
        one, other = leader.returns(100), follower.returns(100)
        assert 0.58 <= correlation(one, other) <= 0.73
        assert correlation(one, other, 1) <= 0.31
        assert correlation(one, other, -1) <= 0.31
        # Who leads can be seen.
        assert correlation(one, other, 1) > correlation(one, other, -1) + 0.1
