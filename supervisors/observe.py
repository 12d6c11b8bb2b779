"""What happened to the actors, as values; and how they are doing, as numbers.

Invariant: observing changes nothing. A callback that raises is counted and its error kept in
`failures`; neither the supervisor nor the other callbacks notice. A watcher is told of every end
of its actor, after that actor's registration is gone.
"""

from __future__ import annotations

import enum
from collections import Counter, deque
from collections.abc import Callable, Container
from typing import TypeVar, final

from attrs import frozen

from supervisors.actor import Address
from supervisors.clock import Clock
from supervisors.dead_letters import DeadLetter, describe
from supervisors.restart import ExitReason

E = TypeVar("E")


@final
@frozen
class ActorStarted:
    """It is ready. `generation` counts its incarnations under this supervisor, from 1."""

    ts_ns: int
    path: str
    generation: int


@final
@frozen
class ActorExited:
    """It ended. `error` is one line and empty after a good end; `traceback` is the long story."""

    ts_ns: int
    path: str
    generation: int
    reason: ExitReason
    error: str
    traceback: str


@final
@frozen
class ActorRestarted:
    """It is ready again, for the `restarts`-th time."""

    ts_ns: int
    path: str
    restarts: int


@final
@frozen
class BackoffStarted:
    """It will be started again after `delay_s`, for its `crashes`-th crash in a row, of `error`."""

    ts_ns: int
    path: str
    delay_s: float
    crashes: int
    error: str


@final
@frozen
class ChildStuckReported:
    """It was told to end and did not within its deadline."""

    ts_ns: int
    path: str
    stop_deadline_s: float


@final
@frozen
class MessageDeadLettered:
    """A message died with its actor."""

    ts_ns: int
    path: str
    letter: DeadLetter


@final
@frozen
class RestartLimitHit:
    """The supervisor gives up: `child` was the last straw."""

    ts_ns: int
    path: str
    child: str
    restarts: int
    within_s: float


@final
@frozen
class TopicOverflowed:
    """A subscriber's queue refused a published message."""

    ts_ns: int
    topic: str
    subscriber: str
    error: str


LifecycleEvent = (
    ActorStarted
    | ActorExited
    | ActorRestarted
    | BackoffStarted
    | ChildStuckReported
    | MessageDeadLettered
    | RestartLimitHit
    | TopicOverflowed
)


@final
class ActorKind(enum.Enum):
    DECISION = "decision"
    EDGE = "edge"
    SUPERVISOR = "supervisor"


@final
class ActorState(enum.Enum):
    """Where a child is in its life."""

    NEW = "new"
    STARTING = "starting"
    RUNNING = "running"
    BACKOFF = "backoff"  # will be started again when its delay is over
    PENDING = "pending"  # stopped with its group, starts again with it
    STOPPING = "stopping"
    STUCK = "stuck"  # did not end within its stop deadline
    ENDED = "ended"  # by itself, and its restart type leaves it at that
    STOPPED = "stopped"  # by its supervisor
    IGNORED = "ignored"  # asked at its start to be left out


@final
@frozen(kw_only=True)
class Workload:
    """What an actor has done with its messages; zeros for what has no queue."""

    handled: int = 0
    waiting: int = 0
    dropped: int = 0
    conflated: int = 0
    rejected: int = 0
    dead_letters: int = 0
    redelivered: int = 0


@final
@frozen(kw_only=True)
class ActorStatistics:
    """One actor at one moment. `path` runs from the root supervisor's name, joined by `/`."""

    path: str
    name: str
    kind: ActorKind
    state: ActorState
    restarts: int
    workload: Workload
    last_error: str


@final
class Observer:
    """Tells every lifecycle event to every subscriber and counts them."""

    def __init__(self, clock: Clock) -> None:
        self.events: Counter[str] = Counter()
        self.failures: deque[str] = deque(maxlen=10)
        self.failed_callbacks = 0
        self._clock = clock
        self._starts: Counter[str] = Counter()
        self._callbacks: list[Callable[[LifecycleEvent], None]] = []
        self._watchers: dict[str, tuple[Address[ActorExited], ...]] = {}

    def now_ns(self) -> int:
        """The time to stamp an event with."""
        return self._clock.now_ns()

    def subscribe(self, callback: Callable[[LifecycleEvent], None]) -> Callable[[], None]:
        """From the next event on, synchronously; returns what ends it."""
        self._callbacks.append(callback)

        def unsubscribe() -> None:
            if callback in self._callbacks:
                self._callbacks.remove(callback)

        return unsubscribe

    def watch(self, path: str, watcher: Address[ActorExited]) -> Callable[[], None]:
        """Sends `watcher` each end of the actor at `path`, good or bad; returns what ends it.

        Watching twice is watching once. It lasts through restarts, until the actor is forgotten.
        """
        known = self._watchers.get(path, ())
        if not any(one is watcher for one in known):
            self._watchers[path] = (*known, watcher)

        def unwatch() -> None:
            left = tuple(one for one in self._watchers.pop(path, ()) if one is not watcher)
            if left:
                self._watchers[path] = left

        return unwatch

    def report(self, event: LifecycleEvent) -> None:
        self.events[type(event).__name__] += 1
        if isinstance(event, ActorStarted):
            self._starts[event.path] += 1
        for callback in tuple(self._callbacks):
            self._tell(callback, event)
        if isinstance(event, ActorExited):
            for watcher in self._watchers.get(event.path, ()):
                self._tell(watcher.send, event)

    def restarts(self, path: str) -> int:
        """How often it was started after its first start, also through a restarted supervisor."""
        return max(0, self._starts[path] - 1)

    def restarts_by_actor(self) -> dict[str, int]:
        """The paths that were restarted, with how often."""
        return {path: starts - 1 for path, starts in self._starts.items() if starts > 1}

    def forget(self, path: str) -> None:
        """An actor that will not come back, so that the counts of names stay bounded."""
        self._starts.pop(path, None)
        self._watchers.pop(path, None)

    def forget_below(self, path: str, but: Container[str] = ()) -> None:
        """Of the children of `path` only those named may come back, each with all below it."""
        start = f"{path}/"
        for counted in (self._starts, self._watchers):
            below = [known for known in counted if known.startswith(start)]
            for known in below:
                if known.removeprefix(start).partition("/")[0] not in but:
                    del counted[known]

    def _tell(self, hear: Callable[[E], None], event: E) -> None:
        try:
            hear(event)
        except Exception as error:
            self.failed_callbacks += 1
            self.failures.append(describe(error))
