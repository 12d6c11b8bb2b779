"""The run queue: decision actors' messages, handled one after the other to completion.

Invariant: first in, first out, and never re-entrant: a handler's sends join the end of the queue
and are handled after it. A turn is bounded: what is left at `turn_limit` is continued by `pump`
after a checkpoint, and until then sends only append. Everything here belongs to one thread.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, Protocol, TypeVar, final

import trio

from supervisors.clock import Clock
from supervisors.errors import QueueFullError, SupervisionError

T = TypeVar("T")


class Recipient(Protocol):
    """What the run queue needs of a cell. `handler` is None while the actor is down."""

    name: str
    handler: Callable[[Any], None] | None
    handled: int
    last_progress_ns: int

    def hold(self, message: Any) -> None:
        """Keeps a message for the next incarnation."""

    def bury(self, message: Any, error: Exception) -> None:
        """The handler raised `error` on `message`: the actor is dead."""


class Watcher(Protocol):
    """Hears of what happens to a run queue, in turns and out of them, before it happens."""

    def on_sent(self, cell: Recipient, message: Any) -> None: ...

    def on_started(self, cell: Recipient) -> None: ...

    def on_ended(self, cell: Recipient) -> None: ...


@final
class RunQueue:
    """Drained by whoever sends while nobody drains.

    Args:
        clock: read once a turn, for progress and the watchdog.
        capacity: messages; one more raises `QueueFullError`.
        turn_limit: messages handled before other tasks get their turn.
    """

    def __init__(self, clock: Clock, *, capacity: int = 100_000, turn_limit: int = 10_000) -> None:
        if capacity < 1 or turn_limit < 1:
            raise ValueError(f"capacity {capacity} and turn_limit {turn_limit} must be positive")
        self.clock = clock
        self.capacity = capacity
        self.turn_limit = turn_limit
        self.refused = 0
        self.cut_turns = 0
        self.turns = 0
        self.turn_started_ns: int | None = None
        self.current: Recipient | None = None
        self.watcher: Watcher | None = None
        self._queue: deque[tuple[Recipient, Any]] = deque()
        self._is_held = False  # draining, or the rest of a cut turn belongs to the pump
        self._is_pumped = False
        self._cut = trio.lowlevel.ParkingLot()

    def __len__(self) -> int:
        return len(self._queue)

    def send(self, cell: Recipient, message: Any) -> None:
        """Appends; drains the queue unless a handler or the pump is at it.

        Raises:
            QueueFullError: the queue holds `capacity` messages; this one is refused.
        """
        queue = self._queue
        if len(queue) >= self.capacity:
            self.refused += 1
            raise QueueFullError("run queue", self.capacity)
        if self.watcher is not None:
            self.watcher.on_sent(cell, message)
        queue.append((cell, message))
        if not self._is_held:
            self.drain()

    def put_back(self, cell: Recipient, messages: deque[Any]) -> None:
        """Moves what waited for a restart to the front, in order.

        Whatever the queue holds for that cell was sent later, so its order is kept. These
        messages were accepted once and are not refused again.
        """
        self._queue.extendleft((cell, message) for message in reversed(messages))
        messages.clear()

    def take_back(self, cell: Recipient) -> tuple[Any, ...]:
        """Removes and returns what the queue holds for that cell, oldest first."""
        mine = tuple(message for owner, message in self._queue if owner is cell)
        others = [entry for entry in self._queue if entry[0] is not cell]
        self._queue.clear()  # in place: a turn may be at it
        self._queue.extend(others)
        return mine

    def turn(self, first: Callable[[], T]) -> T:
        """Runs `first` like a handler, then drains what it sent. Not for use inside a handler."""
        if self.turn_started_ns is not None:
            raise SupervisionError("run queue: a handler must not start a turn of its own")
        was_held, self._is_held = self._is_held, True
        self.turn_started_ns = self.clock.monotonic_ns()
        try:
            return first()
        finally:
            self._is_held = was_held
            self.turn_started_ns = None
            if not was_held:
                self.drain()

    def drain(self) -> bool:
        """One turn. True when the queue is empty, False when the turn was cut at its limit."""
        if self.turn_started_ns is not None:
            raise SupervisionError("run queue: a handler must not drain it")
        queue, pop, left = self._queue, self._queue.popleft, self.turn_limit
        self._is_held = True
        self.turns += 1
        self.turn_started_ns = now_ns = self.clock.monotonic_ns()
        try:
            while queue and left:
                left -= 1
                cell, message = pop()
                handler = cell.handler
                if handler is None:
                    cell.hold(message)
                    continue
                self.current = cell
                try:
                    handler(message)
                except Exception as error:
                    cell.bury(message, error)
                else:
                    cell.handled += 1
                    cell.last_progress_ns = now_ns
        finally:
            self.turn_started_ns = self.current = None
            self._is_held = bool(queue) and self._is_pumped
        if queue:
            self.cut_turns += 1
            self._cut.unpark()
        return not queue

    async def pump(self) -> None:
        """Continues turns that were cut, each after a checkpoint; for ever. One per run queue."""
        if self._is_pumped:
            raise SupervisionError("run queue: already has a pump; give each tree its own queue")
        self._is_pumped = True
        try:
            while True:
                if not self._queue:
                    await self._cut.park()
                await trio.lowlevel.checkpoint()
                if self._queue:
                    self.drain()
        finally:
            self._is_pumped = self._is_held = False
