"""One life of the process inside Trio: recover, start the tree, trade, stop in order, sum up.

Invariant: whatever ends it, the journal is flushed and, where the venue can still be reached,
nothing of ours rests there.
"""

from __future__ import annotations

import signal
import socket
import sys
from collections.abc import Callable, Mapping
from functools import partial
from typing import final

import msgspec
import structlog
import trio
from attrs import define, field, frozen
from rich.console import Console

from bot3.app.options import RunOptions
from bot3.app.settings import Config
from bot3.app.tree import TradingEngine
from bot3.domain.values import VenueName
from bot3.messages.control import ActorRestarted, CancelEverything, SessionEnded, SessionStarted
from bot3.messages.journal import JournalEntry
from bot3.portfolio.strategy_books import StrategyBook
from bot3.telemetry.changes import ChangeLog
from bot3.telemetry.controls import Controls
from bot3.telemetry.http import HttpActor
from bot3.telemetry.metrics import Registry
from bot3.telemetry.reporter import LineReporterActor
from bot3.telemetry.snapshot import Snapshots
from bot3.telemetry.status import JournalStatus, Status, VenueHealth
from bot3.telemetry.terminal import TerminalActor
from supervisors import observe
from supervisors.clock import Clock
from supervisors.entropy import Entropy
from supervisors.observe import ActorStatistics, Observer
from supervisors.severity import severity
from supervisors.spec import ChildSpec, EdgeSpec
from supervisors.tree import TreeHandle, run_tree
from supervisors.watchdog import TurnWatchdog

STOP_DEADLINE_S = 8.0
LOOK_INTERVAL_S = 0.05
TURN_DEADLINE_S = 2.0
EXIT_DEADLINE_S = 30.0

_log = structlog.get_logger("bot3")


@frozen
class Faces:
    """How the user sees it: `socket` is bound already, `is_live` where stdout is a terminal."""

    config: Config
    options: RunOptions
    socket: socket.socket | None
    snapshots: Snapshots
    controls: Controls | None = None
    registry: Registry = field(factory=Registry)
    changes: ChangeLog = field(factory=ChangeLog)

    def specs(self) -> tuple[ChildSpec, ...]:
        """The operators' corner of the tree."""
        given = self.config.telemetry
        face = EdgeSpec("terminal", self._terminal, stop_deadline_s=STOP_DEADLINE_S)
        if self.socket is None or not given.enabled:
            return (face,)
        listener = self.socket
        return (
            EdgeSpec(
                "http",
                lambda: HttpActor(listener, self.snapshots, self.registry, self.controls),
                stop_deadline_s=STOP_DEADLINE_S,
            ),
            face,
        )

    @property
    def is_live(self) -> bool:
        """Whether a view that redraws itself owns the screen."""
        return sys.stdout.isatty() and not self.options.is_json

    def _terminal(self) -> TerminalActor | LineReporterActor:
        given = self.config.telemetry
        if self.is_live:
            return TerminalActor(self.snapshots, Console(), given.refresh_interval_s)
        stream = sys.stderr if self.options.is_json else sys.stdout
        return LineReporterActor(self.snapshots, stream, given.summary_interval_s, self.changes)


@final
@define
class Gauges:
    """What snapshots ask of the running process."""

    engine: TradingEngine
    is_replay_over: Callable[[], bool]
    tree: TreeHandle | None = None

    def events(self) -> int:
        """Market events delivered."""
        return sum(desk.tally.events for desk in self.engine.venues.values())

    def actors(self) -> tuple[ActorStatistics, ...]:
        """Every actor of the tree; none before it runs."""
        return () if self.tree is None else self.tree.snapshot()

    def counts(self, venue: str) -> dict[str, int]:
        """Of the venue's adapters."""
        access = self.engine.venues[VenueName(venue)].access
        return {
            **{f"feed_{what}": count for what, count in access.feed.counts().items()},
            **{f"account_{what}": count for what, count in access.venue.counts().items()},
            **{f"budget_{what}": count for what, count in access.budget.counts().items()},
        }

    def health(self, venue: str) -> VenueHealth:
        """How the venue answers, and what may still be asked of it."""
        desk = self.engine.venues[VenueName(venue)]
        used = desk.access.budget.used_share(self.engine.clock.now_ns())
        return VenueHealth(desk.calls.ack_latency_ms(), desk.calls.error_rate(), 1.0 - used)

    def strategies(self) -> Mapping[str, StrategyBook]:
        """As the journal has them."""
        return self.engine.memory.recovery.strategies.books

    def notes(self) -> tuple[str, ...]:
        """A market that nothing moves any more is no market."""
        return ("the recording is over",) if self.is_replay_over() else ()

    def journal(self) -> JournalStatus:
        """The writer's figures."""
        counts = self.engine.backlog.statistics
        return JournalStatus(
            records=counts.records,
            commits=counts.commits,
            failures=counts.failures,
            commit_p50_ms=counts.commit_ms(0.5),
            commit_p99_ms=counts.commit_ms(0.99),
        )


