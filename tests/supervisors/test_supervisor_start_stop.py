"""Starting in order until ready, stopping in reverse order within deadlines."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from trio.testing import MockClock

from supervisors.actor import EdgeActor, EdgeContext
from supervisors.errors import (
    ChildStuckError,
    IgnoreStartError,
    StartFailedError,
    StartTimeoutError,
)
from supervisors.observe import ActorState, ChildStuckReported
from supervisors.restart import Restart
from supervisors.spec import EdgeSpec, SupervisorSpec


async def test_an_empty_tree_starts_and_stops(grow: Any, autojump_clock: MockClock) -> None:
    async with grow() as tree:
        assert tree.snapshot() == ()
    assert trio.current_time() == 0


async def test_children_start_in_order_and_stop_in_reverse(
    grow: Any, stage: Any, recorder: Any, autojump_clock: MockClock
) -> None:
    low = SupervisorSpec("low", children=(stage.spec("b"), stage.spec("c")))
    async with grow(stage.spec("a"), low, stage.spec("d")) as tree:
        assert stage.log == ["+a", "+b", "+c", "+d"]
        assert [one.path for one in tree.snapshot()] == [
            "root/a",
            "root/low",
            "root/low/b",
            "root/low/c",
            "root/d",
        ]
    assert stage.log[4:] == ["-d", "-c", "-b", "-a"]
    assert {reason for _, reason in recorder.reasons()} == {"shutdown"}


async def test_an_outer_cancellation_stops_in_reverse_too(
    grow: Any, stage: Any, autojump_clock: MockClock
) -> None:
    with trio.move_on_after(1):
        async with grow(*(stage.spec(name, slow_stop_s=2) for name in "abc")):
            await trio.sleep_forever()
    assert stage.log[3:] == ["-c", "-b", "-a"]
    assert trio.current_time() == 1 + 3 * 2


async def test_the_next_child_starts_only_when_the_one_before_is_ready(
    grow: Any, stage: Any, autojump_clock: MockClock
) -> None:
    class Slow(EdgeActor):
        async def run(self, context: EdgeContext) -> None:
            await trio.sleep(7)
            stage.log.append("+slow")
            context.ready()
            context.ready()  # saying it twice changes nothing
            await trio.sleep_forever()

    async with grow(EdgeSpec("slow", Slow), stage.spec("a")):
        assert stage.log == ["+slow", "+a"]
        assert trio.current_time() == 7


@pytest.mark.parametrize(
    ("act", "error", "words", "cause"),
    [
        ("fail", StartFailedError, "root/b: b cannot start", OSError),
        ("late", StartTimeoutError, "root/b: not ready within 3 s", type(None)),
        ("unready", StartFailedError, "root/b: returned before it was ready", StartFailedError),
    ],
)
async def test_a_child_that_does_not_start_stops_the_earlier_and_fails_the_tree(
    grow: Any,
    stage: Any,
    act: str,
    error: type[Exception],
    words: str,
    cause: type[Exception],
    autojump_clock: MockClock,
) -> None:
    children = (stage.spec("a"), stage.spec("b", act, start_deadline_s=3), stage.spec("c"))
    with pytest.raises(ExceptionGroup) as failed:
        async with grow(*children):
            raise AssertionError("the tree must not start")
    (inner,) = failed.value.exceptions
    assert type(inner) is error
    assert str(inner) == words
    assert isinstance(inner.__cause__, cause)
    assert [entry for entry in stage.log if "b" not in entry] == ["+a", "-a"]


async def test_a_build_that_fails_or_makes_no_actor_is_a_failed_start(
    grow: Any, autojump_clock: MockClock
) -> None:
    for build, words in [
        (lambda: 7, r"build\(\) returned a int"),
        (lambda: {}["no"], "'no'"),
    ]:
        with pytest.raises(ExceptionGroup) as failed:
            async with grow(EdgeSpec("a", build)):
                pass
        assert failed.group_contains(StartFailedError, match=words)


async def test_a_failed_start_deep_down_fails_the_tree_with_its_path(
    grow: Any, stage: Any, autojump_clock: MockClock
) -> None:
    low = SupervisorSpec("low", children=(stage.spec("a"), stage.spec("b", "fail")))
    with pytest.raises(ExceptionGroup) as failed:
        async with grow(low):
            pass
    assert failed.group_contains(StartFailedError, match="root/low: root/low/b: b cannot start")
    assert stage.log == ["+a", "-a"]


async def test_a_child_may_ask_to_be_left_out(
    grow: Any, stage: Any, autojump_clock: MockClock
) -> None:
    async with grow(stage.spec("a", "ignore"), stage.spec("b")) as tree:
        states = {one.name: one.state for one in tree.snapshot()}
        assert states == {"a": ActorState.IGNORED, "b": ActorState.RUNNING}
        await trio.sleep(100)
        assert stage.built["a"] == 1


async def test_asking_to_be_left_out_after_being_ready_is_an_error(
    grow: Any, recorder: Any, autojump_clock: MockClock
) -> None:
    class TooLate(EdgeActor):
        async def run(self, context: EdgeContext) -> None:
            context.ready()
            raise IgnoreStartError("changed my mind")

    async with grow(EdgeSpec("a", TooLate, restart=Restart.TEMPORARY)):
        await trio.sleep(1)
    assert recorder.reasons()[0] == ("root/a", "error")


async def test_a_stuck_child_is_reported_and_the_others_are_stopped_meanwhile(
    grow: Any, stage: Any, recorder: Any, autojump_clock: MockClock
) -> None:
    children = (stage.spec("a"), stage.spec("b", slow_stop_s=100, stop_deadline_s=5))
    with pytest.raises(ExceptionGroup) as failed:
        async with grow(*children):
            await trio.sleep(1)
    assert failed.group_contains(ChildStuckError, match="root: did not stop in time: root/b")
    (report,) = recorder.of(ChildStuckReported)
    assert (report.path, report.ts_ns) == ("root/b", 6_000_000_000)
    a_exit = next(event for event in recorder.events if getattr(event, "reason", None))
    assert (a_exit.path, a_exit.ts_ns) == ("root/a", 6_000_000_000)
    assert trio.current_time() == 101


async def test_a_stuck_child_below_a_supervisor_does_not_keep_the_upper_ones_running(
    grow: Any, stage: Any, recorder: Any, autojump_clock: MockClock
) -> None:
    stuck = stage.spec("stuck", slow_stop_s=100, stop_deadline_s=5)
    low = SupervisorSpec("low", children=(stage.spec("b"), stuck), stop_deadline_s=3)
    with pytest.raises(ExceptionGroup):
        async with grow(stage.spec("a"), low):
            pass
    assert stage.log[3:] == ["-stuck", "-b", "-a"]
    assert [report.path for report in recorder.of(ChildStuckReported)] == [
        "root/low/stuck",
        "root/low",
    ]
    stopped_a = next(e for e in recorder.events if e.path == "root/a" and hasattr(e, "reason"))
    assert stopped_a.ts_ns == 8_000_000_000


@pytest.mark.parametrize("restart", list(Restart))
@pytest.mark.parametrize("act", ["crash", "end", "leave", "kill"])
async def test_children_that_end_by_themselves_during_the_stop_do_no_harm(
    grow: Any, stage: Any, act: str, restart: Restart, autojump_clock: MockClock
) -> None:
    """`b` ends while the later `c` is still being stopped."""
    own_act = "stay" if act == "kill" else f"{act}@2"
    children = (stage.spec("b", own_act, restart=restart), stage.spec("c", slow_stop_s=3))
    async with trio.open_nursery() as nursery, grow(*children) as tree:
        await trio.sleep(1)
        if act == "kill":
            nursery.start_soon(_kill_after, tree, "root/b", 1)
    assert stage.log == ["+b", "+c", "-c", "-b"]
    assert trio.current_time() == 4


async def _kill_after(tree: Any, path: str, delay_s: float) -> None:
    await trio.sleep(delay_s)
    tree.kill(path)


async def test_an_error_while_stopping_is_an_orderly_end_and_is_told(
    grow: Any, recorder: Any, autojump_clock: MockClock
) -> None:
    class Clumsy(EdgeActor):
        async def run(self, context: EdgeContext) -> None:
            context.ready()
            try:
                await trio.sleep_forever()
            finally:
                raise RuntimeError("the file would not close")

    async with grow(EdgeSpec("a", Clumsy)):
        await trio.sleep(1)
    exited = recorder.events[-2]
    assert (exited.path, exited.reason.value) == ("root/a", "shutdown")
    assert exited.error == "RuntimeError: the file would not close"
    assert "in run" in exited.traceback
