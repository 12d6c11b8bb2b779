"""Change points: exact against all segmentations, and the Turing Change Point Dataset."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot3.regime.change_points import ChangePointDetector, ChangePointSettings
from bot3.regime.changes import CONFIRMED_BARS, START_BARS, ReturnChanges

SETTINGS = ChangePointSettings(expected_run=4.0, strength=0.5, shape=1.5, rate=0.7)


def _log_evidence(values: list[float]) -> float:
    """Of one segment: the normal-gamma's closed form (Murphy 2007, 100)."""
    n, s = len(values), SETTINGS
    mean = sum(values) / n
    strength, shape = s.strength + n, s.shape + n / 2
    rate = s.rate + 0.5 * sum((v - mean) ** 2 for v in values)
    rate += 0.5 * s.strength * n * mean**2 / strength
    return (
        math.lgamma(shape) - math.lgamma(s.shape) + s.shape * math.log(s.rate)
        - shape * math.log(rate) + 0.5 * math.log(s.strength / strength)
        - n / 2 * math.log(2 * math.pi)
    )  # fmt: skip


def _all_segmentations(values: list[float]) -> dict[tuple[int, ...], float]:
    """Changes of each segmentation, and the log of prior times evidence."""
    n, hazard = len(values), 1 / SETTINGS.expected_run
    found = {}
    for size in range(n):
        for cuts in itertools.combinations(range(1, n), size):
            edges = [0, *cuts, n]
            prior = size * math.log(hazard) + (n - 1 - size) * math.log(1 - hazard)
            parts = itertools.pairwise(edges)
            found[cuts] = prior + sum(_log_evidence(values[a:b]) for a, b in parts)
    return found


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=8))
def test_it_is_exact_against_all_segmentations(values: list[float]) -> None:
    detector = ChangePointDetector(SETTINGS)
    for value in values:
        detector.update(value)
    known = _all_segmentations(values)
    total = math.log(sum(math.exp(each) for each in known.values()))
    assert known[tuple(detector.change_points)] == pytest.approx(max(known.values()), abs=1e-9)
    for rows in range(1, len(values) + 1):
        recent = [
            math.exp(each - total)
            for cuts, each in known.items()
            if len(values) - (cuts[-1] if cuts else 0) <= rows
        ]
        assert detector.probability_since(rows) == pytest.approx(sum(recent), abs=1e-9)


def test_few_hypotheses_find_the_same_changes() -> None:
    dice = np.random.default_rng(5)
    values = np.concatenate([dice.normal(m, s, 150) for m, s in ((0, 1), (2, 1), (2, 4), (0, 1))])
    found = []
    for kept in (1_000, 40):
        detector = ChangePointDetector(ChangePointSettings(hypotheses_max=kept))
        for value in values.tolist():
            detector.update(value)
        found.append(detector.change_points)
    assert found[0] == found[1]
    assert [round(row / 150) * 150 for row in found[0]] == [150, 300, 450]
    assert all(abs(row - round(row / 150) * 150) <= 3 for row in found[0])


def test_a_value_that_is_none_raises_and_changes_nothing() -> None:
    detector = ChangePointDetector()
    detector.update(1.0)
    with pytest.raises(ValueError, match="row 1"):
        detector.update(math.nan)
    assert detector.rows == 1


@pytest.mark.parametrize("seed", range(3))
def test_returns_that_turn_wild_are_told_once_and_soon(seed: int) -> None:
    dice = np.random.default_rng(seed)
    returns = np.concatenate([dice.normal(0, 2e-4, 600), dice.normal(0, 2e-3, 200)])
    changes = ReturnChanges(ChangePointSettings(hypotheses_max=200))
    told = [row for row, value in enumerate(returns.tolist()) if changes.update(value)]
    late = [row for row in told if row >= 600]
    assert len(told) <= 3
    assert late
    assert 600 + CONFIRMED_BARS - 1 <= late[0] < 620
    assert min(told) >= START_BARS


def test_a_market_that_stands_still_has_no_changes() -> None:
    changes = ReturnChanges(ChangePointSettings(hypotheses_max=50))
    assert not any(changes.update(0.0) for _ in range(500))
