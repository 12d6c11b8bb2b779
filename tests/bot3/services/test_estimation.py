"""Estimates beside trading: a real worker, one that fails, and evidence that outlives a process."""

from __future__ import annotations

import math
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trio

from bot3.market.features import FEATURE_NAMES
from bot3.messages.journal import JournalEntry
from bot3.messages.minds import FeaturesComputed, RegimeEstimated, RegimeLabel, TargetProposed
from bot3.messages.risk import AllocationSolved, VolatilityFitted
from bot3.portfolio.allocation import AllocationLimits
from bot3.portfolio.sleeves import Sleeve, SleeveBook
from bot3.services import estimation
from bot3.services.estimation import EstimationActor, EstimationBeat
from bot3.services.sleeve_file import NAME, SleeveFile
from supervisors.clock import SystemClock
from supervisors.mailbox import Mailbox, Overflow
from tests.bot3.listening import Ear, Looks
from tests.bot3.making import KEY, SECOND_NS


def book() -> SleeveBook:
    sleeves = [Sleeve("ta", KEY), Sleeve("hybrid", KEY)]
    return SleeveBook(sleeves, block_ns=10 * SECOND_NS, cost_bps=0.0, rebalance_band=0.0)


def seen(count: int) -> list[RegimeEstimated | TargetProposed]:
    """A market that rises, in clusters of volatility, and a blend and a member that are long."""
    dice = np.random.default_rng(2)
    found: list[Any] = [TargetProposed(KEY, name, 0, 0, 1.0, 1.0) for name in ("ta", "hybrid")]
    variance = 1e-8
    for number in range(1, count + 1):
        move = float(dice.normal()) * math.sqrt(variance)
        variance = 1e-9 + 0.1 * move**2 + 0.8 * variance
        features = FeaturesComputed(
            KEY, number * SECOND_NS, 0, 1.0, move + 2e-5, (0.0,) * len(FEATURE_NAMES)
        )
        label = RegimeLabel.CALM if number < count - 5 else RegimeLabel.VOLATILE
        found.append(RegimeEstimated(KEY, number * SECOND_NS, (1.0, 0.0), label, features))
    return found


def made(
    ear: Ear, told: list[Any], file: SleeveFile | None = None, **beat: float
) -> EstimationActor:
    inbox: Mailbox[Any] = Mailbox("seen", capacity=5_000, policy=Overflow.DROP_OLDEST)
    for each in told:
        inbox.send(each)
    settings = EstimationBeat(**{"interval_s": 60.0, "pause_s": 0.2, **beat})
    limits = AllocationLimits(cap=0.1)
    return EstimationActor(
        inbox,
        book(),
        limits,
        random.Random(1),
        SystemClock(),
        risk=ear,
        board=ear,
        journal=ear,
        file=file,
        beat=settings,
    )


async def run(actor: EstimationActor, until: trio.Event, context: Looks, limit_s: float) -> None:
    with trio.move_on_after(limit_s):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(actor.run, context)
            await until.wait()
            nursery.cancel_scope.cancel()


async def test_the_worker_s_estimates_reach_risk_board_and_journal(tmp_path: Path) -> None:
    """Long before the interval is over: the regime changed."""
    ear = Ear(AllocationSolved)
    await run(made(ear, seen(1_500), SleeveFile(tmp_path)), ear.is_told, Looks(2), 60)
    await trio.lowlevel.checkpoint()
    [fitted] = [each for each in ear.heard if isinstance(each, VolatilityFitted)]
    assert fitted.instrument == KEY
    assert 0.0 < fitted.alpha + fitted.beta < 1.0
    [solved, again] = [each for each in ear.heard if isinstance(each, AllocationSolved)]
    assert solved == again
    assert solved.weights.keys() == {"ta binance BTC/USDT", "hybrid binance BTC/USDT"}
    assert solved.shares == ((KEY, sum(solved.weights.values())),)
    assert solved.shares[0][1] == pytest.approx(0.1, abs=1e-4)  # one position, one cap
    assert "is not supported" in solved.words
    assert [each.record for each in ear.heard if isinstance(each, JournalEntry)] == [fitted, solved]
    resumed = book()
    SleeveFile(tmp_path).load(resumed)
    assert len(resumed.returns()) >= 140


async def test_a_worker_that_fails_or_hangs_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for worker in (("false",), ("sleep", "30"), ("no such program",)):
        monkeypatch.setattr(estimation, "_WORKER", worker)
        ear, context = Ear(AllocationSolved), Looks(2)
        beat = {"interval_s": 0.3, "pause_s": 0.1, "deadline_s": 0.3}
        await run(made(ear, seen(600), **beat), context.is_enough, context, 10)
        assert context.looks >= 2
        assert ear.heard == []


@pytest.mark.parametrize("text", ["{", "[]", '{"sleeves": ["another"], "block_ns": 1}'])
def test_damaged_evidence_is_set_aside(tmp_path: Path, text: str) -> None:
    (tmp_path / NAME).write_text(text)
    made_book = book()
    SleeveFile(tmp_path).load(made_book)
    assert len(made_book.returns()) == 0
    assert (tmp_path / "sleeves.old").read_text() == text
    assert not (tmp_path / NAME).exists()


def test_evidence_goes_on_where_it_was(tmp_path: Path) -> None:
    first = book()
    for second in range(1, 60):
        first.on_bar(KEY, second * SECOND_NS, 0.001)
    SleeveFile(tmp_path).save(first)
    second_life = book()
    SleeveFile(tmp_path).load(second_life)
    assert second_life.kept() == first.kept()
    assert len(second_life.returns()) == 4
