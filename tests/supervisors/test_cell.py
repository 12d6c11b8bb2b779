"""The cell: nothing but the poison is lost, and the order is kept."""

from __future__ import annotations

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import MockClock

from supervisors.actor import DecisionActor
from supervisors.cell import DecisionCell
from supervisors.clock import ManualClock
from supervisors.dispatch import RunQueue
from supervisors.errors import SupervisionError


class Sink(DecisionActor[int]):
    """Keeps what it is told; dies of what is negative."""

    def __init__(self, seen: list[int]) -> None:
        self.seen = seen

    def handle(self, message: int) -> None:
        if message < 0:
            raise ValueError(f"cannot take {message}")
        self.seen.append(message)


def make(seen: list[int], *, turn_limit: int = 10_000, waiting: int = 10_000) -> DecisionCell[int]:
    runs = RunQueue(ManualClock(123), turn_limit=turn_limit)
    return DecisionCell("sink", runs, waiting_capacity=waiting)


def test_a_raising_handler_kills_its_actor_and_not_the_sender() -> None:
    seen: list[int] = []
    cell = make(seen)
    cell.start(lambda: Sink(seen))
    cell.send(1)
    cell.send(-1)
    assert not cell.is_up
    assert isinstance(cell.error, ValueError)
    (letter,) = cell.dead_letters
    assert (letter.to, letter.message, letter.ts_ns) == ("sink", -1, 123)
    assert letter.error == "ValueError: cannot take -1"
    assert "in handle" in letter.traceback
    assert (cell.handled, cell.dead_letters.total) == (1, 1)


@given(st.lists(st.integers(-1, 1000), max_size=60), st.integers(1, 5))
def test_every_message_but_the_poison_is_handled_once_and_in_order(
    messages: list[int], turn_limit: int
) -> None:
    seen: list[int] = []
    cell = make(seen, turn_limit=turn_limit)
    cell.start(lambda: Sink(seen))
    for message in messages:
        cell.send(message)
    while not cell.is_up or cell.waiting or len(cell.runs):
        if not cell.is_up:
            cell.stop()
            cell.start(lambda: Sink(seen))
        cell.runs.drain()
    assert seen == [message for message in messages if message >= 0]
    assert cell.dead_letters.total == messages.count(-1)
    assert cell.handled == len(seen)


def test_what_waits_goes_before_what_the_run_queue_still_holds() -> None:
    seen: list[int] = []
    cell = make(seen, turn_limit=2)
    cell.start(lambda: Sink(seen))
    cell.stop()
    cell.runs.turn(lambda: [cell.send(n) for n in range(5)])
    assert (cell.waiting, len(cell.runs)) == (2, 3)
    cell.start(lambda: Sink(seen))
    while not cell.runs.drain():
        pass
    assert seen == [0, 1, 2, 3, 4]


def test_a_cell_that_is_down_too_long_drops_its_oldest_and_counts_them() -> None:
    seen: list[int] = []
    cell = make(seen, waiting=3)
    for n in range(5):
        cell.send(n)
    assert (cell.waiting, cell.dropped) == (3, 2)
    cell.start(lambda: Sink(seen))
    assert seen == [2, 3, 4]
    assert cell.waiting == 0


def test_a_failing_build_or_started_leaves_the_actor_down_and_messages_waiting() -> None:
    class Stillborn(Sink):
        def started(self) -> None:
            raise RuntimeError("no snapshot")

    seen: list[int] = []
    cell = make(seen)
    cell.send(1)
    with pytest.raises(RuntimeError, match="no snapshot"):
        cell.start(lambda: Stillborn(seen))
    with pytest.raises(TypeError, match=r"sink: build\(\) returned a str"):
        cell.start(lambda: "not an actor")  # type: ignore[arg-type,return-value]
    assert (cell.is_up, cell.waiting) == (False, 1)
    cell.start(lambda: Sink(seen))
    assert seen == [1]


def test_a_cell_has_one_actor() -> None:
    cell = make([])
    cell.start(lambda: Sink([]))
    with pytest.raises(SupervisionError, match="already has an actor"):
        cell.start(lambda: Sink([]))


def test_progress_is_the_time_of_the_last_turn_that_handled_something() -> None:
    clock = ManualClock(5)
    runs = RunQueue(clock)
    cell: DecisionCell[int] = DecisionCell("sink", runs)
    cell.start(lambda: Sink([]))
    clock.move_to(7)
    cell.send(1)
    clock.move_to(9)
    cell.send(-1)
    assert cell.last_progress_ns == 7


async def test_its_task_wakes_with_the_error_and_can_be_cancelled(
    autojump_clock: MockClock,
) -> None:
    seen: list[int] = []
    cell = make(seen)
    cell.send(-5)
    with pytest.raises(ValueError, match="cannot take -5"):
        await cell.live(lambda: Sink(seen), lambda: None)
    with trio.move_on_after(1) as scope:
        await cell.live(lambda: Sink(seen), lambda: cell.send(1))
    assert scope.cancelled_caught
    cell.send(2)
    assert (seen, cell.is_up, cell.waiting) == ([1], False, 1)


def test_only_the_newest_dead_letters_are_kept() -> None:
    runs = RunQueue(ManualClock())
    cell: DecisionCell[int] = DecisionCell("sink", runs, dead_letter_capacity=2)
    for n in (-1, -2, -3):
        cell.start(lambda: Sink([]))
        cell.send(n)
        cell.stop()
    assert [letter.message for letter in cell.dead_letters] == [-2, -3]
    assert cell.dead_letters.total == 3
    assert len(cell.dead_letters.unreported()) == 2
    assert cell.dead_letters.unreported() == ()
