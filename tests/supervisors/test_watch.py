"""Watching: who wants to know is told of each end of an actor, whatever it was."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from trio.testing import MockClock

from supervisors.actor import DecisionActor
from supervisors.cell import DecisionCell
from supervisors.clock import ManualClock
from supervisors.mailbox import Mailbox, Overflow
from supervisors.observe import ActorExited, Observer
from supervisors.restart import ExitReason, Intensity, Restart
from supervisors.spec import DecisionSpec, SupervisorSpec


def ends(mailbox: Mailbox[ActorExited]) -> list[tuple[str, int, str]]:
    waiting = [mailbox.receive_nowait() for _ in range(mailbox.waiting)]
    return [(exited.path, exited.generation, exited.reason.value) for exited in waiting]


@pytest.fixture
def inbox() -> Mailbox[ActorExited]:
    return Mailbox("watcher", capacity=10, policy=Overflow.REJECT)


@pytest.mark.parametrize(
    ("act", "reason"), [("end", "normal"), ("leave", "shutdown"), ("crash", "error")]
)
async def test_a_watcher_is_told_of_a_good_and_of_a_bad_end(
    grow: Any,
    stage: Any,
    recorder: Any,
    inbox: Any,
    act: str,
    reason: str,
    autojump_clock: MockClock,
) -> None:
    recorder.observer.watch("root/a", inbox)
    async with grow(stage.spec("a", f"{act}@1", restart=Restart.TEMPORARY), stage.spec("b")):
        await trio.sleep(2)
        assert ends(inbox) == [("root/a", 1, reason)]


async def test_a_watch_lasts_through_restarts_and_ends_with_the_tree(
    grow: Any, stage: Any, recorder: Any, inbox: Any, autojump_clock: MockClock
) -> None:
    recorder.observer.watch("root/a", inbox)
    async with grow(stage.spec("a", "crash@1", "fail")) as tree:
        await trio.sleep(2)
        tree.kill("root/a")
        await trio.sleep(1)
    assert ends(inbox) == [
        ("root/a", 1, "error"),
        ("root/a", 2, "start_failed"),
        ("root/a", 3, "killed"),
        ("root/a", 4, "shutdown"),
    ]


async def test_watching_twice_is_told_once(
    grow: Any, stage: Any, recorder: Any, inbox: Any, autojump_clock: MockClock
) -> None:
    for _ in range(2):
        recorder.observer.watch("root/a", inbox)
    async with grow(stage.spec("a")):
        pass
    assert len(ends(inbox)) == 1


async def test_who_has_stopped_watching_is_not_told_and_the_others_are(
    grow: Any, stage: Any, recorder: Any, inbox: Any, autojump_clock: MockClock
) -> None:
    other: Mailbox[ActorExited] = Mailbox("other", capacity=1, policy=Overflow.REJECT)
    unwatch = recorder.observer.watch("root/a", inbox)
    recorder.observer.watch("root/a", other)
    unwatch()
    unwatch()
    async with grow(stage.spec("a")):
        pass
    assert (ends(inbox), len(ends(other))) == ([], 1)


async def test_an_escalation_is_told_to_the_watchers_of_all_it_ends(
    grow: Any, stage: Any, recorder: Any, inbox: Any, autojump_clock: MockClock
) -> None:
    for path in ("root/low", "root/low/b"):
        recorder.observer.watch(path, inbox)
    children = (stage.spec("a", "crash@1"), stage.spec("b"))
    low = SupervisorSpec("low", intensity=Intensity(0, 1), children=children, backoff=None)
    async with grow(low):
        await trio.sleep(2)
        assert ends(inbox) == [("root/low/b", 1, "shutdown"), ("root/low", 1, "error")]


async def test_a_decision_actor_may_watch_and_sees_the_name_unregistered(
    grow: Any, stage: Any, runs: Any, recorder: Any, autojump_clock: MockClock
) -> None:
    cell: DecisionCell[ActorExited] = DecisionCell("watcher", runs)
    seen: list[tuple[ExitReason, bool]] = []

    class Watcher(DecisionActor[ActorExited]):
        def handle(self, message: ActorExited) -> None:
            seen.append((message.reason, tree.registry.find(message.path) is None))

    watched: DecisionCell[Any] = DecisionCell("watched", runs)
    recorder.observer.watch("root/watched", cell)
    async with grow(DecisionSpec(cell, Watcher), stage.mind(watched)) as tree:
        watched.send(ValueError("boom"))
        await trio.sleep(1)
        assert seen == [(ExitReason.ERROR, True)]


async def test_a_watcher_that_cannot_take_the_message_disturbs_nobody(
    grow: Any, stage: Any, recorder: Any, autojump_clock: MockClock
) -> None:
    small: Mailbox[ActorExited] = Mailbox("small", capacity=1, policy=Overflow.REJECT)
    recorder.observer.watch("root/a", small)
    async with grow(stage.spec("a", *["crash@0"] * 3)) as tree:
        await trio.sleep(1)
        assert tree.snapshot()[0].restarts == 3
    assert recorder.observer.failed_callbacks == 3
    assert "small: full with 1 messages" in recorder.observer.failures[0]


async def test_a_watch_of_what_will_not_come_back_is_forgotten(
    grow: Any, stage: Any, recorder: Any, inbox: Any, autojump_clock: MockClock
) -> None:
    async with grow() as tree:
        root = tree.supervisor("root")
        for _ in range(2):
            await root.start_child(stage.spec("a", restart=Restart.TEMPORARY))
            if stage.built["a"] == 1:
                recorder.observer.watch("root/a", inbox)
            await root.terminate_child("a")
    assert ends(inbox) == [("root/a", 1, "shutdown")]


def test_a_watch_of_nobody_costs_nothing_and_waits() -> None:
    observer = Observer(ManualClock())
    inbox: Mailbox[ActorExited] = Mailbox("watcher", capacity=1, policy=Overflow.REJECT)
    unwatch = observer.watch("root/nobody", inbox)
    observer.report(ActorExited(1, "root/nobody-else", 1, ExitReason.NORMAL, "", ""))
    assert inbox.waiting == 0
    observer.report(ActorExited(1, "root/nobody", 1, ExitReason.NORMAL, "", ""))
    unwatch()
    assert ends(inbox) == [("root/nobody", 1, "normal")]
