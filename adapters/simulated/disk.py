"""The journal's disk in memory: it loses what was not synced, stalls, and may be full.

Invariant: a batch is there whole or not at all; what was synced survives everything; what was
committed survives the end of the process; a process that has crashed changes nothing any more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar, final

import trio
from attrs import frozen

from bot3.domain.errors import DataError
from bot3.messages.journal import Record, StoredRecord, decode, encode
from supervisors.entropy import Dice

T = TypeVar("T")


@frozen
class Commit:
    """A batch that is on the disk now; `first` is the sequence of its first record."""

    first: int
    records: Sequence[Record]
    is_synced: bool


@frozen
class DiskSettings:
    """How long work takes, in seconds, and how often it stalls or fails, per commit."""

    shortest_s: float = 0.0005
    longest_s: float = 0.006
    stall_rate: float = 0.0
    longest_stall_s: float = 2.0
    error_rate: float = 0.0


@final
class SimulatedDisk:
    """What is written on it outlives every process. `on_fault` hears "stall" and "error"."""

    def __init__(self, dice: Dice, on_fault: Callable[[str], None]) -> None:
        self.settings = DiskSettings()
        self.bodies: list[bytes] = []
        self.synced = 0  # of the bodies: this many survive a power loss
        self._batches: list[int] = []  # where each commit after the last sync ended
        self.dice = dice
        self._on_fault = on_fault

    def mount(self, on_written: Callable[[Commit], None]) -> ProcessDisk:
        """The disk as one process sees it; `on_written` hears of each of its commits."""
        return ProcessDisk(self, on_written)

    def records(self) -> list[Record]:
        """Everything that is on it."""
        return [decode(body) for body in self.bodies]

    def append(self, bodies: Sequence[bytes], *, sync: bool) -> None:
        """One commit."""
        self.bodies += bodies
        self._batches.append(len(self.bodies))
        if sync:
            self.synced = len(self.bodies)
            self._batches.clear()

    def lose_power(self) -> int:
        """Commits after the last sync may be lost, the last ones first; how many records were."""
        ends = [self.synced, *self._batches]
        kept = self.dice.choice(ends)
        lost = len(self.bodies) - kept
        del self.bodies[kept:]
        self.synced = kept
        self._batches.clear()
        return lost

    def draw_wait_s(self) -> float:
        """How long the next piece of work takes."""
        settings, dice = self.settings, self.dice
        if dice.random() < settings.stall_rate:
            self._on_fault("stall")
            return dice.uniform(0.1, settings.longest_stall_s)
        return dice.uniform(settings.shortest_s, settings.longest_s)

    def draw_error(self) -> bool:
        """Whether the next commit fails."""
        is_failing = self.dice.random() < self.settings.error_rate
        if is_failing:
            self._on_fault("error")
        return is_failing


@final
class ProcessDisk:
    """Opens stores and runs their work; after `crash` it does as if and changes nothing."""

    def __init__(self, disk: SimulatedDisk, on_written: Callable[[Commit], None]) -> None:
        self.disk = disk
        self.is_fenced = False
        self._on_written = on_written

    def open_store(self) -> SimulatedStore:
        """In place of `JournalStore`."""
        return SimulatedStore(self)

    async def run_blocking(self, work: Callable[..., T], *args: Any) -> T:
        """In place of a worker thread: it takes time before the work's effect and after it."""
        wait_s = self.disk.draw_wait_s()
        before_s = wait_s * self.disk.dice.random()
        await trio.sleep(before_s)
        result = work(*args)
        await trio.sleep(wait_s - before_s)
        return result

    def write(self, records: Sequence[Record], *, sync: bool) -> None:
        """One commit; raises `DataError` where the disk fails."""
        if self.is_fenced:
            return
        if self.disk.draw_error():
            raise DataError("journal: cannot write: the disk is full")
        first = len(self.disk.bodies) + 1
        self.disk.append([encode(record) for record in records], sync=sync)
        self._on_written(Commit(first, records, is_synced=sync))

    def crash(self) -> None:
        """The process is gone."""
        self.is_fenced = True


@final
class SimulatedStore:
    """A journal store over the disk."""

    def __init__(self, process: ProcessDisk) -> None:
        self._process = process
        self._sequence = len(process.disk.bodies)

    @property
    def last_sequence(self) -> int:
        """Of the newest record."""
        return self._sequence

    def append(self, records: Sequence[Record], *, sync: bool) -> int:
        """See `JournalStore.append`."""
        self._process.write(records, sync=sync)
        self._sequence += len(records)
        return self._sequence

    def read_all(self) -> Iterator[StoredRecord]:
        """See `JournalStore.read_all`."""
        for sequence, record in enumerate(self._process.disk.records(), 1):
            yield StoredRecord(sequence, record)

    def close(self) -> None:
        """Nothing is lost where this is never called."""
