"""The journal's writer: commits records in groups, then lets their consequences happen.

Invariant: a message of an entry is delivered only after its record is in the file, in the order of
the entries, and at most once. A batch is committed once, even where a disk error, a restart or a
stop came between: what is in flight is kept in a `JournalBacklog` that outlives the actor.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol, TypeVar, final

import trio
from attrs import Factory, define

from bot3.messages.journal import JournalEntry, Recipient, Record, StoredRecord, is_critical
from supervisors.actor import EdgeActor, EdgeContext
from supervisors.clock import Clock

T = TypeVar("T")
BATCH_MAX = 512
STOP_DEADLINE_S = 5.0
DRAIN_IDLE_S = 0.05  # an inbox that gives nothing for so long is empty
_SAMPLE = 1_024


class JournalInbox(Protocol):
    """A bounded mailbox that outlives the actor."""

    async def receive_batch(self, limit: int) -> Sequence[JournalEntry]:
        """Waits for at least one; all that are there, up to `limit`."""
        ...


class Store(Protocol):
    """`JournalStore`, as far as it is needed; used by one piece of blocking work at a time."""

    @property
    def last_sequence(self) -> int: ...

    def append(self, records: Sequence[Record], *, sync: bool) -> int: ...

    def read_all(self) -> Iterator[StoredRecord]: ...

    def close(self) -> None: ...


class Disk(Protocol):
    """Where the journal is, and who does its blocking work."""

    def open_store(self) -> Store: ...

    async def run_blocking(self, work: Callable[..., T], *args: Any) -> T: ...


@define
class JournalStatistics:
    """Counters since the process began; commit times of the last thousand commits."""

    records: int = 0
    commits: int = 0
    failures: int = 0
    _times_ms: deque[float] = Factory(lambda: deque(maxlen=_SAMPLE))

    def count(self, records: int, took_ms: float) -> None:
        """After a commit."""
        self.records += records
        self.commits += 1
        self._times_ms.append(took_ms)

    def commit_ms(self, quantile: float) -> float:
        """`commit_ms(0.99)`: of the sample; 0 before the first commit."""
        ordered = sorted(self._times_ms)
        return ordered[min(int(quantile * len(ordered)), len(ordered) - 1)] if ordered else 0.0


@define
class JournalBacklog:
    """What was taken from the inbox and is not done: to be written, then to be delivered."""

    unwritten: Sequence[JournalEntry] = ()
    first_sequence: int = 0  # the first record's, 0 until a commit was tried
    undelivered: deque[tuple[Recipient, object]] = Factory(deque)
    statistics: JournalStatistics = Factory(JournalStatistics)


@final
class JournalActor(EdgeActor):
    """One writer. A failed commit raises; the next incarnation opens the file anew and retries."""

    def __init__(
        self,
        disk: Disk,
        inbox: JournalInbox,
        backlog: JournalBacklog,
        clock: Clock,
        *,
        stop_deadline_s: float = STOP_DEADLINE_S,
    ) -> None:
        self._disk = disk
        self._inbox = inbox
        self._backlog = backlog
        self._clock = clock
        self._stop_deadline_s = stop_deadline_s

    async def run(self, context: EdgeContext) -> None:
        """Until cancelled; then what is queued is still written, within the stop deadline."""
        store = await self._disk.run_blocking(self._disk.open_store)
        try:
            await self._finish(store)
            context.ready()
            try:
                while True:
                    await self._take(store)
                    context.progress()
            except trio.Cancelled:
                await self._drain(store)
                raise
        finally:
            store.close()

    async def _take(self, store: Store) -> None:
        self._backlog.unwritten = await self._inbox.receive_batch(BATCH_MAX)
        with trio.CancelScope(shield=True):  # short; a stop comes between batches
            await self._finish(store)

    async def _drain(self, store: Store) -> None:
        with trio.move_on_after(self._stop_deadline_s, shield=True):
            while True:
                with trio.move_on_after(DRAIN_IDLE_S) as idle:
                    self._backlog.unwritten = await self._inbox.receive_batch(BATCH_MAX)
                if idle.cancelled_caught:
                    return
                await self._finish(store)

    async def _finish(self, store: Store) -> None:
        """Writes what is unwritten, then delivers what is undelivered."""
        backlog = self._backlog
        if backlog.unwritten:
            started_ns = self._clock.monotonic_ns()
            count = len(backlog.unwritten)
            try:
                await self._disk.run_blocking(self._commit, store)
            except Exception:
                backlog.statistics.failures += 1
                raise
            took_ms = (self._clock.monotonic_ns() - started_ns) / 1e6
            backlog.statistics.count(count, took_ms)
        while backlog.undelivered:
            address, message = backlog.undelivered.popleft()
            address.send(message)

    def _commit(self, store: Store) -> None:
        """Blocks. A commit whose answer was lost is recognized by its sequence."""
        backlog = self._backlog
        if not backlog.first_sequence:
            backlog.first_sequence = store.last_sequence + 1
        if store.last_sequence < backlog.first_sequence:
            records = [entry.record for entry in backlog.unwritten]
            store.append(records, sync=any(map(is_critical, records)))
        backlog.undelivered.extend(pair for entry in backlog.unwritten for pair in entry.deliver)
        backlog.unwritten, backlog.first_sequence = (), 0
