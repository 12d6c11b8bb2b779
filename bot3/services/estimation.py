"""Estimates beside trading, in a worker: GARCH parameters, and how capital should be allocated.

Invariant: no decision waits for it; whatever becomes of the worker, trading goes on with what was
known before.
"""

from __future__ import annotations

import sys
from collections import deque
from typing import Any, Final, Protocol, final

import numpy as np
import structlog
import trio
from attrs import evolve, field, frozen, validators

from bot3.domain.values import InstrumentId
from bot3.messages.journal import JournalEntry
from bot3.messages.minds import RegimeEstimated, RegimeLabel, TargetProposed
from bot3.messages.risk import AllocationSolved, VolatilityFitted
from bot3.portfolio.allocation import PERIODS_MIN, AllocationLimits
from bot3.portfolio.drawdown import DAY_NS
from bot3.portfolio.sleeves import SleeveBook
from bot3.services.estimation_worker import Question, packed
from bot3.services.sleeve_file import SleeveFile
from bot3.services.worker import ask
from supervisors.actor import Address, EdgeActor, EdgeContext
from supervisors.clock import Clock
from supervisors.entropy import Dice

_log = structlog.get_logger("bot3.estimation")
_WORKER: Final = (sys.executable, "-m", "bot3.services.estimation_worker")
_SEEDS: Final = 2**31
Seen = RegimeEstimated | TargetProposed


@frozen
class EstimationBeat:
    """Every `interval_s`, and when a regime changes but not within `pause_s` of the last time.
    `moves_max` returns of each instrument are kept, `moves_min` are needed. A worker that takes
    longer than `deadline_s` is ended.
    """

    interval_s: float = field(default=900.0, validator=validators.gt(0.0))
    pause_s: float = field(default=180.0, validator=validators.gt(0.0))
    moves_min: int = field(default=500, validator=validators.ge(10))
    moves_max: int = field(default=5_000, validator=validators.ge(100))
    deadline_s: float = field(default=120.0, validator=validators.gt(0.0))


class Inbox(Protocol):
    """The mailbox of what is to be remembered."""

    async def receive(self) -> Seen: ...


@final
class EstimationActor(EdgeActor):
    """`risk` and the journal hear of both, the board of allocations; bars take `bar_s`."""

    def __init__(
        self,
        inbox: Inbox,
        book: SleeveBook,
        limits: AllocationLimits,
        dice: Dice,
        clock: Clock,
        *,
        risk: Address[VolatilityFitted | AllocationSolved],
        board: Address[AllocationSolved],
        journal: Address[JournalEntry],
        file: SleeveFile | None = None,
        beat: EstimationBeat | None = None,
        bar_s: float = 1.0,
    ) -> None:
        self._inbox, self._book = inbox, book
        self._limits = evolve(limits, groups=book.groups)
        self._dice, self._clock, self._file = dice, clock, file
        self._risk, self._board, self._journal = risk, board, journal
        self._beat, self._bar_s = beat or EstimationBeat(), bar_s
        self._moves: dict[InstrumentId, deque[float]] = {}
        self._labels: dict[InstrumentId, RegimeLabel] = {}
        self._has_changed = trio.Event()

    async def run(self, context: EdgeContext) -> None:
        if self._file is not None:
            await trio.to_thread.run_sync(self._file.load, self._book)
        context.ready()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._remember)
            while True:
                await trio.sleep(self._beat.pause_s)
                with trio.move_on_after(self._beat.interval_s - self._beat.pause_s):
                    await self._has_changed.wait()
                self._has_changed = trio.Event()
                await self._estimate()
                context.progress()

    async def _remember(self) -> None:
        while True:
            seen = await self._inbox.receive()
            if isinstance(seen, TargetProposed):
                target = seen.target * seen.confidence
                self._book.on_target(seen.strategy, seen.instrument, target)
            elif np.isfinite(seen.features.log_return):
                self._take(seen)

    def _take(self, bar: RegimeEstimated) -> None:
        key, moved = bar.instrument, bar.features.log_return
        moves = self._moves.setdefault(key, deque(maxlen=self._beat.moves_max))
        moves.append(moved)
        if bar.features.is_warm_up:
            return
        self._book.on_bar(key, bar.ts_ns, moved)
        if self._labels.setdefault(key, bar.label) is not bar.label:
            self._labels[key] = bar.label
            self._has_changed.set()

    async def _estimate(self) -> None:
        if self._file is not None:
            await trio.to_thread.run_sync(self._save, self._file)
        moves = {
            key: np.array(kept)
            for key, kept in self._moves.items()
            if len(kept) >= self._beat.moves_min
        }
        returns = self._book.returns()
        if not moves and len(returns) < PERIODS_MIN:
            return
        day_share = self._book.block_ns / DAY_NS
        named = {str(key): values for key, values in moves.items()}
        question = Question(named, returns, day_share, self._limits, self._dice.randrange(_SEEDS))
        told = await ask(_WORKER, packed(question), self._beat.deadline_s, "nothing estimated")
        if told is not None:
            self._tell_fits(told["volatilities"])
            self._tell_allocation(told["allocation"])

    def _save(self, file: SleeveFile) -> None:
        try:
            file.save(self._book)
        except OSError as error:
            _log.warning("evidence is not kept", error=str(error))

    def _tell_fits(self, fits: dict[str, dict[str, Any]]) -> None:
        now_ns = self._clock.now_ns()
        for key in self._moves:
            fit = fits.get(str(key))
            if fit is None:
                continue
            if "error" in fit:
                _log.warning("no GARCH", instrument=str(key), error=fit["error"])
                continue
            fitted = VolatilityFitted(key, now_ns, **fit, bar_s=self._bar_s)
            self._risk.send(fitted)
            self._journal.send(JournalEntry(fitted))

    def _tell_allocation(self, found: dict[str, Any]) -> None:
        if "error" in found:
            _log.info("nothing allocated", reason=found["error"])
            return
        shares: dict[InstrumentId, float] = {}
        for sleeve, weight in zip(self._book.sleeves, found["weights"], strict=True):
            shares[sleeve.instrument] = shares.get(sleeve.instrument, 0.0) + weight
        names = [sleeve.name for sleeve in self._book.sleeves]
        solved = AllocationSolved(
            ts_ns=self._clock.now_ns(),
            weights=dict(zip(names, found["weights"], strict=True)),
            shares=tuple(shares.items()),
            cash=found["cash"],
            days=found["days"],
            target_apy=self._limits.target_apy,
            is_supported=found["is_supported"],
            words=found["words"],
            apy=found["apy"],
            apy_low=found["apy_low"],
            apy_high=found["apy_high"],
        )
        self._risk.send(solved)
        self._board.send(solved)
        self._journal.send(JournalEntry(solved))
        _log.info("capital allocated", words=solved.words, cash=round(solved.cash, 4))
