from __future__ import annotations

from bot3.app.simulation.invariants.events import ProcessStarted, ProcessStopped
from bot3.app.simulation.invariants.one_writer import OneWriter
from tests.bot3.app.simulation.invariants.history import History


def history() -> History:
    return History(OneWriter().hear).begin()


def test_one_living_process_that_writes_on_and_on_is_well() -> None:
    world = history()
    world.order()
    world.crash()
    world.lose(world.sequence - 1)
    world.start()
    world.order()
    world.tell(ProcessStopped(2, world.now_ns))
    world.start()
    world.order()
    assert world.texts == []


def test_a_dead_process_that_writes_is_caught() -> None:
    world = history()
    world.crash()
    world.intent()
    assert world.texts == ["IntentRecorded 1 of process 1, which is dead"]


def test_a_hole_and_a_fork_in_the_sequence_are_caught() -> None:
    world = history()
    world.intent()
    world.sequence += 1
    world.intent()
    world.sequence -= 1
    world.intent()
    assert world.texts == ["IntentRecorded 3 follows 1", "IntentRecorded 3 follows 3"]


def test_a_process_beside_a_living_one_is_caught() -> None:
    world = history()
    world.start()
    world.crash()
    world.tell(ProcessStarted(2, world.now_ns))
    assert world.texts == ["process 2 starts while 1 lives", "process 2 starts after 2"]
