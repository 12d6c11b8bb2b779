"""Lifecycle events reach everybody; a bad onlooker disturbs nobody."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from trio.testing import MockClock

from supervisors.clock import ManualClock
from supervisors.errors import MailboxFullError
from supervisors.mailbox import Mailbox, Overflow
from supervisors.observe import ActorStarted, LifecycleEvent, Observer, Workload


def test_events_are_counted_and_told_until_one_leaves() -> None:
    observer = Observer(ManualClock())
    seen: list[LifecycleEvent] = []
    leave = observer.subscribe(seen.append)
    event = ActorStarted(1, "root/a", 1)
    observer.report(event)
    leave()
    observer.report(event)
    assert seen == [event]
    assert observer.events == {"ActorStarted": 2}


def test_a_failing_callback_is_counted_and_the_others_hear_the_event() -> None:
    def fail(event: LifecycleEvent) -> None:
        raise ValueError("cannot listen")

    observer = Observer(ManualClock())
    seen: list[LifecycleEvent] = []
    observer.subscribe(fail)
    observer.subscribe(seen.append)
    observer.report(ActorStarted(1, "root/a", 1))
    assert len(seen) == 1
    assert observer.failed_callbacks == 1
    assert list(observer.failures) == ["ValueError: cannot listen"]


def test_restarts_are_starts_after_the_first() -> None:
    observer = Observer(ManualClock())
    for path in ("root/a", "root/b", "root/a", "root/a"):
        observer.report(ActorStarted(1, path, 1))
    assert (observer.restarts("root/a"), observer.restarts("root/b")) == (2, 0)
    assert observer.restarts("root/never") == 0
    assert observer.restarts_by_actor() == {"root/a": 2}


def test_what_will_not_come_back_is_forgotten_and_its_namesakes_are_not() -> None:
    observer = Observer(ManualClock())
    for path in ("root/a", "root/a/b", "root/a/b/c", "root/a/d", "root/ab") * 2:
        observer.report(ActorStarted(1, path, 1))
    observer.forget_below("root/a", but={"d"})
    assert observer.restarts_by_actor() == {"root/a": 1, "root/a/d": 1, "root/ab": 1}
    observer.forget("root/a")
    observer.forget_below("root/a")
    assert observer.restarts_by_actor() == {"root/ab": 1}


async def test_what_each_policy_did_with_an_overflow_shows_in_the_statistics(
    grow: Any, stage: Any, autojump_clock: MockClock
) -> None:
    boxes: dict[str, Mailbox[int]] = {
        policy.value: Mailbox(
            policy.value,
            capacity=2,
            policy=policy,
            key=(lambda message: message % 3) if policy is Overflow.CONFLATE else None,
        )
        for policy in Overflow
    }
    async with grow(*(stage.spec(name, mailbox=box) for name, box in boxes.items())) as tree:
        for box in boxes.values():
            for number in range(4):
                with suppress(MailboxFullError):
                    box.send(number)
        assert {one.name: one.workload for one in tree.snapshot()} == {
            "block": Workload(waiting=2, rejected=2),
            "reject": Workload(waiting=2, rejected=2),
            "drop_oldest": Workload(waiting=2, dropped=2),
            # 0 and 1; 2 drops 0; 3 is of the key of 0, which is gone, and drops 1
            "conflate": Workload(waiting=2, dropped=2),
        }
        boxes["conflate"].send(5)
        assert tree.snapshot()[2].workload == Workload(waiting=2, dropped=2, conflated=1)
