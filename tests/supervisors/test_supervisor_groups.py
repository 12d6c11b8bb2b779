"""Strategies: who goes down and comes up together."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from trio.testing import MockClock

from supervisors.backoff import Backoff
from supervisors.errors import ChildStuckError, RestartLimitReachedError
from supervisors.observe import ActorState
from supervisors.restart import Intensity, Restart, Strategy

ALL, REST, ONE = Strategy.ONE_FOR_ALL, Strategy.REST_FOR_ONE, Strategy.ONE_FOR_ONE
PLENTY = Intensity(1000, 3600)
SLOW = Backoff(initial_s=10, max_s=10, jitter=0)


@pytest.mark.parametrize(
    ("strategy", "log"),
    [
        (ONE, ["-b", "+b"]),
        (REST, ["-b", "-d", "-c", "+b", "+c", "+d"]),
        (ALL, ["-b", "-d", "-c", "-a", "+a", "+b", "+c", "+d"]),
    ],
)
async def test_the_group_stops_in_reverse_and_starts_in_order(
    grow: Any, stage: Any, strategy: Strategy, log: list[str], autojump_clock: MockClock
) -> None:
    acts = {"b": ["crash@1"]}
    children = [stage.spec(name, *acts.get(name, [])) for name in "abcd"]
    async with grow(*children, strategy=strategy):
        del stage.log[:]
        await trio.sleep(2)
        assert stage.log == log


@pytest.mark.parametrize("strategy", list(Strategy))
async def test_every_strategy_escalates_when_the_restart_itself_fails_too_often(
    grow: Any, stage: Any, strategy: Strategy, autojump_clock: MockClock
) -> None:
    children = (stage.spec("a"), stage.spec("b", "crash@1", then="fail"), stage.spec("c"))
    with pytest.raises(ExceptionGroup) as failed:
        async with grow(*children, strategy=strategy, intensity=Intensity(4, 60)):
            await trio.sleep_forever()
    assert failed.group_contains(RestartLimitReachedError)
    assert stage.built["b"] == 1 + 4
    assert sum(entry[0] == "+" for entry in stage.log) == sum(e[0] == "-" for e in stage.log)


async def test_one_for_all_a_second_failed_restart_stops_the_restarted_first(
    grow: Any, stage: Any, autojump_clock: MockClock
) -> None:
    children = (stage.spec("a", "crash@1"), stage.spec("b", "stay", "fail"), stage.spec("c"))
    async with grow(*children, strategy=ALL, intensity=PLENTY):
        await trio.sleep(2)
        assert stage.log[3:] == ["-a", "-c", "-b", "+a", "-a", "+a", "+b", "+c"]


async def test_rest_for_one_a_later_failed_restart_spares_the_restarted_first(
    grow: Any, stage: Any, autojump_clock: MockClock
) -> None:
    children = (stage.spec("a", "crash@1"), stage.spec("b", "stay", "fail"), stage.spec("c"))
    async with grow(*children, strategy=REST, intensity=PLENTY):
        await trio.sleep(2)
        assert stage.log[3:] == ["-a", "-c", "-b", "+a", "+b", "+c"]


async def test_a_temporary_bystander_goes_down_with_its_group_and_stays_away(
    grow: Any, stage: Any, autojump_clock: MockClock
) -> None:
    children = (stage.spec("a", "crash@1"), stage.spec("t", restart=Restart.TEMPORARY))
    async with grow(*children, strategy=ALL) as tree:
        await trio.sleep(2)
        assert [one.name for one in tree.snapshot()] == ["a"]
    assert stage.built["t"] == 1


async def test_what_was_stopped_by_hand_is_not_started_with_its_group(
    grow: Any, stage: Any, autojump_clock: MockClock
) -> None:
    children = (stage.spec("a", "crash@1"), stage.spec("b"), stage.spec("c"))
    async with grow(*children, strategy=ALL) as tree:
        await tree.supervisor("root").terminate_child("b")
        await trio.sleep(2)
        assert [one.state for one in tree.snapshot()] == [
            ActorState.RUNNING,
            ActorState.STOPPED,
            ActorState.RUNNING,
        ]
    assert (stage.built["b"], stage.built["c"]) == (1, 2)


async def test_a_transient_child_that_was_done_runs_again_with_its_group(
    grow: Any, stage: Any, autojump_clock: MockClock
) -> None:
    children = (
        stage.spec("a", "crash@2"),
        stage.spec("loader", then="end@1", restart=Restart.TRANSIENT),
    )
    async with grow(*children, strategy=REST):
        await trio.sleep(4)
    assert stage.log == ["+a", "+loader", "-loader", "-a", "+a", "+loader", "-loader", "-a"]


async def test_the_group_stops_at_once_and_starts_after_the_back_off(
    grow: Any, stage: Any, autojump_clock: MockClock
) -> None:
    children = (stage.spec("a"), stage.spec("b", "crash@1", backoff=SLOW), stage.spec("c"))
    async with grow(*children, strategy=ALL) as tree:
        await trio.sleep(2)
        assert stage.log[3:] == ["-b", "-c", "-a"]
        assert [one.state.value for one in tree.snapshot()] == ["pending", "backoff", "pending"]
        await trio.sleep(10)
        assert stage.log[6:] == ["+a", "+b", "+c"]


async def test_a_crash_further_up_takes_over_a_waiting_group(
    grow: Any, stage: Any, autojump_clock: MockClock
) -> None:
    children = (
        stage.spec("a", "crash@3", backoff=SLOW),
        stage.spec("b", "crash@1", backoff=SLOW),
        stage.spec("c"),
    )
    async with grow(*children, strategy=REST):
        await trio.sleep(12.5)
        assert stage.log[3:] == ["-b", "-c", "-a"]  # at 11 s the timer of `b` means nothing now
        await trio.sleep(1)
        assert stage.log[6:] == ["+a", "+b", "+c"]
        await trio.sleep(100)
        assert len(stage.log) == 9


async def test_a_restart_that_was_due_at_once_waits_for_a_crash_further_up(
    grow: Any, stage: Any, autojump_clock: MockClock
) -> None:
    """While `c` takes a second to stop for the sake of `b`, `a` crashes too."""
    children = (
        stage.spec("a", "crash@1.5", backoff=SLOW),
        stage.spec("b", "crash@1"),
        stage.spec("c", slow_stop_s=1),
    )
    async with grow(*children, strategy=REST, intensity=PLENTY):
        await trio.sleep(11)
        assert stage.log[3:] == ["-b", "-c", "-a"]
        await trio.sleep(2)
        assert stage.log[6:] == ["+a", "+b", "+c"]


async def test_a_group_is_not_orphaned_when_the_child_it_waits_for_is_terminated(
    grow: Any, stage: Any, autojump_clock: MockClock
) -> None:
    children = (stage.spec("a", "crash@1", backoff=SLOW), stage.spec("b"), stage.spec("c"))
    async with grow(*children, strategy=ALL) as tree:
        await trio.sleep(2)
        await tree.supervisor("root").terminate_child("a")
        await trio.sleep(0.1)
        assert [one.state.value for one in tree.snapshot()] == ["stopped", "running", "running"]


async def test_a_stuck_bystander_fails_the_supervisor_instead_of_running_twice(
    grow: Any, stage: Any, autojump_clock: MockClock
) -> None:
    children = (
        stage.spec("a", "crash@1"),
        stage.spec("b", slow_stop_s=50, stop_deadline_s=2),
    )
    with pytest.raises(ExceptionGroup) as failed:
        async with grow(*children, strategy=ALL):
            await trio.sleep_forever()
    assert failed.group_contains(ChildStuckError, match="root/b")
    assert (stage.built["a"], stage.built["b"]) == (1, 1)


async def test_several_crashes_at_the_same_moment_are_all_mended(
    grow: Any, stage: Any, autojump_clock: MockClock
) -> None:
    for strategy in Strategy:
        names = [f"{strategy.value}{n}" for n in range(5)]
        children = [stage.spec(name, "crash@1") for name in names]
        async with grow(*children, strategy=strategy, intensity=PLENTY) as tree:
            await trio.sleep(3)
            assert all(one.state is ActorState.RUNNING for one in tree.snapshot())
            expected = 2
            assert all(stage.built[name] >= expected for name in names)
