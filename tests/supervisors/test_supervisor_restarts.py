"""Who is restarted, how often, and when it is too often."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from trio.testing import MockClock

from supervisors.actor import EdgeActor, EdgeContext
from supervisors.backoff import Backoff
from supervisors.errors import RestartLimitReachedError, StartTimeoutError
from supervisors.observe import (
    ActorRestarted,
    ActorStarted,
    ActorState,
    BackoffStarted,
    RestartLimitHit,
)
from supervisors.restart import Intensity, Restart
from supervisors.spec import EdgeSpec, SupervisorSpec

PLENTY = Intensity(1000, 3600)


@pytest.mark.parametrize(
    ("restart", "restarted_after"),
    [
        (Restart.PERMANENT, {"end", "leave", "crash"}),
        (Restart.TRANSIENT, {"crash"}),
        (Restart.TEMPORARY, set()),
    ],
)
@pytest.mark.parametrize(
    ("act", "reason"), [("end", "normal"), ("leave", "shutdown"), ("crash", "error")]
)
async def test_the_table(
    grow: Any,
    stage: Any,
    recorder: Any,
    restart: Restart,
    restarted_after: set[str],
    act: str,
    reason: str,
    autojump_clock: MockClock,
) -> None:
    async with grow(stage.spec("a", f"{act}@1", restart=restart), stage.spec("b")) as tree:
        await trio.sleep(2)
        assert recorder.reasons() == [("root/a", reason)]
        assert stage.built["a"] == (2 if act in restarted_after else 1)
        listed = [one.name for one in tree.snapshot()]
        assert listed == (["b"] if restart is Restart.TEMPORARY else ["a", "b"])
    assert stage.built["b"] == 1


async def test_crashes_wider_than_the_window_never_escalate(
    grow: Any, stage: Any, autojump_clock: MockClock
) -> None:
    async with grow(stage.spec("a", then="crash@6"), intensity=Intensity(1, 5)):
        await trio.sleep(6 * 50 + 1)
    assert stage.built["a"] == 51


async def test_one_more_than_the_intensity_escalates_in_reverse_order(
    grow: Any, stage: Any, recorder: Any, autojump_clock: MockClock
) -> None:
    children = (stage.spec("a"), stage.spec("b", then="crash@0.1"), stage.spec("c"))
    with pytest.raises(ExceptionGroup) as failed:
        async with grow(*children, intensity=Intensity(2, 5)):
            await trio.sleep_forever()
    assert failed.group_contains(
        RestartLimitReachedError, match="root: more than 2 restarts within 5 s, the last for b: b c"
    )
    assert isinstance(failed.value.exceptions[0].__cause__, ValueError)
    assert stage.log[-2:] == ["-c", "-a"]
    assert stage.built["b"] == 3
    (hit,) = recorder.of(RestartLimitHit)
    assert (hit.path, hit.child, hit.restarts) == ("root", "b", 2)
    assert recorder.reasons()[-1] == ("root", "error")


async def test_the_charges_of_all_children_add_up(
    grow: Any, stage: Any, autojump_clock: MockClock
) -> None:
    children = [stage.spec(name, "crash@1") for name in "abc"]
    with pytest.raises(ExceptionGroup) as failed:
        async with grow(*children, intensity=Intensity(2, 5)):
            await trio.sleep_forever()
    assert failed.group_contains(RestartLimitReachedError)


async def test_failed_and_late_restarts_are_charged_like_crashes(
    grow: Any, stage: Any, recorder: Any, autojump_clock: MockClock
) -> None:
    acts = ("crash@1", "fail", "late", "unready")
    child = stage.spec("a", *acts, start_deadline_s=3)
    with pytest.raises(ExceptionGroup) as failed:
        async with grow(child, stage.spec("b"), intensity=Intensity(3, 3600)):
            await trio.sleep_forever()
    assert failed.group_contains(RestartLimitReachedError)
    assert stage.built["a"] == 4
    reasons = [reason for path, reason in recorder.reasons() if path == "root/a"]
    assert reasons == ["error", "start_failed", "shutdown", "start_failed"]
    assert stage.log[-1] == "-b"
    assert trio.current_time() == 1 + 3


async def test_a_failed_restart_goes_on_until_it_succeeds(
    grow: Any, stage: Any, recorder: Any, autojump_clock: MockClock
) -> None:
    child = stage.spec("a", "crash@1", "fail", "late", start_deadline_s=3)
    async with grow(child, intensity=PLENTY) as tree:
        await trio.sleep(10)
        (a,) = tree.snapshot()
        assert (a.state, a.restarts, stage.built["a"]) == (ActorState.RUNNING, 1, 4)
    assert len(recorder.of(ActorRestarted)) == 1


async def test_escalation_restarts_the_whole_supervisor_and_counts_everybody(
    grow: Any, stage: Any, recorder: Any, autojump_clock: MockClock
) -> None:
    children = (stage.spec("b"), stage.spec("c", "crash@1", "crash@1"))
    low = SupervisorSpec("low", intensity=Intensity(1, 5), children=children, backoff=None)
    async with grow(stage.spec("a"), low) as tree:
        await trio.sleep(10)
        restarts = {one.path: one.restarts for one in tree.snapshot()}
        assert restarts == {"root/a": 0, "root/low": 1, "root/low/b": 1, "root/low/c": 2}
        assert tree.observer.restarts_by_actor() == {
            "root/low": 1,
            "root/low/b": 1,
            "root/low/c": 2,
        }
    assert ("root/low", "error") in recorder.reasons()


async def test_an_escalated_failure_is_no_clean_exit_to_a_transient_parent(
    grow: Any, stage: Any, autojump_clock: MockClock
) -> None:
    children = (stage.spec("a", "crash@1"),)
    low = SupervisorSpec(
        "low",
        intensity=Intensity(0, 5),
        children=children,
        restart=Restart.TRANSIENT,
        backoff=None,
    )
    async with grow(low):
        await trio.sleep(10)
    assert stage.log == ["+a", "-a", "+a", "-a"]


async def test_the_back_off_grows_to_its_cap_and_resets_after_a_calm_time(
    grow: Any, stage: Any, recorder: Any, autojump_clock: MockClock
) -> None:
    backoff = Backoff(initial_s=1, factor=2, max_s=8, jitter=0)
    acts = (*("crash@0.1",) * 5, "crash@40", "crash@0.1")
    async with grow(stage.spec("a", *acts, backoff=backoff), intensity=PLENTY):
        await trio.sleep(120)
    assert [event.delay_s for event in recorder.of(BackoffStarted)] == [1, 2, 4, 8, 8, 1, 2]
    first, second, *_ = [e for e in recorder.of(ActorStarted) if e.path == "root/a"]
    assert second.ts_ns - first.ts_ns == 1_100_000_000


async def test_it_answers_and_stops_at_once_during_an_endless_restart_loop(
    grow: Any, stage: Any, autojump_clock: MockClock
) -> None:
    children = (stage.spec("a", then="crash@0"), stage.spec("b"))
    async with grow(*children, intensity=Intensity(10**6, 1)) as tree:
        root = tree.supervisor("root")
        for _ in range(5):
            await root.terminate_child("b")
            await root.restart_child("b")
        assert stage.built["a"] > 5
        assert trio.current_time() == 0
    assert stage.built["b"] == 6


async def test_it_answers_and_stops_at_once_during_a_long_back_off(
    grow: Any, stage: Any, autojump_clock: MockClock
) -> None:
    backoff = Backoff(initial_s=100, max_s=1000)
    async with grow(stage.spec("a", "crash@1", backoff=backoff)) as tree:
        await trio.sleep(2)
        assert tree.snapshot()[0].state is ActorState.BACKOFF
        await tree.supervisor("root").terminate_child("a")
        assert trio.current_time() == 2
        await trio.sleep(500)  # the timer must not raise it from the dead
        assert tree.snapshot()[0].state is ActorState.STOPPED
    assert (stage.built["a"], trio.current_time()) == (1, 502)


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit, GeneratorExit])
async def test_an_interrupt_ends_the_tree_in_order_and_is_never_restarted(
    grow: Any,
    stage: Any,
    recorder: Any,
    interrupt: type[BaseException],
    autojump_clock: MockClock,
) -> None:
    class Interrupted(EdgeActor):
        async def run(self, context: EdgeContext) -> None:
            stage.log.append("+k")
            context.ready()
            await trio.sleep(1)
            raise interrupt

    with pytest.raises(BaseExceptionGroup) as failed:
        async with grow(stage.spec("a"), EdgeSpec("k", Interrupted), stage.spec("b")):
            await trio.sleep_forever()
    assert failed.group_contains(interrupt)
    assert stage.log == ["+a", "+k", "+b", "-b", "-a"]
    assert recorder.reasons()[0] == ("root/k", "killed")


async def test_a_late_start_that_cannot_be_stopped_fails_the_supervisor(
    grow: Any, recorder: Any, autojump_clock: MockClock
) -> None:
    class Deaf(EdgeActor):
        async def run(self, context: EdgeContext) -> None:
            with trio.CancelScope(shield=True):
                await trio.sleep(60)

    with pytest.raises(ExceptionGroup) as failed:
        async with grow(EdgeSpec("a", Deaf, start_deadline_s=2, stop_deadline_s=3)):
            pass
    assert failed.group_contains(Exception, match="root: did not stop in time: root/a")
    assert not failed.group_contains(StartTimeoutError)
    assert trio.current_time() == 60
