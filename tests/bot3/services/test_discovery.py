"""The search beside trading: rows without gaps, a real worker, and a worker that fails."""

from __future__ import annotations

import math
import random
from typing import Any

import numpy as np
import pytest
import trio

from bot3.domain.values import InstrumentId, Symbol, VenueName
from bot3.market.features import FEATURE_INDEX, FEATURE_NAMES
from bot3.messages.minds import FeaturesComputed, FeaturesProposed, RegimeEstimated, RegimeLabel
from bot3.services import discovery
from bot3.services.discovery import DiscoveryActor, DiscoveryBeat
from supervisors.clock import SystemClock
from supervisors.mailbox import Mailbox, Overflow

BTC = InstrumentId(VenueName("binance"), Symbol("BTC/USDT"))
SECOND_NS = 1_000_000_000


class _Learner:
    name = "ml"

    def __init__(self) -> None:
        self.heard: list[FeaturesProposed] = []
        self.is_told = trio.Event()

    def send(self, message: FeaturesProposed) -> None:
        self.heard.append(message)
        self.is_told.set()


class _Context:
    def __init__(self) -> None:
        self.looks, self.is_enough = 0, trio.Event()

    def ready(self) -> None: ...

    def progress(self) -> None:
        self.looks += 1
        if self.looks == 3:
            self.is_enough.set()


def _estimates(count: int, edge: float, gap_at: int | None = None) -> list[RegimeEstimated]:
    """The next returns follow the change of one feature over five rows, which is no feature."""
    dice, close, before, out = np.random.default_rng(1), 100.0, [0.0] * 6, []
    at = FEATURE_INDEX["queue_imbalance"]
    for n in range(count):
        values = dice.normal(size=len(FEATURE_NAMES))
        ts_ns = (n + (1_000 if gap_at is not None and n >= gap_at else 0)) * SECOND_NS
        features = FeaturesComputed(BTC, ts_ns, 0, close, 0.0, tuple(values.tolist()))
        out.append(RegimeEstimated(BTC, ts_ns, (1.0, 0.0), RegimeLabel.CALM, features))
        before = [*before[1:], float(values[at])]
        close *= math.exp(1e-3 * (edge * (before[-1] - before[0]) + float(dice.normal())))
    return out


def _made(learner: _Learner, capacity: int, **beat: Any) -> tuple[DiscoveryActor, Mailbox[Any]]:
    inbox: Mailbox[Any] = Mailbox("seen", capacity=capacity, policy=Overflow.DROP_OLDEST)
    settings = DiscoveryBeat(**{"interval_s": 0.05, "rows_min": 400, **beat})
    dice, clock = random.Random(1), SystemClock()
    return DiscoveryActor(inbox, {BTC: learner}, dice, clock, settings), inbox


async def test_a_worker_that_fails_finds_nothing_and_costs_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(discovery, "_WORKER", ("false",))
    learner, context = _Learner(), _Context()
    actor, inbox = _made(learner, 1_000)
    for estimate in _estimates(500, 0.0):
        inbox.send(estimate)
    with trio.move_on_after(5):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(actor.run, context)
            await context.is_enough.wait()
            nursery.cancel_scope.cancel()
    assert context.looks >= 3
    assert learner.heard == []


async def test_rows_after_a_gap_are_a_past_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[Any, ...]] = []

    async def run_process(command: Any, **given: Any) -> Any:
        asked.append((command, given))
        raise OSError("no worker here")

    monkeypatch.setattr(trio, "run_process", run_process)
    actor, inbox = _made(_Learner(), 2_000)
    for estimate in _estimates(900, 0.0, gap_at=600):
        inbox.send(estimate)
    context = _Context()
    with trio.move_on_after(5):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(actor.run, context)
            await context.is_enough.wait()
            nursery.cancel_scope.cancel()
    assert asked == []  # 300 rows are not enough
    assert len(actor._rows[BTC].rows) == 300


async def test_what_the_worker_process_finds_reaches_the_learner() -> None:
    learner = _Learner()
    actor, inbox = _made(learner, 3_000)
    for estimate in _estimates(2_500, 1.0):
        inbox.send(estimate)
    with trio.move_on_after(240):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(actor.run, _Context())
            await learner.is_told.wait()
            nursery.cancel_scope.cancel()
    [proposed] = learner.heard[:1]
    assert proposed.instrument == BTC
    assert all(name not in FEATURE_NAMES for name in proposed.names)
