"""How much of a ratio is luck: published figures, another computation, and noise."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pandas as pd
import pytest

from bot3.domain.errors import DataError
from bot3.portfolio.statistics.overfitting import overfitting
from bot3.portfolio.statistics.sharpe import (
    best_of_trials,
    deflated_sharpe,
    periods_needed,
    probabilistic_sharpe,
)

# Bailey and López de Prado (2014): Sharpe 2.5 a year on 1,250 days, 250 a year, skewness -3,
# kurtosis 10; the trials' variance is .5 a year.
DAILY, VARIANCE = 2.5 / math.sqrt(250), 0.5 / 250


@pytest.mark.parametrize(("trials", "deflated"), [(100, 0.9004), (46, 0.9505)])
def test_the_published_example(trials: int, deflated: float) -> None:
    found = deflated_sharpe(DAILY, 1250, skew=-3, kurtosis=10, trials=trials, variance=VARIANCE)
    assert found == pytest.approx(deflated, abs=5e-5)


def test_the_published_benchmark() -> None:
    assert best_of_trials(100, VARIANCE) == pytest.approx(0.1132, abs=5e-5)
    assert best_of_trials(1, VARIANCE) == 0.0
    with pytest.raises(ValueError, match="0 trials"):
        best_of_trials(0, 1.0)


def test_the_best_of_many_worthless_ratios() -> None:
    drawn = np.random.default_rng(5).normal(0.0, 0.3, (4_000, 50)).max(axis=1)
    assert best_of_trials(50, 0.09) == pytest.approx(drawn.mean(), rel=0.02)


def test_a_ratio_is_significant_after_the_years_it_needs() -> None:
    needed = periods_needed(0.1, skew=0.0, kurtosis=3.0)
    assert needed is not None
    said = probabilistic_sharpe(0.1, round(needed), skew=0.0, kurtosis=3.0)
    assert said == pytest.approx(0.95, abs=0.001)
    assert periods_needed(0.0, skew=0.0, kurtosis=3.0) is None


def test_impossible_moments_say_nothing() -> None:
    assert probabilistic_sharpe(0.5, 100, skew=10.0, kurtosis=3.0) is None
    assert probabilistic_sharpe(0.5, 1, skew=0.0, kurtosis=3.0) is None


def by_pandas(returns: np.ndarray, blocks: int) -> float:
    """The definition, word by word, on frames."""
    frame = pd.DataFrame(returns)
    frame = frame.iloc[: len(frame) // blocks * blocks]
    parts = [frame.iloc[rows] for rows in np.array_split(np.arange(len(frame)), blocks)]
    below = []
    for chosen in itertools.combinations(range(blocks), blocks // 2):
        seen = pd.concat([parts[i] for i in chosen])
        unseen = pd.concat([parts[i] for i in range(blocks) if i not in chosen])
        best = (seen.mean() / seen.std()).idxmax()
        rank = (unseen.mean() / unseen.std()).rank()[best] / (frame.shape[1] + 1)
        below.append(math.log(rank / (1 - rank)) <= 0)
    return float(np.mean(below))


@pytest.mark.parametrize("seed", range(4))
def test_it_is_the_definition(seed: int) -> None:
    returns = np.random.default_rng(seed).standard_t(4, (100 + seed, 8)) * 0.01
    returns[:, 0] += 0.001 * seed
    assert overfitting(returns, 6).probability == pytest.approx(by_pandas(returns, 6))


def test_noise_is_overfitted_half_the_time_and_an_edge_is_not() -> None:
    found = []
    for seed in range(60):
        returns = np.random.default_rng(seed).normal(0.0, 0.01, (200, 20))
        found.append(overfitting(returns, 8).probability)
    assert np.mean(found) == pytest.approx(0.52, abs=0.08)
    assert np.std(found) == pytest.approx(0.18, abs=0.08)
    returns = np.random.default_rng(1).normal(0.0, 0.01, (400, 20))
    returns[:, 7] += 0.004
    assert overfitting(returns).probability == 0.0


@pytest.mark.parametrize(
    ("shape", "blocks", "words"),
    [((100, 1), 10, "want at least"), ((19, 5), 10, "20 rows"), ((100, 5), 5, "even number")],
)
def test_too_little_is_refused(shape: tuple[int, int], blocks: int, words: str) -> None:
    with pytest.raises(DataError, match=words):
        overfitting(np.ones(shape), blocks)
