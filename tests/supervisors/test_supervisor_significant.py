"""Significant children end their supervisor by their own end, and only by that."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from trio.testing import MockClock

from supervisors.clock import Clock
from supervisors.dispatch import RunQueue
from supervisors.entropy import Entropy
from supervisors.restart import AutoShutdown, Restart, Strategy
from supervisors.spec import SupervisorSpec
from supervisors.tree import run_tree

ANY, EVERY = AutoShutdown.ANY, AutoShutdown.ALL
TRANSIENT: dict[str, object] = {"restart": Restart.TRANSIENT, "significant": True}
TEMPORARY: dict[str, object] = {"restart": Restart.TEMPORARY, "significant": True}


async def run_alone(recorder: Any, runs: RunQueue, *children: Any, **options: Any) -> float:
    """Runs the tree until it ends by itself; the time that took, at most 100 s."""
    clock: Clock = runs.clock
    spec = SupervisorSpec("root", children=children, **options)
    began_s = trio.current_time()
    dice = Entropy(1).dice("back-off")
    with trio.move_on_after(100):
        await run_tree(spec, runs=runs, clock=clock, dice=dice, observer=recorder.observer)
    return trio.current_time() - began_s


@pytest.mark.parametrize("act", ["end@1", "leave@1"])
async def test_any_the_first_that_ends_well_ends_the_supervisor(
    stage: Any, recorder: Any, runs: Any, act: str, autojump_clock: MockClock
) -> None:
    children = (stage.spec("b"), stage.spec("s", act, **TRANSIENT), stage.spec("t", **TRANSIENT))
    assert await run_alone(recorder, runs, *children, auto_shutdown=ANY) == 1
    assert stage.log[3:] == ["-s", "-t", "-b"]
    assert recorder.reasons()[-1] == ("root", "shutdown")


async def test_all_the_last_that_ends_ends_the_supervisor(
    stage: Any, recorder: Any, runs: Any, autojump_clock: MockClock
) -> None:
    children = (
        stage.spec("b"),
        stage.spec("s", "end@1", **TRANSIENT),
        stage.spec("t", "crash@3", **TEMPORARY),
    )
    assert await run_alone(recorder, runs, *children, auto_shutdown=EVERY) == 3


async def test_a_crash_that_is_restarted_is_no_end(
    stage: Any, recorder: Any, runs: Any, autojump_clock: MockClock
) -> None:
    child = stage.spec("s", "crash@1", "end@5", **TRANSIENT)
    assert await run_alone(recorder, runs, child, auto_shutdown=ANY) == 6


async def test_the_end_of_an_insignificant_child_means_nothing(
    stage: Any, recorder: Any, runs: Any, autojump_clock: MockClock
) -> None:
    children = (
        stage.spec("s", **TRANSIENT),
        stage.spec("t", "end@1", restart=Restart.TRANSIENT),
    )
    assert await run_alone(recorder, runs, *children, auto_shutdown=ANY) == 100


async def test_an_administrative_stop_is_no_end(
    grow: Any, stage: Any, autojump_clock: MockClock
) -> None:
    async with grow(stage.spec("s", **TRANSIENT), stage.spec("b"), auto_shutdown=ANY) as tree:
        await tree.supervisor("root").terminate_child("s")
        await trio.sleep(10)
        assert [one.state.value for one in tree.snapshot()] == ["stopped", "running"]


async def test_going_down_with_a_group_is_no_end(
    stage: Any, recorder: Any, runs: Any, autojump_clock: MockClock
) -> None:
    children = (stage.spec("b", "crash@1"), stage.spec("s", **TEMPORARY), stage.spec("c"))
    options = {"auto_shutdown": ANY, "strategy": Strategy.ONE_FOR_ALL}
    assert await run_alone(recorder, runs, *children, **options) == 100
    assert stage.log.count("+c") == 2


async def test_a_significant_end_goes_up_through_significant_supervisors(
    stage: Any, recorder: Any, runs: Any, autojump_clock: MockClock
) -> None:
    low = SupervisorSpec(
        "low", children=(stage.spec("s", "end@1", **TRANSIENT),), auto_shutdown=ANY, **TRANSIENT
    )
    assert await run_alone(recorder, runs, stage.spec("b"), low, auto_shutdown=ANY) == 1
    assert recorder.reasons() == [
        ("root/low/s", "normal"),
        ("root/low", "shutdown"),
        ("root/b", "shutdown"),
        ("root", "shutdown"),
    ]
