"""Discovery finds what is planted and nothing in noise; a duel promotes what forecasts better."""

from __future__ import annotations

import math
import random
from typing import Any

import numpy as np
import pytest

from bot3.domain.errors import DataError
from bot3.learning.discovery import DiscoverySettings, discover
from bot3.learning.duel import Duel, DuelSettings, Verdict
from bot3.learning.labels import LabelSettings
from bot3.learning.online import LearnerSettings
from bot3.learning.search import Past, SearchSettings, search
from bot3.learning.zoo import ZooSettings
from bot3.services.discovery_worker import answer, packed

BASE = ("a", "b")
SETTINGS = LearnerSettings(
    labels=LabelSettings(horizon_bars=1), zoo=ZooSettings(models=("bayesian",))
)


def _rows(seed: int, count: int, edge: float) -> list[tuple[float, tuple[float, float]]]:
    """(close, features): the next return is `edge` of the product of both, which neither shows."""
    dice = np.random.default_rng(seed)
    close, rows = 100.0, []
    for a, b, noise in dice.normal(size=(count, 3)).tolist():
        rows.append((close, (a, b)))
        close *= math.exp(1e-3 * (edge * a * b + noise))
    return rows


def _dueled(
    duel: Duel, rows: list[tuple[float, tuple[float, float]]], start: int = 0
) -> list[Verdict]:
    verdicts = []
    for at, (close, values) in enumerate(rows, start):
        row = duel.see(values)
        duel.predict(values)
        *_, verdict = duel.learn(at, close, row)
        verdicts += [verdict] if verdict else []
    return verdicts


def _past(seed: int, count: int, edge: float) -> Past:
    rows = _rows(seed, count, edge)
    return Past(BASE, np.array([x for _, x in rows]), np.array([close for close, _ in rows]))


def test_a_planted_interaction_is_found_and_noise_is_not() -> None:
    settings = SearchSettings(candidates=20, step_bars=1)
    found = search(_past(1, 1_500, 0.5), random.Random(1).randrange, 1, settings)
    assert found[0].name == "a*b"
    assert len(found) <= 2
    assert search(_past(2, 1_500, 0.0), random.Random(1).randrange, 1, settings) == []


def test_the_same_seed_finds_the_same() -> None:
    features = np.random.default_rng(3).normal(size=(400, 12))
    target = features[:, 4] * 0.5 + np.random.default_rng(4).normal(size=400)
    first, second = discover(features, target, 7), discover(features, target, 7)
    assert first == second
    assert [each.column for each in first] == [4]


@pytest.mark.parametrize(
    ("rows", "bad", "reason"), [(30, None, "want 60"), (200, math.nan, "not finite")]
)
def test_what_cannot_be_searched_is_refused(rows: int, bad: float | None, reason: str) -> None:
    features = np.random.default_rng(5).normal(size=(rows, 4))
    if bad is not None:
        features[3, 2] = bad
    with pytest.raises(DataError, match=reason):
        discover(features, features[:, 0], 1, DiscoverySettings())


def test_a_column_that_never_moves_is_passed_over() -> None:
    features = np.random.default_rng(6).normal(size=(400, 6))
    features[:, 1] = 3.0
    target = features[:, 2] + 0.5 * np.random.default_rng(7).normal(size=400)
    assert [each.column for each in discover(features, target, 1)] == [2]


def test_the_worker_answers_what_the_search_finds_or_why_not() -> None:
    told = answer(packed(_past(1, 400, 0.0), 5))
    assert told == {"found": []}
    assert "want" in answer(packed(_past(1, 100, 0.0), 5))["error"]


def test_a_challenger_that_forecasts_better_is_promoted_with_the_evidence() -> None:
    duel = Duel(BASE, SETTINGS, DuelSettings(200, 300))
    rows = _rows(8, 900, 1.0)
    assert _dueled(duel, rows[:100]) == []
    assert duel.challenge(("a*b",))
    assert not duel.challenge(("lag1(a)",))  # one at a time
    [verdict] = _dueled(duel, rows[100:], 100)
    assert (verdict.names, verdict.is_promoted, verdict.labels) == (("a*b",), True, 300)
    assert verdict.error_challenger < verdict.error_used - 0.03
    assert duel.extra == ("a*b",)
    assert not duel.challenge(("a*b",))
    assert duel.learner.score.labels > 500


def test_bars_that_were_seen_before_a_promotion_are_learned_after_it() -> None:
    """The timer learns several bars at a time: what was seen waits."""
    duel, rows, waiting, verdicts = (
        Duel(BASE, SETTINGS, DuelSettings(200, 300)),
        _rows(8, 900, 1.0),
        [],
        [],
    )
    assert duel.challenge(("a*b",))
    for at, (close, values) in enumerate(rows):
        waiting.append((at, close, duel.see(values)))
        if len(waiting) == 7:
            verdicts += [duel.learn(*each)[2] for each in waiting]
            waiting = []
    assert [each.is_promoted for each in verdicts if each] == [True]
    assert duel.learner.score.labels > 880


def test_features_that_no_longer_help_lose_to_none() -> None:
    duel = Duel(BASE, SETTINGS, DuelSettings(200, 300), ("lag5(a)", "a/b"))
    assert duel.challenge(())
    [verdict] = _dueled(duel, _rows(10, 900, 0.0))
    assert (verdict.names, duel.extra) == ((), ())


def test_a_challenger_of_noise_is_refused_and_changes_nothing() -> None:
    duel, alone = (Duel(BASE, SETTINGS, DuelSettings(200, 300)) for _ in range(2))
    rows = _rows(9, 900, 0.0)
    assert duel.challenge(("lag1(a)", "a/b", "change5(b)"))
    [verdict] = _dueled(duel, rows)
    _dueled(alone, rows)
    assert not verdict.is_promoted
    assert duel.extra == ()
    assert duel.predict(rows[-1][1]) == alone.predict(rows[-1][1])


def test_a_forecast_is_of_what_was_seen() -> None:
    duel: Any = Duel(BASE, SETTINGS)
    duel.see((1.0, 2.0))
    with pytest.raises(ValueError, match="seen last"):
        duel.predict((2.0, 2.0))
