"""The stable address of a decision actor: outlives its restarts and keeps what arrives meanwhile.

Invariant: sent = handled + dead + dropped + waiting + in the run queue, and messages are handled in
the order of their sending, across restarts. Only the message that killed the actor goes to the dead
letters: at once (each is handled at most once) or, with `tries`, when it has killed so many
incarnations. When more wait than `waiting_capacity`, the oldest is dropped and counted.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar, final

import trio

from supervisors.actor import DecisionActor
from supervisors.dead_letters import DeadLetters
from supervisors.dispatch import RunQueue
from supervisors.errors import LeaveError, SupervisionError
from supervisors.request import fail_reply

M = TypeVar("M")


@final
class DecisionCell(Generic[M]):
    """An `Address` whose actor handles its messages in the run queue.

    A handler that raises kills only its own actor: the sender goes on, and the task in `live`
    wakes with the error. Without Trio (a backtest) a driver calls `start` and reads `error`.

    Args:
        name: of the actor.
        runs: the queue that all cells of a tree share.
        waiting_capacity: messages kept while the actor is down.
        dead_letter_capacity: how many are kept of those that died.
        tries: incarnations that may die of one message; more than 1 delivers at least once.
    """

    __slots__ = (
        "_died",
        "_settled_at_try",
        "_tried",
        "_waiting",
        "dead_letters",
        "dropped",
        "error",
        "handled",
        "handler",
        "last_progress_ns",
        "name",
        "redelivered",
        "runs",
        "tries",
        "waiting_capacity",
    )

    def __init__(
        self,
        name: str,
        runs: RunQueue,
        *,
        waiting_capacity: int = 10_000,
        dead_letter_capacity: int = 100,
        tries: int = 1,
    ) -> None:
        if waiting_capacity < 1 or tries < 1:
            raise ValueError(
                f"{name}: waiting_capacity {waiting_capacity} and tries {tries} must be positive"
            )
        self.name = name
        self.runs = runs
        self.waiting_capacity = waiting_capacity
        self.dead_letters = DeadLetters(dead_letter_capacity)
        self.dropped = 0
        self.handled = 0
        self.tries = tries
        self.redelivered = 0
        self.last_progress_ns = 0
        self.handler: Callable[[M], None] | None = None
        self.error: Exception | None = None
        self._waiting: deque[M] = deque()
        self._died: trio.Event | None = None
        self._tried = 0
        self._settled_at_try = -1

    @property
    def waiting(self) -> int:
        """Messages kept for the next incarnation."""
        return len(self._waiting)

    @property
    def is_up(self) -> bool:
        return self.handler is not None

    @property
    def is_refusing(self) -> bool:
        """The run queue refuses when it is full; what is dropped is dropped before a start."""
        return True

    def send(self, message: M) -> None:
        """Into the run queue; raises `QueueFullError` when that is full."""
        self.runs.send(self, message)

    def start(self, build: Callable[[], DecisionActor[M]]) -> None:
        """Builds the actor, calls `started()`, then lets it handle what waited.

        Raises what `build` or `started` raise; the actor is then down and messages go on waiting.
        """
        if self._died is not None or self.handler is not None:
            raise SupervisionError(f"{self.name}: already has an actor")
        self.error = None
        if self.runs.watcher is not None:
            self.runs.watcher.on_started(self)

        def begin() -> None:
            actor = build()
            if not isinstance(actor, DecisionActor):
                raise TypeError(f"{self.name}: build() returned a {type(actor).__name__}")
            actor.started()
            self.handler = actor.handle
            self.last_progress_ns = self.runs.clock.monotonic_ns()
            self.runs.put_back(self, self._waiting)

        self.runs.turn(begin)

    def stop(self) -> None:
        """No actor from now on; messages wait. A task in `live` ends well."""
        self._end()
        if self._died is not None:
            self._died.set()
            self._died = None

    def kill(self, error: Exception) -> None:
        """Ends the actor as if its handler had raised `error`, but with no message in hand."""
        if self.handler is None:
            return
        self._end()
        self.error = error
        if self._died is not None:
            self._died.set()

    def _end(self) -> None:
        if self.handler is not None and self.runs.watcher is not None:
            self.runs.watcher.on_ended(self)
        self.handler = None

    def overrun(self, error: Exception) -> None:
        """It missed a message: what it has not handled yet is void, and its actor dies.

        So the next incarnation, which starts from a snapshot, sees nothing with a hole in it.
        """
        void = (*self._waiting, *self.runs.take_back(self))
        self._waiting.clear()
        for message in void:
            fail_reply(message, self.name, "dropped, for the actor could not keep up")
        self.dropped += len(void)
        self.kill(error)

    async def live(self, build: Callable[[], DecisionActor[M]], ready: Callable[[], None]) -> None:
        """The actor's life as a task: `start`, `ready()`, sleep until it dies, raise its error.

        Cancelling it stops the actor.
        """
        self.start(build)
        died = self._died = trio.Event()
        if self.error is not None:  # by what had waited for it
            died.set()
        try:
            ready()
            await died.wait()
            if self.error is not None:
                raise self.error
        finally:
            self.stop()

    def hold(self, message: M) -> None:
        """Keeps a message for the next incarnation, at the price of the oldest when full."""
        if len(self._waiting) >= self.waiting_capacity:
            fail_reply(self._waiting.popleft(), self.name, "dropped while the actor was down")
            self.dropped += 1
        self._waiting.append(message)

    def bury(self, message: M, error: Exception) -> None:
        """The handler raised: the actor is dead, and so is the message after its last try."""
        if isinstance(error, LeaveError):  # an end on purpose
            self.handled += 1
        elif self._count_try() < self.tries:
            self._waiting.appendleft(message)  # empty while the actor was up
            self.redelivered += 1
        else:
            now_ns = self.runs.clock.now_ns()
            self.dead_letters.add(self.name, message, error, now_ns, self._tried)
            fail_reply(message, self.name, f"died handling the question: {type(error).__name__}")
        self.kill(error)

    def _count_try(self) -> int:
        """How often in a row the message that killed the actor has done so."""
        settled = self.handled + self.dropped + self.dead_letters.total
        # With nothing settled since the last death this is the message of that death again.
        self._tried = self._tried + 1 if settled == self._settled_at_try else 1
        self._settled_at_try = settled
        return self._tried
