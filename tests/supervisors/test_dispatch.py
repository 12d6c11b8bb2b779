"""The run queue: order, bounds, and what is left over."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from supervisors.actor import DecisionActor
from supervisors.cell import DecisionCell
from supervisors.clock import ManualClock
from supervisors.dispatch import RunQueue
from supervisors.errors import QueueFullError, SupervisionError


class Node(DecisionActor[int]):
    """Logs entry and exit, and sends each message but 0 on to its targets, one less."""

    def __init__(self, name: str, log: list[str], targets: list[DecisionCell[int]]) -> None:
        self.name, self.log, self.targets = name, log, targets

    def handle(self, message: int) -> None:
        self.log.append(f"{self.name}{message}")
        for target in self.targets if message else ():
            target.send(message - 1)
        self.log.append(f"/{self.name}{message}")


def wire(runs: RunQueue, log: list[str], **graph: str) -> dict[str, DecisionCell[int]]:
    """Cells by name; each sends to those its value names."""
    cells: dict[str, DecisionCell[int]] = {name: DecisionCell(name, runs) for name in graph}
    for name, targets in graph.items():
        node = Node(name, log, [cells[target] for target in targets])
        cells[name].start(lambda node=node: node)
    return cells


def test_sends_of_a_handler_are_handled_after_it_and_in_order() -> None:
    log: list[str] = []
    cells = wire(RunQueue(ManualClock()), log, a="bc", b="c", c="")
    cells["a"].send(2)
    assert log == ["a2", "/a2", "b1", "/b1", "c1", "/c1", "c0", "/c0"]


def test_a_turn_is_cut_at_its_limit_and_goes_on_with_the_next() -> None:
    log: list[str] = []
    runs = RunQueue(ManualClock(), turn_limit=3)
    cells = wire(runs, log, a="a")
    cells["a"].send(7)
    assert cells["a"].handled == 3
    assert (len(runs), runs.cut_turns) == (1, 1)
    assert not runs.drain()
    assert runs.drain()
    assert cells["a"].handled == 8


async def test_the_pump_continues_a_cut_turn_after_a_checkpoint_and_keeps_the_order(
    autojump_clock: MockClock,
) -> None:
    log: list[str] = []
    runs = RunQueue(ManualClock(), turn_limit=2)
    cells = wire(runs, log, a="a", b="")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(runs.pump)
        await wait_all_tasks_blocked()
        cells["a"].send(3)
        assert log == ["a3", "/a3", "a2", "/a2"]
        cells["b"].send(0)  # behind what is left, and not drained by this task
        assert log == ["a3", "/a3", "a2", "/a2"]
        await wait_all_tasks_blocked()
        assert log[4:] == ["a1", "/a1", "b0", "/b0", "a0", "/a0"]
        cells["b"].send(0)  # the queue is empty again: handled at once
        assert log[-2:] == ["b0", "/b0"]
        nursery.cancel_scope.cancel()


async def test_an_endless_exchange_of_messages_does_not_starve_the_other_tasks(
    autojump_clock: MockClock,
) -> None:
    runs = RunQueue(ManualClock(), turn_limit=10)
    cells = wire(runs, [], a="b", b="a")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(runs.pump)
        cells["a"].send(10**9)
        for _ in range(20):
            await trio.lowlevel.checkpoint()
        nursery.cancel_scope.cancel()
    assert 10 * 15 < cells["a"].handled + cells["b"].handled < 10 * 25


async def test_a_run_queue_has_one_pump(autojump_clock: MockClock) -> None:
    runs = RunQueue(ManualClock())
    async with trio.open_nursery() as nursery:
        nursery.start_soon(runs.pump)
        await wait_all_tasks_blocked()
        with pytest.raises(SupervisionError, match="already has a pump"):
            await runs.pump()
        nursery.cancel_scope.cancel()


def test_a_full_queue_refuses_and_counts_and_the_sender_dies_of_it_alone() -> None:
    log: list[str] = []
    runs = RunQueue(ManualClock(), capacity=3)
    cells = wire(runs, log, a="bbbb", b="")
    cells["a"].send(1)
    assert isinstance(cells["a"].error, QueueFullError)
    assert runs.refused == 1
    assert cells["b"].handled == 3
    assert [letter.message for letter in cells["a"].dead_letters] == [1]


class Meddler(DecisionActor[int]):
    def __init__(self, runs: RunQueue) -> None:
        self.runs = runs

    def handle(self, message: int) -> None:
        self.runs.drain() if message else self.runs.turn(lambda: None)


@pytest.mark.parametrize("message", [0, 1])
def test_a_handler_cannot_re_enter_the_queue(message: int) -> None:
    runs = RunQueue(ManualClock())
    cell: DecisionCell[int] = DecisionCell("meddler", runs)
    cell.start(lambda: Meddler(runs))
    cell.send(message)
    assert isinstance(cell.error, SupervisionError)
    assert runs.turn_started_ns is None


def test_what_is_sent_in_started_is_handled_when_the_actor_is_up() -> None:
    runs = RunQueue(ManualClock())
    log: list[str] = []
    cell: DecisionCell[int] = DecisionCell("a", runs)

    class Eager(Node):
        def started(self) -> None:
            cell.send(0)
            self.log.append("started")

    cell.start(lambda: Eager("a", log, []))
    assert log == ["started", "a0", "/a0"]
