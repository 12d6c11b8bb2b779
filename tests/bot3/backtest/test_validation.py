"""Gates, zones and the ledger of trials."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from bot3.backtest.validation.gates import (
    deflated,
    holm,
    independent,
    p_value,
    pooled,
    superior,
    timing,
)
from bot3.backtest.validation.ledger import TrialLedger, opened_row, run_row, trials_row
from bot3.backtest.validation.zones import digests, parts, rows_of, zones_of
from bot3.domain.errors import DataError
from tests.bot3.backtest.making import wandering


def noise(seed: int, trials: int = 20, blocks: int = 400) -> np.ndarray:
    return np.random.default_rng(seed).normal(0.0, 0.01, (blocks, trials))


def test_the_best_of_twenty_worthless_ones_is_not_superior() -> None:
    wrong = sum(bool(superior(noise(seed), seed)[1]) for seed in range(40))
    assert wrong <= 5  # 5 % of 40 is 2; more than 5 comes once in 70


def test_a_good_one_is_told_from_the_others() -> None:
    evidence = noise(3)
    evidence[:, 7] += 0.0025
    value, better = superior(evidence, 1)
    assert value < 0.01
    assert better == [7]
    assert superior(evidence, 1) == (value, better)


def test_all_may_be_superior_and_none_that_never_moves() -> None:
    evidence = np.column_stack([noise(1)[:, :3] + 0.004, np.zeros(400)])
    assert superior(evidence, 1)[1] == [0, 1, 2]
    assert superior(np.zeros((50, 2)), 1) == (1.0, [])
    assert p_value(np.zeros(50), 1) == 1.0


def test_always_holding_earns_nothing_by_timing() -> None:
    rising = np.full(100, 0.01)
    assert timing(np.ones(100), rising, 0.0, 0.0).sum() == pytest.approx(0.0)
    assert timing(np.ones(100), rising, 0.001, 0.002).sum() == pytest.approx(-0.003)
    half = np.repeat([1.0, 0.0], 50)
    up_and_down = np.repeat([0.01, -0.01], 50)
    assert timing(half, up_and_down, 0.0, 0.0).sum() == pytest.approx(0.5)
    assert timing(half, up_and_down, 0.001, 0.002).sum() == pytest.approx(0.497)


def test_more_trials_deflate_more() -> None:
    evidence = noise(5)[:, 0] + 0.0015
    values = [deflated(evidence, trials) for trials in (1, 20, 1_000)]
    assert values[0] > values[1] > values[2]
    assert deflated(np.zeros(10), 5) is None


def test_trials_that_do_the_same_are_one() -> None:
    dice = np.random.default_rng(1)
    different = dice.integers(0, 2, (8, 4_000)).astype(float)
    assert independent(different) == pytest.approx(8, abs=0.1)
    assert independent(np.repeat(different[:1], 50, axis=0)) == pytest.approx(1.0)
    assert independent(np.repeat(different, 9, axis=0)) == pytest.approx(8, abs=0.1)
    assert independent(np.ones((3, 10))) == 1.0


def test_holm_keeps_families_honest() -> None:
    assert holm([0.01, 0.04, 0.03]) == [True, False, False]
    assert holm([0.01, 0.02, 0.04]) == [True, True, True]
    assert holm([0.06]) == [False]
    assert holm([]) == []


def test_instruments_are_pooled_by_time() -> None:
    bars, late = wandering(1_000, 1), wandering(1_000, 2)
    span = (int(bars.close_ns[0]), int(bars.close_ns[-1]) + 1)
    found = pooled([(bars, 0, np.ones(1_000)), (late, 500, np.full(500, 3.0))], span)
    assert len(found) == 500
    assert found[:249].tolist() == [1.0] * 249
    assert found[251:].tolist() == [4.0] * 249
    assert found.sum() == pytest.approx((1_000 + 1_500) / 2)


def test_zones_lie_apart() -> None:
    bars = wandering(2_000, 1)
    zones = zones_of([bars], 60, 50)
    rows = [rows_of(bars, span) for span in (zones.search, zones.selection, zones.holdout)]
    assert rows[0][0] == 60
    assert rows[-1][1] in (1_999, 2_000)
    for (_, before), (after, _) in pairwise(rows):
        assert 48 <= after - before <= 51
    assert parts((0, 100), 2, 10) == [(0, 40), (50, 100)]
    with pytest.raises(DataError, match="660"):
        zones_of([wandering(500, 1)], 60, 50)


def test_a_run_counts_what_others_tried_on_its_days() -> None:
    bars = wandering(5_000, 1)
    days = digests(bars, (0, 2**62))
    assert len(days) == 5
    assert digests(wandering(5_000, 2), (0, 2**62)) != days
    ledger = TrialLedger(
        [
            run_row("one", "evolve", days[:2]),
            trials_row("one", [("a", 0.1), ("b", 0.2)]),
            trials_row("one", [("b", 0.2)]),
            run_row("two", "optimize", days[3:]),
            trials_row("two", [("c", 0.1)]),
            {"kind": "of a later version", "run": "three"},
        ]
    )
    assert ledger.tried_before(days, "three") == 3
    assert ledger.tried_before(days, "one") == 1
    assert ledger.tried_before(days[1:2], "three") == 2
    assert ledger.opened_by(days, "one") is None
    ledger.take(opened_row("one", days[2:]))
    ledger.take(opened_row("two", days[2:]))
    assert ledger.opened_by(days[:2], "two") is None
    assert ledger.opened_by(days, "one") is None
    assert ledger.opened_by(days, "two") == "one"
