"""One incarnation of a child: from its start to its end.

Invariant: an incarnation runs in its own shielded cancel scope, so that only its supervisor ends
it and the order of ending is the supervisor's. It ends with exactly one reason. Only `Exception`
is an actor's failure: `KeyboardInterrupt`, `SystemExit` and cancellation pass through.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Any, Protocol, final

import trio
from attrs import frozen

from supervisors.actor import Address
from supervisors.clock import Clock
from supervisors.dead_letters import DeadLetter, describe
from supervisors.dispatch import RunQueue
from supervisors.entropy import Dice
from supervisors.errors import (
    IgnoreStartError,
    LeaveError,
    StartFailedError,
    SupervisionError,
)
from supervisors.observe import (
    ActorExited,
    ActorKind,
    ActorStarted,
    MessageDeadLettered,
    Observer,
    Workload,
)
from supervisors.registry import Registry
from supervisors.restart import ExitReason


@final
@frozen
class TreeRuntime:
    """What all actors of one tree share."""

    runs: RunQueue
    clock: Clock
    dice: Dice
    observer: Observer
    registry: Registry


class Body(Protocol):
    """What runs in an incarnation: an actor's task or a whole supervisor."""

    @property
    def kind(self) -> ActorKind: ...

    @property
    def address(self) -> Address[Any] | None:
        """What the registry shows while it is ready."""

    async def run(self, life: Life) -> None:
        """Calls `life.ready()` once it can serve."""

    def finish(self, error: BaseException | None, ts_ns: int) -> tuple[DeadLetter, ...]:
        """It ended, with an error or well; returns the letters that died with it."""

    def workload(self) -> Workload: ...


@final
class Life:
    """One incarnation; the `EdgeContext` its actor sees."""

    def __init__(self, path: str, generation: int, body: Body, runtime: TreeRuntime) -> None:
        self.path = path
        self.generation = generation
        self.body = body
        self.is_ready = False
        self.progressed = 0
        self.up_s = 0.0
        self.reason = ExitReason.NORMAL
        self.error: Exception | None = None
        self.decided = trio.Event()  # ready, or ended before it was
        self.settled = trio.Event()  # a supervisor has done what it can to stop its children
        self.done = trio.Event()
        self._runtime = runtime
        self._scope = trio.CancelScope(shield=True)
        self._is_ordered_to_stop = False
        self._killed_by: Exception | None = None
        self._is_over = False  # by itself or by its scope, not by an interrupt passing through
        self._ready_at_s = 0.0
        self._registration: int | None = None

    @property
    def is_ignored(self) -> bool:
        return not self.is_ready and isinstance(self.error, IgnoreStartError)

    def ready(self) -> None:
        """It can serve: the next child may start."""
        if self.is_ready:
            return
        self.is_ready = True
        self._ready_at_s = trio.current_time()
        if self.body.address is not None:
            self._registration = self._runtime.registry.register(self.path, self.body.address)
        self._runtime.observer.report(
            ActorStarted(self._runtime.clock.now_ns(), self.path, self.generation)
        )
        self.decided.set()

    def progress(self) -> None:
        """It got something done."""
        self.progressed += 1

    def order_stop(self) -> None:
        """Its supervisor wants it to end."""
        self._is_ordered_to_stop = True
        self._scope.cancel()

    def kill(self, error: Exception) -> None:
        """Somebody else ends it; its supervisor restarts it by its restart type."""
        self._killed_by = error
        self._scope.cancel()

    async def run(self, ended: Callable[[], None]) -> None:
        """The incarnation, as the task of its own; `ended()` is called last, if it was ready."""
        try:
            with self._scope:
                try:
                    await self.body.run(self)
                except* Exception as errors:
                    self.error = _only(errors)
            self._is_over = True
        finally:
            try:
                self._close()
            finally:  # nobody may wait for this life any more, whatever has happened
                for event in (self.decided, self.settled, self.done):
                    event.set()
                if self.is_ready:
                    ended()

    def _close(self) -> None:
        now_ns = self._runtime.clock.now_ns()
        self.reason = self._judge()
        is_well = self.reason is ExitReason.NORMAL or isinstance(self.error, LeaveError)
        lost_to = self.error or SupervisionError(f"{self.path}: was told to stop")
        letters = self.body.finish(None if is_well else lost_to, now_ns)
        if self._registration is not None:
            self._runtime.registry.unregister(self.path, self._registration)
        if self.is_ready:
            self.up_s = trio.current_time() - self._ready_at_s
        report = self._runtime.observer.report
        for letter in letters:
            report(MessageDeadLettered(now_ns, self.path, letter))
        report(
            ActorExited(
                now_ns,
                self.path,
                self.generation,
                self.reason,
                describe(self.error),
                "" if self.error is None else "".join(traceback.format_exception(self.error)),
            )
        )

    def _judge(self) -> ExitReason:
        if self._is_ordered_to_stop:
            return ExitReason.SHUTDOWN
        if not self._is_over:
            self._killed_by = SupervisionError("interrupted from outside")
        if self._killed_by is not None:
            self.error = self._killed_by
            return ExitReason.KILLED
        if not self.is_ready:
            if self.error is None:
                self.error = StartFailedError("returned before it was ready")
            return ExitReason.NORMAL if self.is_ignored else ExitReason.START_FAILED
        if self.error is None:
            return ExitReason.NORMAL
        return ExitReason.SHUTDOWN if isinstance(self.error, LeaveError) else ExitReason.ERROR


def _only(errors: ExceptionGroup[Exception]) -> Exception:
    """The one error inside nested groups of one, else the group."""
    error: Exception = errors
    while isinstance(error, ExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error
