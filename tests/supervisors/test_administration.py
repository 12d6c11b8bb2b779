"""Adding, stopping, starting again and removing children of a running supervisor."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from supervisors.actor import EdgeActor, EdgeContext
from supervisors.backoff import Backoff
from supervisors.errors import (
    ActorDiedError,
    ChildBusyError,
    ChildExistsError,
    ChildNotFoundError,
    ChildStuckError,
    SpecError,
    StartFailedError,
)
from supervisors.observe import ActorExited, ChildStuckReported
from supervisors.restart import Intensity, Restart
from supervisors.spec import EdgeSpec, SupervisorSpec


def states(handle: Any) -> dict[str, str]:
    return {one.name: one.state.value for one in handle.which_children()}


async def test_a_child_is_added_at_the_end_and_stops_first(
    grow: Any, stage: Any, autojump_clock: MockClock
) -> None:
    async with grow(stage.spec("a")) as tree:
        root = tree.supervisor("root")
        await root.start_child(stage.spec("b", "crash@1"))
        assert stage.log == ["+a", "+b"]
        await trio.sleep(2)
        assert states(root) == {"a": "running", "b": "running"}
    assert stage.log == ["+a", "+b", "-b", "+b", "-b", "-a"]


async def test_a_name_that_is_taken_is_refused_running_or_not(
    grow: Any, stage: Any, autojump_clock: MockClock
) -> None:
    async with grow(stage.spec("a")) as tree:
        root = tree.supervisor("root")
        with pytest.raises(ChildExistsError, match="root/a: already there, running"):
            await root.start_child(stage.spec("a"))
        await root.terminate_child("a")
        with pytest.raises(ChildExistsError, match="root/a: already there, stopped"):
            await root.start_child(stage.spec("a"))
    assert stage.built["a"] == 1


async def test_a_child_that_does_not_start_is_not_listed_and_harms_nobody(
    grow: Any, stage: Any, autojump_clock: MockClock
) -> None:
    async with grow(stage.spec("a")) as tree:
        root = tree.supervisor("root")
        for act in ("fail", "late", "unready"):
            with pytest.raises(StartFailedError, match=f"root/{act}"):
                await root.start_child(stage.spec(act, act))
        await root.start_child(stage.spec("i", "ignore", restart=Restart.TEMPORARY))
        await root.start_child(stage.spec("j", "ignore"))
        assert states(root) == {"a": "running", "j": "ignored"}
    assert stage.log == ["+a", "-late", "-a"]


async def test_a_bad_declaration_is_refused(
    grow: Any, stage: Any, autojump_clock: MockClock
) -> None:
    async with grow() as tree:
        child = stage.spec("s", significant=True, restart=Restart.TEMPORARY)
        with pytest.raises(SpecError, match="auto_shutdown is 'never'"):
            await tree.supervisor("root").start_child(child)


async def test_terminate_restart_and_delete(
    grow: Any, stage: Any, autojump_clock: MockClock
) -> None:
    children = (stage.spec("a"), stage.spec("b"), stage.spec("t", restart=Restart.TEMPORARY))
    async with grow(*children) as tree:
        root = tree.supervisor("root")
        await root.terminate_child("a")
        await root.terminate_child("a")  # twice is fine
        await trio.sleep(100)
        assert states(root) == {"a": "stopped", "b": "running", "t": "running"}
        await root.restart_child("a")
        assert states(root) == {"a": "running", "b": "running", "t": "running"}
        for busy in (root.restart_child, root.delete_child):
            with pytest.raises(ChildBusyError, match="root/a: is running; terminate it first"):
                await busy("a")
        await root.terminate_child("a")
        await root.delete_child("a")
        await root.terminate_child("t")
        assert states(root) == {"b": "running"}
        for missing in (root.terminate_child, root.restart_child, root.delete_child):
            with pytest.raises(ChildNotFoundError, match="root: no child is named 'a'"):
                await missing("a")


async def test_the_order_of_the_children_survives_restarts_of_all_kinds(
    grow: Any, stage: Any, autojump_clock: MockClock
) -> None:
    children = (stage.spec("a", "crash@1"), stage.spec("b", "stay", "fail"), stage.spec("c"))
    async with grow(*children, intensity=Intensity(100, 10)) as tree:
        root = tree.supervisor("root")
        await root.start_child(stage.spec("d", "crash@2"))
        await trio.sleep(3)
        tree.kill("root/b")
        await trio.sleep(1)
        await root.terminate_child("a")
        await root.restart_child("a")
        assert list(states(root)) == ["a", "b", "c", "d"]
        del stage.log[:]
    assert stage.log == ["-d", "-c", "-b", "-a"]


async def test_what_was_stopped_by_hand_is_not_restarted_whatever_happens_to_the_others(
    grow: Any, stage: Any, autojump_clock: MockClock
) -> None:
    children = (stage.spec("a"), stage.spec("b", *["crash@1"] * 5))
    async with grow(*children, intensity=Intensity(100, 10)) as tree:
        await tree.supervisor("root").terminate_child("a")
        await trio.sleep(20)
        assert states(tree.supervisor("root")) == {"a": "stopped", "b": "running"}
    assert stage.built == {"a": 1, "b": 6}


async def test_a_child_in_back_off_is_busy_until_it_is_terminated(
    grow: Any, stage: Any, autojump_clock: MockClock
) -> None:
    child = stage.spec("a", "crash@1", "fail", backoff=Backoff(initial_s=60, max_s=60))
    async with grow(child) as tree:
        root = tree.supervisor("root")
        await trio.sleep(2)
        with pytest.raises(ChildBusyError, match="is backoff"):
            await root.restart_child("a")
        await root.terminate_child("a")
        with pytest.raises(StartFailedError):
            await root.restart_child("a")
        assert states(root) == {"a": "ended"}
        await root.restart_child("a")
        assert states(root) == {"a": "running"}


async def test_a_stuck_child_is_the_callers_error_and_not_started_twice(
    grow: Any, stage: Any, autojump_clock: MockClock
) -> None:
    child = stage.spec("a", slow_stop_s=30, stop_deadline_s=2)
    async with grow(child, stage.spec("b")) as tree:
        root = tree.supervisor("root")
        with pytest.raises(ChildStuckError, match="root/a"):
            await root.terminate_child("a")
        with pytest.raises(ChildBusyError, match="is stuck"):
            await root.restart_child("a")
        assert trio.current_time() == 2
        await trio.sleep(40)
        await root.terminate_child("a")  # it has ended at last
        assert states(root) == {"a": "stopped", "b": "running"}


async def test_a_stuck_child_is_waited_for_and_reported_once(
    grow: Any, stage: Any, recorder: Any, autojump_clock: MockClock
) -> None:
    child = stage.spec("a", slow_stop_s=30, stop_deadline_s=2)

    async def terminate_then_stop_all() -> None:
        async with grow(stage.spec("b"), child) as tree:
            with pytest.raises(ChildStuckError):
                await tree.supervisor("root").terminate_child("a")

    with pytest.raises(ExceptionGroup) as failed:
        await terminate_then_stop_all()
    assert failed.group_contains(ChildStuckError, match="root: did not stop in time: root/a")
    assert [(one.path, one.ts_ns) for one in recorder.of(ChildStuckReported)] == [
        ("root/a", 2_000_000_000)
    ]
    stopped_b = next(event for event in recorder.of(ActorExited) if event.path == "root/b")
    assert stopped_b.ts_ns == 2_000_000_000


async def test_supervisors_are_found_by_path_and_their_dynamic_children_go_with_them(
    grow: Any, stage: Any, autojump_clock: MockClock
) -> None:
    low = SupervisorSpec("low", children=(stage.spec("a"),), backoff=None)
    async with grow(low) as tree:
        await tree.supervisor("root/low").start_child(stage.spec("dynamic"))
        tree.kill("root/low")
        await wait_all_tasks_blocked()
        assert states(tree.supervisor("root/low")) == {"a": "running"}
        for path in ("root/none", "none", "root/low/a/deeper", "root/low/none", ""):
            with pytest.raises(ChildNotFoundError):
                tree.supervisor(path)
        with pytest.raises(ChildNotFoundError, match="root/low/a: is no supervisor"):
            tree.supervisor("root/low/a")


async def test_a_call_to_a_supervisor_that_ends_or_has_ended_fails(
    grow: Any, stage: Any, autojump_clock: MockClock
) -> None:
    async with grow(SupervisorSpec("low")) as tree:
        handle = tree.supervisor("root/low")
        async with trio.open_nursery() as nursery:

            async def add_slowly() -> None:
                with pytest.raises(ActorDiedError, match="root/low: the supervisor ended"):
                    await handle.start_child(stage.spec("slow", "late"))

            nursery.start_soon(add_slowly)
            await wait_all_tasks_blocked()
            await tree.supervisor("root").terminate_child("low")
        with pytest.raises(ActorDiedError, match="not running"):
            await handle.start_child(stage.spec("b"))


async def test_a_child_may_terminate_itself_without_hanging_its_supervisor(
    grow: Any, autojump_clock: MockClock
) -> None:
    class Quitter(EdgeActor):
        async def run(self, context: EdgeContext) -> None:
            context.ready()
            await trio.sleep(1)
            await tree.supervisor("root").terminate_child("s")

    async with grow(EdgeSpec("s", Quitter)) as tree:
        await trio.sleep(2)
        assert states(tree.supervisor("root")) == {"s": "stopped"}
