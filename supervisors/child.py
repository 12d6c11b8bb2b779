"""One child of a supervisor: its place in the list, and what runs in its incarnations.

Invariant: a child has at most one incarnation that is not done.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, final

import trio
from attrs import frozen

from supervisors.actor import Address, EdgeActor
from supervisors.backoff import CrashStreak
from supervisors.dead_letters import DeadLetter, describe
from supervisors.life import Body, Life, TreeRuntime
from supervisors.observe import ActorKind, ActorState, ActorStatistics, Workload
from supervisors.spec import ChildSpec, DecisionSpec, EdgeSpec


@final
@frozen
class DecisionBody:
    """The task that owns a decision actor's life; the work itself is done in the run queue."""

    spec: DecisionSpec[Any]
    kind = ActorKind.DECISION

    @property
    def address(self) -> Address[Any] | None:
        return self.spec.cell

    async def run(self, life: Life) -> None:
        await self.spec.cell.live(self.spec.build, life.ready)

    def finish(self, error: BaseException | None, ts_ns: int) -> tuple[DeadLetter, ...]:
        del error, ts_ns  # its cell has already buried the message
        return self.spec.cell.dead_letters.unreported()

    def workload(self) -> Workload:
        cell = self.spec.cell
        return Workload(
            handled=cell.handled,
            waiting=cell.waiting,
            dropped=cell.dropped,
            dead_letters=cell.dead_letters.total,
            redelivered=cell.redelivered,
        )


@final
@frozen
class EdgeBody:
    """An edge actor's task."""

    spec: EdgeSpec
    kind = ActorKind.EDGE

    @property
    def address(self) -> Address[Any] | None:
        return self.spec.mailbox

    async def run(self, life: Life) -> None:
        actor = self.spec.build()
        if not isinstance(actor, EdgeActor):
            raise TypeError(f"{life.path}: build() returned a {type(actor).__name__}")
        if self.spec.mailbox is not None:
            self.spec.mailbox.attach(life.kill)
        await actor.run(life)

    def finish(self, error: BaseException | None, ts_ns: int) -> tuple[DeadLetter, ...]:
        mailbox = self.spec.mailbox
        if mailbox is None:
            return ()
        mailbox.finish(error, ts_ns)
        return mailbox.dead_letters.unreported()

    def workload(self) -> Workload:
        mailbox = self.spec.mailbox
        if mailbox is None:
            return Workload()
        return Workload(
            handled=mailbox.handled,
            waiting=mailbox.waiting,
            dropped=mailbox.dropped,
            conflated=mailbox.conflated,
            rejected=mailbox.rejected,
            dead_letters=mailbox.dead_letters.total,
            redelivered=mailbox.redelivered,
        )


@final
class Child:
    """A place in a supervisor's list: what its incarnations have in common."""

    def __init__(self, spec: ChildSpec, path: str, make_body: Callable[[], Body]) -> None:
        self.spec = spec
        self.path = path
        self.state = ActorState.NEW
        self.streak = CrashStreak(spec.backoff)
        self.timer: trio.CancelScope | None = None
        self.life: Life | None = None
        self._make_body = make_body
        self._idle_body = make_body()  # speaks for the child before its first incarnation

    @property
    def body(self) -> Body:
        return self._idle_body if self.life is None else self.life.body

    @property
    def is_alive(self) -> bool:
        """It runs or will run again without anybody's asking."""
        return self.state in _ALIVE

    @property
    def is_busy(self) -> bool:
        """A task of it is there, or will be: not to be started or forgotten now."""
        return self.is_alive or (self.life is not None and not self.life.done.is_set())

    def conceive(self, runtime: TreeRuntime) -> Life:
        """The next incarnation, not yet running."""
        generation = 1 if self.life is None else self.life.generation + 1
        self.state = ActorState.STARTING
        self.life = Life(self.path, generation, self._make_body(), runtime)
        return self.life

    def disarm(self) -> None:
        """A back-off timer that runs for it has no effect any more."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None

    def statistics(self, restarts: int) -> ActorStatistics:
        error = None if self.life is None else self.life.error
        return ActorStatistics(
            path=self.path,
            name=self.spec.id,
            kind=self.body.kind,
            state=self.state,
            restarts=restarts,
            workload=self.body.workload(),
            last_error=describe(error),
        )


_ALIVE = frozenset(
    {ActorState.STARTING, ActorState.RUNNING, ActorState.BACKOFF, ActorState.PENDING}
)
