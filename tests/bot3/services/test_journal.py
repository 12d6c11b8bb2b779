"""The journal actor: durable before delivered, in order, once, across errors and restarts."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import trio

from bot3.domain.errors import DataError
from bot3.messages.control import TradingHalted
from bot3.messages.journal import Record
from bot3.services.journal import JournalActor, JournalBacklog, JournalEntry
from bot3.services.storage import JournalStore
from supervisors.clock import SystemClock


class Inbox:
    """A plain queue with the journal's interface."""

    def __init__(self) -> None:
        self.entries: deque[JournalEntry] = deque()
        self.arrived = trio.Event()

    def put(self, entry: JournalEntry) -> None:
        self.entries.append(entry)
        self.arrived.set()

    async def receive_batch(self, limit: int) -> list[JournalEntry]:
        while not self.entries:
            self.arrived = trio.Event()
            await self.arrived.wait()
        return [self.entries.popleft() for _ in range(min(limit, len(self.entries)))]


class Receiver:
    """An address that notes what was in the file when each message came."""

    name = "receiver"

    def __init__(self, path: Path) -> None:
        self.got: list[object] = []
        self.path = path
        self.all_here = trio.Event()
        self.expected = 0

    def send(self, message: object) -> None:
        store = JournalStore(self.path)
        written = [row.record.reason for row in store.read_all()]
        store.close()
        assert message in written, "delivered before it was durable"
        self.got.append(message)
        if len(self.got) >= self.expected:
            self.all_here.set()


class Context:
    def __init__(self) -> None:
        self.is_ready = trio.Event()
        self.steps = 0

    def ready(self) -> None:
        self.is_ready.set()

    def progress(self) -> None:
        self.steps += 1


class FaultyStore:
    """A real store whose disk fails on command, before or after the commit."""

    def __init__(self, world: World) -> None:
        self.world, self.store = world, JournalStore(world.path)

    @property
    def last_sequence(self) -> int:
        return self.store.last_sequence

    def append(self, records: Sequence[Record], *, sync: bool) -> int:
        if self.world.failing:
            self.world.failing -= 1
            if self.world.fails_after:
                self.store.append(records, sync=sync)
            raise DataError("disk full")
        return self.store.append(records, sync=sync)

    def close(self) -> None:
        self.store.close()


class World:
    def __init__(self, folder: Path) -> None:
        self.path = folder / "journal.db"
        self.inbox, self.backlog = Inbox(), JournalBacklog()
        self.receiver, self.context = Receiver(self.path), Context()
        self.failing = 0
        self.fails_after = False

    def open_store(self) -> FaultyStore:
        return FaultyStore(self)

    async def run_blocking(self, work: Callable[..., Any], *args: Any) -> Any:
        return await trio.to_thread.run_sync(work, *args)

    def actor(self) -> JournalActor:
        return JournalActor(self, self.inbox, self.backlog, SystemClock())

    def put(self, *names: str) -> None:
        self.receiver.expected += len(names)
        for name in names:
            deliver = ((self.receiver, name),)
            self.inbox.put(JournalEntry(TradingHalted(name, 1), deliver))

    def written(self) -> list[str]:
        store = JournalStore(self.path)
        found = [row.record.reason for row in store.read_all()]
        store.close()
        return found


async def run_until_all_here(world: World) -> None:
    with trio.fail_after(5):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(world.actor().run, world.context)
            await world.receiver.all_here.wait()
            nursery.cancel_scope.cancel()


async def test_entries_are_written_in_groups_then_delivered_in_order(tmp_path: Path) -> None:
    world = World(tmp_path)
    names = [f"n{number}" for number in range(20)]
    world.put(*names)
    await run_until_all_here(world)
    assert world.receiver.got == world.written() == names
    statistics = world.backlog.statistics
    assert (statistics.records, statistics.commits, statistics.failures) == (20, 1, 0)
    assert 0 < statistics.commit_ms(0.5) == statistics.commit_ms(0.99) == statistics.commit_ms(1.0)
    assert world.context.steps == 1


@pytest.mark.parametrize("fails_after", [False, True])
async def test_a_failed_batch_is_written_once_by_the_next_incarnation(
    tmp_path: Path, fails_after: bool
) -> None:
    world = World(tmp_path)
    world.failing, world.fails_after = 1 if fails_after else 2, fails_after
    world.put("a", "b")
    for _ in range(world.failing):
        with trio.fail_after(5), pytest.raises(DataError, match="disk full"):
            await world.actor().run(world.context)
        assert world.receiver.got == []
    world.put("c")
    await run_until_all_here(world)
    assert world.receiver.got == world.written() == ["a", "b", "c"]
    assert world.backlog.statistics.failures >= 1


async def test_a_stop_writes_and_delivers_what_is_queued(tmp_path: Path) -> None:
    world = World(tmp_path)
    with trio.fail_after(5):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(world.actor().run, world.context)
            await world.context.is_ready.wait()
            nursery.cancel_scope.cancel()
            world.put("a", "b")
    assert world.receiver.got == world.written() == ["a", "b"]


async def test_a_receiver_that_fails_gets_its_message_once(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.put("a", "b")

    class Broken:
        name = "broken"

        def send(self, message: object) -> None:
            raise RuntimeError("full")

    bad = JournalEntry(TradingHalted("x", 1), ((Broken(), "x"),))
    world.inbox.entries.insert(1, bad)
    with trio.fail_after(5), pytest.raises(RuntimeError, match="full"):
        await world.actor().run(world.context)
    assert world.receiver.got == ["a"]
    await run_until_all_here(world)
    assert world.receiver.got == ["a", "b"]
    assert world.written() == ["a", "x", "b"]
