"""Hung edge actors inside the tree, endless turns from outside of Trio."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from supervisors.actor import DecisionActor, EdgeActor, EdgeContext
from supervisors.cell import DecisionCell
from supervisors.clock import ManualClock
from supervisors.dispatch import RunQueue
from supervisors.mailbox import Mailbox, Overflow
from supervisors.observe import ActorExited, ChildStuckReported
from supervisors.restart import Intensity
from supervisors.spec import EdgeSpec
from supervisors.watchdog import TurnWatchdog


class Worker(EdgeActor):
    """Takes `work_s` for a message; says so on the way every `progress_s`."""

    def __init__(self, mailbox: Mailbox[float], done: list[float], progress_s: float) -> None:
        self.mailbox, self.done, self.progress_s = mailbox, done, progress_s

    async def run(self, context: EdgeContext) -> None:
        context.ready()
        while True:
            work_s = await self.mailbox.receive()
            with trio.move_on_after(work_s):
                while True:
                    await trio.sleep(self.progress_s)
                    context.progress()
            self.done.append(work_s)


class Bench:
    def __init__(self, progress_s: float = 10**6) -> None:
        self.mailbox: Mailbox[float] = Mailbox("worker", capacity=100, policy=Overflow.REJECT)
        self.done: list[float] = []
        self.spec = EdgeSpec(
            "worker",
            lambda: Worker(self.mailbox, self.done, progress_s),
            self.mailbox,
            liveness_s=4,
            backoff=None,
        )


async def test_a_hung_actor_is_killed_restarted_and_goes_on_with_what_waited(
    grow: Any, recorder: Any, autojump_clock: MockClock
) -> None:
    bench = Bench()
    async with grow(bench.spec) as tree:
        for work_s in (1, 10**5, 2, 3):
            bench.mailbox.send(work_s)
        await trio.sleep(30)
        assert bench.done == [1, 2, 3]
        assert tree.observer.restarts_by_actor() == {"root/worker": 1}
    killed = next(event for event in recorder.of(ActorExited) if event.reason.value == "killed")
    assert "ActorHungError: 2 messages wait and nothing moved for 4" in killed.error
    assert 1 + 4 <= killed.ts_ns / 1e9 <= 1 + 6
    assert [letter.message for letter in bench.mailbox.dead_letters] == [10**5]


async def test_an_idle_actor_is_not_hung(grow: Any, autojump_clock: MockClock) -> None:
    bench = Bench()
    async with grow(bench.spec) as tree:
        bench.mailbox.send(1000)  # in hand, but nothing waits
        await trio.sleep(900)
        assert tree.observer.restarts_by_actor() == {}


@pytest.mark.parametrize(
    ("progress_s", "works_s"),
    [
        pytest.param(10**6, [3.5] * 20, id="each message takes less, all together more"),
        pytest.param(3, [100, 100], id="a message takes more, but it says that it gets on"),
    ],
)
async def test_a_busy_actor_that_gets_on_is_not_hung(
    grow: Any, progress_s: float, works_s: list[float], autojump_clock: MockClock
) -> None:
    bench = Bench(progress_s)
    async with grow(bench.spec) as tree:
        for work_s in works_s:
            bench.mailbox.send(work_s)
        await trio.sleep(sum(works_s) + 1)
        assert (bench.done, tree.observer.restarts_by_actor()) == (works_s, {})


async def test_a_hung_actor_that_does_not_let_itself_be_killed_is_reported(
    grow: Any, recorder: Any, autojump_clock: MockClock
) -> None:
    mailbox: Mailbox[int] = Mailbox("deaf", capacity=9, policy=Overflow.REJECT)

    class Deaf(EdgeActor):
        async def run(self, context: EdgeContext) -> None:
            context.ready()
            with trio.CancelScope(shield=not mailbox.dead_letters.total):
                await mailbox.receive()
                await trio.sleep(50)

    spec = EdgeSpec("deaf", Deaf, mailbox, liveness_s=4, stop_deadline_s=2, backoff=None)
    async with grow(spec):
        mailbox.send(1)
        mailbox.send(2)
        await trio.sleep(55)
        (report,) = recorder.of(ChildStuckReported)
        assert report.path == "root/deaf"
        assert 6 <= report.ts_ns / 1e9 <= 8


async def test_a_restarted_actor_is_watched_by_one_task_and_not_by_those_of_its_earlier_lives(
    grow: Any, autojump_clock: MockClock
) -> None:
    bench = Bench()
    async with grow(bench.spec, intensity=Intensity(100, 1)) as tree:
        before = trio.lowlevel.current_statistics().tasks_living
        for _ in range(10):
            tree.kill("root/worker")
            await wait_all_tasks_blocked()
        assert tree.observer.restarts("root/worker") == 10
        assert trio.lowlevel.current_statistics().tasks_living == before


class Looping(DecisionActor[Callable[[], None]]):
    """Runs what it is sent."""

    def handle(self, message: Callable[[], None]) -> None:
        message()


class Scene:
    """A turn, a clock that the test moves and a `terminate` that only notes."""

    def __init__(self, on_stuck: Callable[[str], None] | None = None) -> None:
        self.clock = ManualClock()
        self.runs = RunQueue(self.clock)
        self.cell: DecisionCell[Callable[[], None]] = DecisionCell("looping", self.runs)
        self.cell.start(Looping)
        self.stuck: list[str] = []
        self.exits: list[int] = []
        self.watchdog = TurnWatchdog(
            self.runs,
            self.clock,
            turn_deadline_s=2,
            exit_deadline_s=5,
            on_stuck=on_stuck or self.stuck.append,
            terminate=self.exits.append,
            look_every_s=0.001,
        )

    def look_at(self, *times_s: float) -> list[tuple[int, int]]:
        """(reports, exits) after a look at each of these times within one turn."""
        seen = []

        def never_ending() -> None:
            for time_s in times_s:
                self.clock.move_to(round(time_s * 1e9))
                self.watchdog.look()
                seen.append((len(self.stuck), len(self.exits)))

        self.cell.send(never_ending)
        assert self.cell.error is None
        return seen


def test_a_turn_past_its_deadline_is_reported_once_and_past_the_last_one_it_ends_all() -> None:
    scene = Scene()
    assert scene.look_at(1.9, 2, 4.9, 5) == [(0, 0), (1, 0), (1, 0), (1, 1)]
    assert scene.exits == [70]
    assert scene.stuck[0].startswith("a turn has run for 2.000 s, now in looping\n")
    assert "in never_ending" in scene.stuck[0]


def test_each_turn_has_its_own_deadline_and_idleness_has_none() -> None:
    scene = Scene()
    assert scene.look_at(1, 1.9)[-1] == (0, 0)
    scene.clock.move_to(100 * 10**9)
    scene.watchdog.look()
    assert scene.look_at(101.9, 102)[-1] == (1, 0)
    scene.clock.move_to(200 * 10**9)
    assert scene.look_at(201, 202.5) == [(1, 0), (2, 0)]


def test_a_failing_report_does_not_stop_the_watchdog_from_ending_the_process(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(text: str) -> None:
        raise OSError("the disk is full")

    scene = Scene(fail)
    scene.look_at(3, 5)
    assert scene.exits == [70]
    assert "the disk is full" in capsys.readouterr().err


def test_the_thread_sees_what_the_main_thread_is_stuck_in_and_ends_with_the_block() -> None:
    was_seen = threading.Event()
    texts: list[str] = []

    def note(text: str) -> None:
        texts.append(text)
        was_seen.set()

    scene = Scene(note)

    def stuck_here() -> None:
        scene.clock.move_to(3 * 10**9)
        assert was_seen.wait(10)

    with scene.watchdog:
        with pytest.raises(RuntimeError, match="runs already"):
            scene.watchdog.start()
        scene.cell.send(stuck_here)
    assert scene.cell.error is None
    assert "in stuck_here" in texts[0]
    assert "turn watchdog" not in {thread.name for thread in threading.enumerate()}


def test_deadlines_out_of_order_are_refused() -> None:
    scene = Scene()
    with pytest.raises(ValueError, match="turn_deadline_s 5 <= exit_deadline_s 2"):
        TurnWatchdog(scene.runs, scene.clock, turn_deadline_s=5, exit_deadline_s=2, on_stuck=print)