@final
@define
class Session:
    """Runs an engine until it is told to stop, or fails."""

    engine: TradingEngine
    operators: Callable[[], tuple[ChildSpec, ...]]
    snapshots: Snapshots
    started: SessionStarted
    clock: Clock
    entropy: Entropy
    observer: Observer
    gauges: Gauges
    duration_s: float | None = None
    stop: trio.Event = field(factory=trio.Event)
    at_stop: Status | None = None

    async def run(self) -> Status:
        """As a process of its own, with its signals and a watchdog.

        Returns the last snapshot; raises what the tree raised.
        """
        with self._watchdog():
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._hear_signals)
                await self.run_unattended()
                nursery.cancel_scope.cancel()
        return self._closing_status()

    async def run_unattended(self) -> None:
        """Until `stop` is set or the duration is over; raises what the tree raised."""
        self.observer.subscribe(self._hear)
        self.observer.subscribe(self.engine.hear)
        self.engine.core.journal.send(JournalEntry(self.started))
        await self._run_tree()

    def _closing_status(self) -> Status:
        """The last snapshot, with the venues as they were before they were left."""
        last = self.snapshots.status()
        if self.at_stop is None:
            return last
        return msgspec.structs.replace(last, venues=self.at_stop.venues)

    async def _run_tree(self) -> None:
        spec = self.engine.tree(self.operators)
        run = partial(
            run_tree,
            spec,
            runs=self.engine.runs,
            clock=self.clock,
            dice=self.entropy.dice("supervisors"),
            observer=self.observer,
        )
        async with trio.open_nursery() as nursery:
            tree: TreeHandle = await nursery.start(run)
            self.gauges.tree = tree
            limit_s = sys.maxsize if self.duration_s is None else self.duration_s
            with trio.move_on_after(limit_s) as limit:
                await self.stop.wait()
            await self._wind_down(tree, "duration is over" if limit.cancelled_caught else "stopped")

    async def _wind_down(self, tree: TreeHandle, reason: str) -> None:
        """No more opinions, cancel what rests, wait for the venue's word, then end the tree."""
        self.at_stop = self.snapshots.status()
        with trio.move_on_after(STOP_DEADLINE_S):
            await tree.supervisor("bot3").terminate_child("minds")
            self.engine.core.execution.send(CancelEverything(reason))
            while self.engine.board.orders.live:  # noqa: ASYNC110  (a look or two, at the very end)
                await trio.sleep(LOOK_INTERVAL_S)
            await self.engine.disarm()
        ended = SessionEnded(self.started.run, reason, self.clock.now_ns())
        self.engine.core.journal.send(JournalEntry(ended))
        tree.stop()

    async def _hear_signals(self) -> None:
        """The first one stops in order, the second at once."""
        with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            async for _ in signals:
                if self.stop.is_set():
                    raise KeyboardInterrupt
                self.stop.set()

    def _watchdog(self) -> TurnWatchdog:
        return TurnWatchdog(
            self.engine.runs,
            self.clock,
            turn_deadline_s=TURN_DEADLINE_S,
            exit_deadline_s=EXIT_DEADLINE_S,
            on_stuck=lambda text: _log.error("a handler does not end", stacks=text),
        )

    def _hear(self, event: observe.LifecycleEvent) -> None:
        level = severity(event)
        match event:
            case observe.ActorRestarted():
                record = ActorRestarted(event.path, f"restart {event.restarts}", event.ts_ns)
                self.engine.core.journal.send(JournalEntry(record))
                _log.log(level, "actor restarted", actor=event.path, restarts=event.restarts)
            case observe.BackoffStarted():
                _log.log(
                    level,
                    "actor will be started again",
                    actor=event.path,
                    after_s=round(event.delay_s, 3),
                    crashes_in_a_row=event.crashes,
                    error=event.error,
                )
            case observe.ActorExited() if event.error:
                _log.log(level, "actor ended", actor=event.path, error=event.error)
                _log.debug("its story", actor=event.path, traceback=event.traceback)
            case observe.MessageDeadLettered():
                _log.log(level, "dead letter", actor=event.path, error=event.letter.error)
            case observe.RestartLimitHit():
                _log.log(level, "too many restarts", supervisor=event.path, child=event.child)
            case _:
                pass
