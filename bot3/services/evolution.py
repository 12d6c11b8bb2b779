"""Evolves strategies beside trading: remembers what was seen, now and then asks a worker.

Invariant: no decision waits for it; whatever becomes of the worker, trading goes on without. What
one search was confirmed on is new to it: no row is held out twice.
"""

from __future__ import annotations

import sys
from collections import deque
from typing import Any, Final, NamedTuple, Protocol, final

import numpy as np
import structlog
import trio
from attrs import evolve, field, frozen, validators

from bot3.backtest.validation.zones import SEARCH_SHARE, SELECTION_SHARE
from bot3.domain.values import InstrumentId
from bot3.evolution.engine import EvolutionSettings
from bot3.market.features import FEATURE_INDEX
from bot3.messages.journal import JournalEntry
from bot3.messages.minds import EvolutionSearched, RegimeEstimated, StrategyPromoted
from bot3.services.evolution_worker import Question, packed
from bot3.services.worker import ask
from bot3.strategies.genome import NAMES, REGIME
from supervisors.actor import Address, EdgeActor, EdgeContext
from supervisors.clock import Clock
from supervisors.entropy import Dice

_log = structlog.get_logger("bot3")
_WORKER: Final = (sys.executable, "-m", "bot3.services.evolution_worker")
_SEEDS: Final = 2**31
_PLACES: Final = [FEATURE_INDEX.get(name, -1) for name in NAMES]
_HOLDOUT_SHARE: Final = 1.0 - SEARCH_SHARE - SELECTION_SHARE


@frozen
class EvolutionBeat:
    """Every `interval_s` one instrument is looked at; it is searched with `rows_min` rows or more,
    `rows_max` of which are kept, as soon as so many are new as the hold-out takes. A worker that
    takes longer than `deadline_s` is ended.
    """

    interval_s: float = field(default=60.0, validator=validators.gt(0.0))
    rows_min: int = field(default=3_000, validator=validators.ge(700))
    rows_max: int = field(default=12_000, validator=validators.ge(700))
    deadline_s: float = field(default=600.0, validator=validators.gt(0.0))


@frozen
class EvolutionPlan:
    """`fee`: of a trade, one way, as a share."""

    settings: EvolutionSettings
    fee: float
    dice: Dice
    beat: EvolutionBeat = field(factory=EvolutionBeat)


class Inbox(Protocol):
    """The mailbox of what is to be remembered."""

    async def receive(self) -> RegimeEstimated: ...


class _Row(NamedTuple):
    ts_ns: int
    close: float
    values: tuple[float, ...]
    wildest: float


@final
class _Rows:
    """The last rows of one instrument, without gaps; `fresh` of them came since the last search."""

    def __init__(self, rows_max: int) -> None:
        self.rows: deque[_Row] = deque(maxlen=rows_max)
        self.fresh = 0
        self._step_ns = 0

    def take(self, bar: RegimeEstimated) -> None:
        features = bar.features
        if self.rows:
            step_ns = features.ts_ns - self.rows[-1].ts_ns
            if step_ns <= 0:
                return
            self._step_ns = min(self._step_ns or step_ns, step_ns)
            if step_ns > self._step_ns:
                self.rows.clear()
                self.fresh = 0
        row = _Row(features.ts_ns, features.close, features.values, bar.probabilities[-1])
        self.rows.append(row)
        self.fresh += 1

    def is_ripe(self, rows_min: int) -> bool:
        count = len(self.rows)
        return count >= rows_min and self.fresh >= count * _HOLDOUT_SHARE

    def question(self, symbol: str, settings: EvolutionSettings, fee: float) -> Question:
        values = np.array([(*row.values, row.wildest) for row in self.rows], dtype=np.float32)
        assert NAMES[-1] == REGIME  # its place is the last, -1
        return Question(
            symbol,
            values[:, _PLACES].T.copy(),
            np.array([row.close for row in self.rows]),
            np.array([row.ts_ns for row in self.rows], dtype=np.int64),
            settings,
            fee,
        )


@final
class EvolutionActor(EdgeActor):
    """What it promotes is journaled, and then goes to the instrument's one of `followers`."""

    def __init__(
        self,
        inbox: Inbox,
        followers: dict[InstrumentId, Address[StrategyPromoted]],
        plan: EvolutionPlan,
        clock: Clock,
        *,
        journal: Address[JournalEntry],
        board: Address[StrategyPromoted | EvolutionSearched],
    ) -> None:
        self._inbox, self._followers, self._plan = inbox, followers, plan
        self._clock, self._journal, self._board = clock, journal, board
        self._rows = {key: _Rows(plan.beat.rows_max) for key in followers}

    async def run(self, context: EdgeContext) -> None:
        context.ready()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._remember)
            while True:
                for instrument in self._rows:
                    await trio.sleep(self._plan.beat.interval_s)
                    await self._look(instrument)
                    context.progress()

    async def _remember(self) -> None:
        while True:
            seen = await self._inbox.receive()
            self._rows[seen.instrument].take(seen)

    async def _look(self, instrument: InstrumentId) -> None:
        kept = self._rows[instrument]
        if not kept.is_ripe(self._plan.beat.rows_min):
            return
        seed = self._plan.dice.randrange(_SEEDS)
        settings = evolve(self._plan.settings, seed=seed)
        question = kept.question(instrument.symbol, settings, self._plan.fee)
        kept.fresh = 0
        told = await self._ask(instrument, await trio.to_thread.run_sync(packed, question))
        if told is None:
            return
        now_ns = self._clock.now_ns()
        promoted, evaluated = told["promoted"], told["evaluated"]
        self._board.send(
            EvolutionSearched(instrument, now_ns, evaluated, len(promoted), told["rejected"])
        )
        for each in promoted[:1]:  # the surest: the others are mostly its kin
            news = StrategyPromoted(instrument, now_ns, trials=evaluated, **each)
            follower = self._followers[instrument]
            self._journal.send(JournalEntry(news, ((follower, news), (self._board, news))))

    async def _ask(self, instrument: InstrumentId, body: bytes) -> dict[str, Any] | None:
        """A worker that fails, or takes too long, has promoted nothing."""
        where = str(instrument)
        told = await ask(
            _WORKER, body, self._plan.beat.deadline_s, "nothing evolved", instrument=where
        )
        if told is None:
            return None
        words = [each["expression"] for each in told["promoted"]]
        _log.info("evolved", instrument=where, evaluated=told["evaluated"], promoted=words)
        return told
