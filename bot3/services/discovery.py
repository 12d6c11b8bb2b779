"""Searches for features beside trading: remembers what was seen, now and then asks a worker.

Invariant: no decision waits for it; whatever becomes of the worker, trading goes on without.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Mapping
from typing import Final, Protocol, final

import numpy as np
import structlog
import trio
from attrs import field, frozen, validators

from bot3.domain.values import InstrumentId
from bot3.learning.search import Past
from bot3.market.features import FEATURE_NAMES
from bot3.messages.minds import FeaturesComputed, FeaturesProposed, RegimeEstimated
from bot3.services.discovery_worker import packed
from bot3.services.worker import ask
from supervisors.actor import Address, EdgeActor, EdgeContext
from supervisors.clock import Clock
from supervisors.entropy import Dice

_log = structlog.get_logger("bot3")
_WORKER: Final = (sys.executable, "-m", "bot3.services.discovery_worker")
_SEEDS: Final = 2**31


@frozen
class DiscoveryBeat:
    """Every `interval_s` one instrument is searched that has `rows_min` rows; `rows_max` are kept.
    A worker that takes longer than `deadline_s` is ended.
    """

    interval_s: float = field(default=300.0, validator=validators.gt(0.0))
    rows_min: int = field(default=1_500, validator=validators.ge(100))
    rows_max: int = field(default=6_000, validator=validators.ge(100))
    deadline_s: float = field(default=240.0, validator=validators.gt(0.0))


class Inbox(Protocol):
    """The mailbox of what is to be remembered."""

    async def receive(self) -> RegimeEstimated: ...


@final
class _Rows:
    """The last rows of one instrument, without gaps."""

    def __init__(self, rows_max: int) -> None:
        self.rows: deque[FeaturesComputed] = deque(maxlen=rows_max)
        self._step_ns = 0

    def take(self, features: FeaturesComputed) -> None:
        if self.rows:
            step_ns = features.ts_ns - self.rows[-1].ts_ns
            if step_ns <= 0:
                return
            self._step_ns = min(self._step_ns or step_ns, step_ns)
            if step_ns > self._step_ns:
                self.rows.clear()
        self.rows.append(features)

    def past(self) -> Past:
        values = np.array([row.values for row in self.rows])
        return Past(FEATURE_NAMES, values, np.array([row.close for row in self.rows]))


@final
class DiscoveryActor(EdgeActor):
    """What it finds goes to the learner of its instrument, which judges it."""

    def __init__(
        self,
        inbox: Inbox,
        learners: Mapping[InstrumentId, Address[FeaturesProposed]],
        dice: Dice,
        clock: Clock,
        beat: DiscoveryBeat | None = None,
    ) -> None:
        self._inbox, self._learners = inbox, learners
        self._dice, self._clock = dice, clock
        self._beat = beat or DiscoveryBeat()
        self._rows = {key: _Rows(self._beat.rows_max) for key in learners}

    async def run(self, context: EdgeContext) -> None:
        context.ready()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._remember)
            while True:
                for instrument in self._rows:
                    await trio.sleep(self._beat.interval_s)
                    await self._look(instrument)
                    context.progress()

    async def _remember(self) -> None:
        while True:
            estimated = await self._inbox.receive()
            self._rows[estimated.instrument].take(estimated.features)

    async def _look(self, instrument: InstrumentId) -> None:
        kept = self._rows[instrument]
        if len(kept.rows) < self._beat.rows_min:
            return
        found = await self._search(instrument, packed(kept.past(), self._dice.randrange(_SEEDS)))
        if found:
            names = tuple(found)
            now_ns = self._clock.now_ns()
            self._learners[instrument].send(FeaturesProposed(instrument, now_ns, names))

    async def _search(self, instrument: InstrumentId, body: bytes) -> list[str]:
        """Names of what was found; a worker that fails, or takes too long, found nothing."""
        where = str(instrument)
        told = await ask(
            _WORKER, body, self._beat.deadline_s, "no features searched", instrument=where
        )
        if told is None:
            return []
        _log.info("features searched", instrument=where, found=told["found"])
        return [name for name, _ in told["found"]]
