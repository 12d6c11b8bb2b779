"""Evolution beside trading: a real worker, what it promotes in the journal, one that fails."""

from __future__ import annotations

import random

import pytest
import trio

from bot3.evolution.engine import EvolutionSettings
from bot3.evolution.table import table_of
from bot3.evolution.worlds import planted_world
from bot3.market.features import FEATURE_INDEX, FEATURE_NAMES
from bot3.messages.journal import JournalEntry
from bot3.messages.minds import (
    EvolutionSearched,
    FeaturesComputed,
    RegimeEstimated,
    RegimeLabel,
    StrategyPromoted,
)
from bot3.services import evolution
from bot3.services.evolution import EvolutionActor, EvolutionBeat, EvolutionPlan
from bot3.strategies.genome import NAMES
from supervisors.clock import SystemClock
from supervisors.mailbox import Mailbox, Overflow
from tests.bot3.app.search.worlds_on_disk import FOUND, YEAR
from tests.bot3.listening import Ear, Looks
from tests.bot3.making import KEY


def rows() -> list[RegimeEstimated]:
    """The year of a planted world as the live system would have seen it."""
    table = table_of(planted_world(YEAR, FOUND, 0.12))
    found = []
    for at in range(table.warm, len(table)):
        values = [0.0] * len(FEATURE_NAMES)
        for name, value in zip(NAMES[:-1], table.columns[:-1, at].tolist(), strict=True):
            values[FEATURE_INDEX[name]] = value
        wild = float(table.columns[-1, at])
        ts_ns, close = int(table.bars.close_ns[at]), float(table.bars.close[at])
        features = FeaturesComputed(KEY, ts_ns, 0, close, 0.0, tuple(values))
        found.append(RegimeEstimated(KEY, ts_ns, (1.0 - wild, wild), RegimeLabel.CALM, features))
    return found


def actor(
    inbox: Mailbox[RegimeEstimated], ears: dict[str, Ear], rows_min: int = 3_000
) -> EvolutionActor:
    beat = EvolutionBeat(interval_s=0.05, rows_min=rows_min, rows_max=12_000)
    plan = EvolutionPlan(EvolutionSettings(generations=30), 0.001, random.Random(1), beat)
    return EvolutionActor(
        inbox,
        {KEY: ears["follower"]},
        plan,
        SystemClock(),
        journal=ears["journal"],
        board=ears["board"],
    )


async def test_what_passes_every_gate_is_journaled_before_anybody_follows() -> None:
    inbox: Mailbox[RegimeEstimated] = Mailbox("e", capacity=9_000, policy=Overflow.DROP_OLDEST)
    ears = {name: Ear(EvolutionSearched) for name in ("follower", "journal", "board")}
    year = rows()
    for row in year:
        inbox.send(row)
    context = Looks(3)
    with trio.fail_after(120):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(actor(inbox, ears, len(year)).run, context)
            await ears["board"].is_told.wait()
            await context.is_enough.wait()
            nursery.cancel_scope.cancel()
    (searched,) = ears["board"].heard  # not again on rows that were held out once
    assert searched.evaluated > 1_000
    assert searched.promoted >= 1
    assert searched.rejected
    (entry,) = ears["journal"].heard
    assert isinstance(entry, JournalEntry)
    promoted = entry.record
    assert isinstance(promoted, StrategyPromoted)
    assert max(promoted.p_spa, promoted.p_holdout) <= 0.05
    assert promoted.deflated_sharpe >= 0.95
    assert [(to.name, news) for to, news in entry.deliver] == [("ear", promoted)] * 2
    assert ears["follower"].heard == []  # it is told when the record is durable


@pytest.mark.parametrize("worker", [("false",), ("echo", '{"error": "too few"}'), ("no-such",)])
async def test_a_worker_that_fails_costs_nothing(
    worker: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evolution, "_WORKER", worker)
    inbox: Mailbox[RegimeEstimated] = Mailbox("e", capacity=9_000, policy=Overflow.DROP_OLDEST)
    ears = {name: Ear(EvolutionSearched) for name in ("follower", "journal", "board")}
    for row in rows()[:3_100]:
        inbox.send(row)
    context = Looks(3)
    with trio.fail_after(30):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(actor(inbox, ears).run, context)
            await context.is_enough.wait()
            nursery.cancel_scope.cancel()
    assert [each.heard for each in ears.values()] == [[], [], []]
