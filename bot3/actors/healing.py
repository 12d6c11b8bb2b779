"""Healing beyond restarts: what goes wrong comes in, what `SelfHealing` decides goes out.

Invariant: every action is in the journal and on the board; what still holds of them is in memory,
so that a crash of this actor or of risk neither lets entries through nor leaves data shed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never, final

from attrs import frozen

from bot3.actors.memory import Memory
from bot3.domain.values import InstrumentId, VenueName
from bot3.healing.decision import Command, Decision
from bot3.healing.policy import SelfHealing
from bot3.healing.settings import HealingSettings
from bot3.messages.healing import (
    ActorCrashed,
    BookSeen,
    BudgetRead,
    CircuitChanged,
    CircuitState,
    HealingActed,
    RestoreSnapshot,
    ResumeData,
    ShedData,
    StartEmpty,
    VenueCallEnded,
)
from bot3.messages.journal import JournalEntry
from bot3.messages.market import FeedLost, FeedRestored, ResyncBook, TimerTicked
from supervisors.actor import Address, DecisionActor
from supervisors.clock import Clock

HealingMessage = (
    BookSeen
    | ResyncBook
    | FeedLost
    | FeedRestored
    | VenueCallEnded
    | BudgetRead
    | ActorCrashed
    | TimerTicked
)
HealingNews = HealingActed | CircuitChanged
LOOK_INTERVAL_NS = 1_000_000_000


@frozen
class HealingOutlets:
    """Where commands go, and who is told; `resyncs` and `budgets` are the venues' edges."""

    risk: Address[CircuitChanged]
    resyncs: Mapping[VenueName, Address[ResyncBook]]
    budgets: Mapping[VenueName, Address[ShedData | ResumeData]]
    journal: Address[JournalEntry]
    watcher: Address[HealingNews]


@final
class HealingActor(DecisionActor[HealingMessage]):
    """Shell of `SelfHealing`. `minds` has each instrument by the name of its mind in the tree."""

    def __init__(
        self,
        settings: HealingSettings,
        minds: Mapping[str, InstrumentId],
        memory: Memory,
        clock: Clock,
        outlets: HealingOutlets,
    ) -> None:
        self._minds = minds
        self._memory = memory
        self._clock = clock
        self._out = outlets
        self._looked_ns = clock.monotonic_ns()
        standing = memory.standing
        self._policy = SelfHealing(settings, minds.values(), standing, self._looked_ns)

    def handle(self, message: HealingMessage) -> None:
        # Durations are of the clock that nobody sets; records have the calendar's time.
        now_ns = self._clock.monotonic_ns()
        match message:
            case BookSeen(instrument=instrument):
                self._policy.on_book(instrument, now_ns)
            case TimerTicked():
                if now_ns - self._looked_ns >= LOOK_INTERVAL_NS:
                    self._looked_ns = now_ns
                    self._do(self._policy.on_time(now_ns))
            case VenueCallEnded():
                self._do(self._policy.on_call(message, now_ns))
            case BudgetRead():
                self._do(self._policy.on_budget(message, now_ns))
            case ResyncBook():
                self._do(self._policy.on_doubt(message, now_ns))
            case ActorCrashed():
                self._do(self._crashed(message, now_ns))
            case FeedLost(venue=venue):
                self._policy.on_feed_lost(venue)
            case FeedRestored(venue=venue):
                self._policy.on_feed_restored(venue, now_ns)
            case _:
                assert_never(message)

    def _crashed(self, crashed: ActorCrashed, now_ns: int) -> list[Decision]:
        """Only minds are rebuilt from something that can be taken away: `…/binance BTC-USDT/ml`."""
        above, _, actor = crashed.path.rpartition("/")
        instrument = self._minds.get(above.rpartition("/")[2])
        if instrument is None:
            return []
        origin = self._memory.origin(instrument, actor)
        return self._policy.on_crash(instrument, actor, origin, crashed.error, now_ns)

    def _do(self, decisions: list[Decision]) -> None:
        for decision in decisions:
            record = HealingActed(
                decision.action, decision.subject, decision.reason, self._clock.now_ns()
            )
            self._out.journal.send(JournalEntry(record))
            self._out.watcher.send(record)
            self._command(decision.command)

    def _command(self, command: Command) -> None:
        standing = self._memory.standing
        match command:
            case ResyncBook():
                self._out.resyncs[command.instrument.venue].send(command)
            case CircuitChanged(venue=venue):
                standing.circuits[venue] = command
                if command.state is CircuitState.CLOSED:
                    del standing.circuits[venue]
                self._out.risk.send(command)
                self._out.watcher.send(command)
            case ShedData(venue=venue):
                standing.shed[venue] = None
                self._out.budgets[venue].send(command)
            case ResumeData(venue=venue):
                standing.shed.pop(venue, None)
                self._out.budgets[venue].send(command)
            case RestoreSnapshot() | StartEmpty():
                self._memory.send(command)  # before the supervisor builds it again
            case _:
                assert_never(command)
