"""Decision actors are supervised like tasks: table, groups, limits, significance, interrupts."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from supervisors.actor import EdgeActor, EdgeContext
from supervisors.backoff import Backoff
from supervisors.cell import DecisionCell
from supervisors.dispatch import RunQueue
from supervisors.errors import LeaveError, RestartLimitReachedError, StartFailedError
from supervisors.mailbox import Mailbox, Overflow
from supervisors.observe import ActorState
from supervisors.restart import AutoShutdown, Intensity, Restart, Strategy
from supervisors.spec import EdgeSpec

PLENTY = Intensity(1000, 3600)


def cells(runs: RunQueue, names: str) -> list[DecisionCell[Any]]:
    return [DecisionCell(name, runs) for name in names]


def end(cell: DecisionCell[Any], how: str) -> None:
    if how == "end":
        cell.stop()
    else:
        cell.send(LeaveError("done") if how == "leave" else ValueError("boom"))


@pytest.mark.parametrize(
    ("restart", "restarted_after"),
    [
        (Restart.PERMANENT, {"end", "leave", "crash"}),
        (Restart.TRANSIENT, {"crash"}),
        (Restart.TEMPORARY, set()),
    ],
)
@pytest.mark.parametrize(
    ("how", "reason"), [("end", "normal"), ("leave", "shutdown"), ("crash", "error")]
)
async def test_the_table_holds_for_decision_actors(
    grow: Any,
    stage: Any,
    runs: Any,
    recorder: Any,
    restart: Restart,
    restarted_after: set[str],
    how: str,
    reason: str,
    autojump_clock: MockClock,
) -> None:
    a, b = cells(runs, "ab")
    async with grow(stage.mind(a, restart=restart), stage.mind(b)) as tree:
        end(a, how)
        await trio.sleep(1)
        assert recorder.reasons() == [("root/a", reason)]
        assert stage.built == {"a": 2 if how in restarted_after else 1, "b": 1}
        assert a.is_up is (how in restarted_after)
        listed = [one.name for one in tree.snapshot()]
        assert listed == (["b"] if restart is Restart.TEMPORARY else ["a", "b"])
    assert a.dead_letters.total == (how == "crash")


@pytest.mark.parametrize(
    ("strategy", "started_again"),
    [
        (Strategy.ONE_FOR_ONE, ["+b"]),
        (Strategy.REST_FOR_ONE, ["+b", "+c"]),
        (Strategy.ONE_FOR_ALL, ["+a", "+b", "+c"]),
    ],
)
async def test_a_group_of_decision_actors_starts_again_in_order_and_loses_only_the_poison(
    grow: Any,
    stage: Any,
    runs: Any,
    strategy: Strategy,
    started_again: list[str],
    autojump_clock: MockClock,
) -> None:
    group = cells(runs, "abc")
    slow = Backoff(initial_s=5, max_s=5, jitter=0)
    specs = [stage.mind(cell, backoff=slow) for cell in group]
    async with grow(*specs, strategy=strategy, intensity=PLENTY):
        del stage.log[:]
        group[1].send(ValueError("boom"))
        await trio.sleep(1)
        for cell in group:
            cell.send(1)  # some are down now
        await trio.sleep(5)
        assert stage.log == started_again
        assert stage.heard == {"a": [1], "b": [1], "c": [1]}
    assert [cell.dead_letters.total for cell in group] == [0, 1, 0]


async def test_messages_are_kept_in_order_across_failing_restarts(
    grow: Any, stage: Any, runs: Any, autojump_clock: MockClock
) -> None:
    (mind,) = cells(runs, "m")
    inbox: Mailbox[int] = Mailbox("edge", capacity=100, policy=Overflow.REJECT)
    written: list[int] = []

    class Writer(EdgeActor):
        async def run(self, context: EdgeContext) -> None:
            stage.built["edge"] += 1
            if stage.built["edge"] in {2, 3, 4}:
                raise OSError("the disk is full")
            context.ready()
            while True:
                number = await inbox.receive()
                if number < 0:
                    raise ValueError("negative")
                written.append(number)

    slow = Backoff(initial_s=2, max_s=2, jitter=0)
    specs = (
        stage.mind(mind, "stay", "fail", "fail", "fail", backoff=slow),
        EdgeSpec("edge", Writer, inbox, backoff=slow),
    )
    async with grow(*specs, intensity=PLENTY):
        mind.send(ValueError("boom"))
        inbox.send(-1)
        for n in range(20):
            mind.send(n)
            inbox.send(n)
            await trio.sleep(0.3)
        await trio.sleep(10)
        assert (stage.built["m"], stage.built["edge"]) == (5, 5)
    assert stage.heard["m"] == written == list(range(20))


async def test_a_decision_actor_that_cannot_start_fails_the_tree_or_is_left_out(
    grow: Any, stage: Any, runs: Any, autojump_clock: MockClock
) -> None:
    a, b, c = cells(runs, "abc")
    with pytest.raises(ExceptionGroup) as failed:
        async with grow(stage.mind(a), stage.mind(b, "fail")):
            pass
    assert failed.group_contains(StartFailedError, match="root/b: b cannot start")
    assert not a.is_up
    async with grow(stage.mind(c, "ignore")) as tree:
        assert tree.snapshot()[0].state is ActorState.IGNORED
        c.send(1)
        assert (c.waiting, c.is_up) == (1, False)


async def test_one_crash_more_than_the_intensity_escalates(
    grow: Any, stage: Any, runs: Any, autojump_clock: MockClock
) -> None:
    a, b = cells(runs, "ab")

    async def crash_three_times() -> None:
        async with grow(stage.mind(a), stage.mind(b), intensity=Intensity(2, 5)):
            for cell in (a, b, a):
                cell.send(ValueError("boom"))
                await wait_all_tasks_blocked()
            await trio.sleep_forever()

    with pytest.raises(ExceptionGroup) as failed:
        await crash_three_times()
    assert failed.group_contains(RestartLimitReachedError, match="the last for a: boom")
    assert not a.is_up
    assert not b.is_up


async def test_a_significant_decision_actor_that_leaves_ends_its_supervisor(
    grow: Any, stage: Any, runs: Any, recorder: Any, autojump_clock: MockClock
) -> None:
    (a,) = cells(runs, "a")
    spec = stage.mind(a, restart=Restart.TRANSIENT, significant=True)
    async with grow(stage.spec("b"), spec, auto_shutdown=AutoShutdown.ANY):
        a.send(LeaveError("all is done"))
        await trio.sleep(1)
        assert recorder.reasons()[-1] == ("root", "shutdown")
    assert stage.log == ["+b", "+a", "-b"]


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit])
async def test_an_interrupt_in_a_handler_is_not_the_actors_failure_and_reaches_the_sender(
    grow: Any, stage: Any, runs: Any, interrupt: type[BaseException], autojump_clock: MockClock
) -> None:
    (a,) = cells(runs, "a")

    class Sender(EdgeActor):
        async def run(self, context: EdgeContext) -> None:
            context.ready()
            await trio.sleep(1)
            a.send(interrupt())

    with pytest.raises(BaseExceptionGroup) as failed:
        async with grow(stage.spec("b"), stage.mind(a), EdgeSpec("sender", Sender)):
            await trio.sleep_forever()
    assert failed.group_contains(interrupt)
    assert (stage.built["a"], a.dead_letters.total, stage.log[-1]) == (1, 0, "-b")


async def test_a_decision_actor_that_detaches_does_not_hang_its_supervisor(
    grow: Any, stage: Any, runs: Any, autojump_clock: MockClock
) -> None:
    """Somebody stops its cell behind the supervisor's back: its task ends and the table applies."""
    a, t = cells(runs, "at")
    async with grow(stage.mind(a), stage.mind(t, restart=Restart.TRANSIENT)) as tree:
        a.stop()
        t.stop()
        await trio.sleep(1)
        assert (a.is_up, t.is_up) == (True, False)
        assert [one.state.value for one in tree.snapshot()] == ["running", "ended"]
    assert trio.current_time() == 1
