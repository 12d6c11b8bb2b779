"""Supervisors of supervisors: back-offs inside back-offs, escalation, children that detach."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from trio.testing import MockClock

from supervisors.actor import EdgeActor, EdgeContext
from supervisors.backoff import Backoff
from supervisors.errors import RestartLimitReachedError
from supervisors.observe import ActorStarted, BackoffStarted, RestartLimitHit
from supervisors.restart import AutoShutdown, Intensity, Restart
from supervisors.spec import EdgeSpec, SupervisorSpec

PLENTY = Intensity(1000, 3600)


def fixed(delay_s: float) -> Backoff:
    return Backoff(initial_s=delay_s, max_s=delay_s, jitter=0)


async def test_a_back_off_inside_a_back_off_starts_anew_with_each_outer_restart(
    grow: Any, stage: Any, recorder: Any, autojump_clock: MockClock
) -> None:
    inner = Backoff(initial_s=1, factor=2, max_s=100, jitter=0)
    child = stage.spec("a", *["crash@1"] * 6, backoff=inner)
    low = SupervisorSpec("low", intensity=Intensity(2, 60), children=(child,), backoff=fixed(20))
    async with grow(low, stage.spec("b")):
        await trio.sleep(100)
    delays = [(event.path, event.delay_s, event.crashes) for event in recorder.of(BackoffStarted)]
    incarnation = [("root/low/a", 1, 1), ("root/low/a", 2, 2)]
    assert delays == [*incarnation, ("root/low", 20, 1), *incarnation, ("root/low", 20, 2)]
    starts = [e.ts_ns / 1e9 for e in recorder.of(ActorStarted) if e.path == "root/low/a"]
    assert starts == [0, 2, 5, 26, 28, 31, 52]
    assert stage.built["b"] == 1


async def test_an_outer_back_off_does_not_run_the_timers_of_the_inner_one(
    grow: Any, stage: Any, autojump_clock: MockClock
) -> None:
    children = (
        stage.spec("slow", "crash@1", backoff=fixed(10)),
        stage.spec("fast", "crash@2", "crash@0", backoff=None),
    )
    low = SupervisorSpec("low", intensity=Intensity(2, 60), children=children, backoff=fixed(50))
    async with grow(low) as tree:
        await trio.sleep(20)
        assert (stage.built["slow"], stage.built["fast"]) == (1, 2)
        assert [one.path for one in tree.snapshot() if one.state.value == "backoff"] == ["root/low"]
        await trio.sleep(40)
        assert (stage.built["slow"], stage.built["fast"]) == (2, 3)


async def test_a_failure_climbs_as_high_as_it_must_and_the_rest_of_the_tree_goes_on(
    grow: Any, stage: Any, recorder: Any, autojump_clock: MockClock
) -> None:
    low = SupervisorSpec(
        "low",
        intensity=Intensity(1, 60),
        children=(stage.spec("a", *["crash@1"] * 4),),
        backoff=None,
    )
    middle = SupervisorSpec("middle", intensity=Intensity(1, 60), children=(low,), backoff=None)
    async with grow(stage.spec("b"), middle, intensity=PLENTY) as tree:
        await trio.sleep(30)
        assert [(hit.path, hit.child) for hit in recorder.of(RestartLimitHit)] == [
            ("root/middle/low", "a"),
            ("root/middle/low", "a"),
            ("root/middle", "low"),
        ]
        restarts = {one.path: one.restarts for one in tree.snapshot()}
        assert restarts == {
            "root/b": 0,
            "root/middle": 1,
            "root/middle/low": 2,
            "root/middle/low/a": 4,
        }


async def test_a_failure_that_nobody_stops_ends_the_tree_bottom_up(
    grow: Any, stage: Any, recorder: Any, autojump_clock: MockClock
) -> None:
    low = SupervisorSpec(
        "low",
        intensity=Intensity(0, 60),
        children=(stage.spec("a"), stage.spec("b", then="crash@1")),
    )
    with pytest.raises(ExceptionGroup) as failed:
        async with grow(stage.spec("c"), low, stage.spec("d"), intensity=Intensity(0, 60)):
            await trio.sleep_forever()
    assert failed.group_contains(RestartLimitReachedError, match="the last for low: root/low: more")
    assert [path for path, _ in recorder.reasons()] == [
        *("root/low/b", "root/low/a", "root/low", "root/d", "root/c", "root")
    ]


async def test_significance_ends_at_a_supervisor_that_is_not_significant_itself(
    grow: Any, stage: Any, recorder: Any, autojump_clock: MockClock
) -> None:
    significant = stage.spec("s", "end@1", restart=Restart.TRANSIENT, significant=True)
    low = SupervisorSpec(
        "low",
        children=(significant, stage.spec("a")),
        auto_shutdown=AutoShutdown.ALL,
        restart=Restart.TRANSIENT,
    )
    async with grow(stage.spec("b"), low) as tree:
        await trio.sleep(10)
        assert [(one.name, one.state.value) for one in tree.snapshot()][:2] == [
            ("b", "running"),
            ("low", "ended"),
        ]
    assert recorder.reasons()[2] == ("root/low", "shutdown")
    assert stage.log == ["+b", "+s", "+a", "-s", "-a", "-b"]


async def test_counts_and_states_are_right_while_children_are_restarting(
    grow: Any, stage: Any, autojump_clock: MockClock
) -> None:
    children = (
        stage.spec("a", "crash@1", backoff=fixed(10)),
        stage.spec("b", "crash@1", "late", start_deadline_s=5),
        stage.spec("c", restart=Restart.TEMPORARY),
    )
    async with grow(*children, intensity=PLENTY) as tree:
        await trio.sleep(3)
        seen = {one.name: (one.state.value, one.restarts) for one in tree.snapshot()}
        assert seen == {"a": ("backoff", 0), "b": ("starting", 0), "c": ("running", 0)}
        await trio.sleep(20)
        seen = {one.name: (one.state.value, one.restarts) for one in tree.snapshot()}
        assert seen == {"a": ("running", 1), "b": ("running", 1), "c": ("running", 0)}


async def test_a_child_that_hands_its_work_to_a_foreign_nursery_does_not_hang_its_supervisor(
    grow: Any, stage: Any, recorder: Any, autojump_clock: MockClock
) -> None:
    async with trio.open_nursery() as foreign:

        class Detaching(EdgeActor):
            async def run(self, context: EdgeContext) -> None:
                context.ready()
                foreign.start_soon(trio.sleep_forever)

        child = EdgeSpec("d", Detaching, restart=Restart.TEMPORARY)
        async with grow(child, stage.spec("b")):
            await trio.sleep(1)
            assert recorder.reasons() == [("root/d", "normal")]
        assert trio.current_time() == 1
        assert len(foreign.child_tasks) == 1  # it went its own way, and nobody waited for it
        foreign.cancel_scope.cancel()
