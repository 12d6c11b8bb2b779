"""What must not be missed: a subscriber that cannot keep up crashes and starts from a snapshot."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from supervisors.actor import DecisionActor, EdgeActor, EdgeContext
from supervisors.backoff import Backoff
from supervisors.cell import DecisionCell
from supervisors.clock import ManualClock
from supervisors.dispatch import RunQueue
from supervisors.errors import ActorDiedError, MailboxEmptyError, SpecError
from supervisors.mailbox import Mailbox, Overflow
from supervisors.observe import ActorExited, TopicOverflowed
from supervisors.request import Reply
from supervisors.restart import ExitReason
from supervisors.spec import EdgeSpec
from supervisors.topic import Laggard, Topic


class Exchange:
    """Publishes 1, 2, 3, …; its snapshot is the last number."""

    def __init__(self, topic: Topic[int]) -> None:
        self.topic, self.last = topic, 0

    def publish(self, count: int) -> None:
        for _ in range(count):
            self.last += 1
            self.topic.publish(self.last)


class Follower(EdgeActor):
    """Takes `work_s` a number; asserts that it sees each one after its snapshot."""

    def __init__(self, exchange: Exchange, mailbox: Mailbox[int], seen: list[list[int]]) -> None:
        self.exchange, self.mailbox = exchange, mailbox
        self.seen: list[int] = []
        seen.append(self.seen)

    async def run(self, context: EdgeContext) -> None:
        self.exchange.topic.subscribe(self.mailbox)
        self.seen.append(self.exchange.last)
        context.ready()
        while True:
            number = await self.mailbox.receive()
            if number > self.seen[-1]:
                self.seen.append(number)
            await trio.sleep(0.1)


@pytest.mark.parametrize("backoff", [None, Backoff(initial_s=5, max_s=5, jitter=0)])
async def test_a_laggard_crashes_and_its_next_incarnation_sees_no_hole(
    grow: Any, recorder: Any, backoff: Backoff | None, autojump_clock: MockClock
) -> None:
    exchange = Exchange(Topic("fills", recorder.observer, Laggard.CRASHES))
    mailbox: Mailbox[int] = Mailbox("follower", capacity=5, policy=Overflow.REJECT)
    seen: list[list[int]] = []

    def build() -> Follower:
        return Follower(exchange, mailbox, seen)

    async with grow(EdgeSpec("follower", build, mailbox, backoff=backoff)) as tree:
        exchange.publish(3)
        await trio.sleep(1)
        exchange.publish(9)  # too many at once
        await wait_all_tasks_blocked()
        exchange.publish(7)  # while it is down, when there is a back-off: too many, too
        await trio.sleep(6)
        exchange.publish(3)
        await trio.sleep(1)
        assert len(seen) == 1 + tree.observer.restarts("root/follower") >= 2
    assert seen[0][:4] == [0, 1, 2, 3]
    assert seen[-1][-1] == exchange.last == 22
    for numbers in seen:
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    exits = [event for event in recorder.of(ActorExited) if event.path == "root/follower"]
    assert exits[0].reason is ExitReason.KILLED
    assert exits[0].error.endswith("MailboxFullError: follower: full with 5 messages")
    assert exchange.topic.overflowed == len(recorder.of(TopicOverflowed)) > 0


async def test_a_laggard_gets_nothing_more_before_it_dies(
    grow: Any, recorder: Any, autojump_clock: MockClock
) -> None:
    """Idle, it is woken by the first number; by the time it runs, it has missed one."""
    exchange = Exchange(Topic("fills", recorder.observer, Laggard.CRASHES))
    mailbox: Mailbox[int] = Mailbox("follower", capacity=3, policy=Overflow.REJECT)
    seen: list[list[int]] = []
    spec = EdgeSpec("f", lambda: Follower(exchange, mailbox, seen), mailbox, backoff=None)
    async with grow(spec):
        await wait_all_tasks_blocked()
        exchange.publish(5)  # 4 is refused, 5 would be taken again
        with pytest.raises(MailboxEmptyError):
            mailbox.receive_nowait()
        await trio.sleep(1)
    assert seen == [[0], [5]]


async def test_a_laggard_costs_the_other_subscribers_nothing(
    grow: Any, recorder: Any, autojump_clock: MockClock
) -> None:
    exchange = Exchange(Topic("fills", recorder.observer, Laggard.CRASHES))
    small, large = (
        Mailbox("m", capacity=capacity, policy=Overflow.REJECT) for capacity in (2, 100)
    )
    seen: dict[str, list[list[int]]] = {"small": [], "large": []}
    specs = (
        EdgeSpec("small", lambda: Follower(exchange, small, seen["small"]), small, backoff=None),
        EdgeSpec("large", lambda: Follower(exchange, large, seen["large"]), large, backoff=None),
    )
    async with grow(*specs) as tree:
        exchange.publish(20)
        await trio.sleep(5)
        assert tree.observer.restarts_by_actor() == {"root/small": 1}
    assert seen["large"] == [list(range(21))]


def test_a_decision_actor_that_missed_a_message_dies_and_what_it_had_not_handled_is_void() -> None:
    runs = RunQueue(ManualClock(), capacity=4)
    topic: Topic[int] = Topic("fills", laggard=Laggard.CRASHES)
    seen: list[int] = []

    class Listener(DecisionActor[int]):
        def handle(self, message: int) -> None:
            seen.append(message)

    class Flood(DecisionActor[int]):
        def handle(self, message: int) -> None:
            bystander.send(100)
            for n in range(message):
                topic.publish(n)

    flood, listener, bystander = (
        DecisionCell(name, runs) for name in ("flood", "listener", "bystander")
    )
    topic.subscribe(listener)
    for cell, build in ((flood, Flood), (listener, Listener), (bystander, Listener)):
        cell.start(build)
    flood.send(5)
    assert (listener.is_up, bystander.is_up, flood.is_up) == (False, True, True)
    assert seen == [100]  # the bystander's, which was in the same queue
    assert (listener.dropped, listener.waiting, topic.overflowed) == (3, 1, 1)
    listener.stop()
    listener.start(Listener)
    assert seen == [100, 4]  # what came after the crash, and after any snapshot taken since


async def test_the_questions_of_a_laggard_fail_at_once() -> None:
    mailbox: Mailbox[Any] = Mailbox("m", capacity=2, policy=Overflow.REJECT)
    cell: DecisionCell[Any] = DecisionCell("c", RunQueue(ManualClock()))
    for address in (mailbox, cell):
        question = type("Question", (), {"reply": Reply()})()
        address.send(question)
        address.overrun(OSError("missed one"))
        assert (address.waiting, address.dropped) == (0, 1)
        with pytest.raises(ActorDiedError, match="could not keep up"):
            await question.reply.wait()


def test_who_cannot_crash_cannot_subscribe_where_laggards_crash() -> None:
    class Inbox:
        name = "inbox"

        def send(self, message: int) -> None:
            raise AssertionError(message)

    Topic("numbers").subscribe(Inbox())
    droppers = [
        Mailbox("inbox", capacity=1, policy=Overflow.DROP_OLDEST),
        Mailbox("inbox", capacity=1, policy=Overflow.CONFLATE, key=str),
    ]
    for address in (Inbox(), *droppers):
        with pytest.raises(SpecError, match="fills: inbox cannot crash for what it misses"):
            Topic("fills", laggard=Laggard.CRASHES).subscribe(address)
