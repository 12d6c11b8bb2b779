"""Fan-out: everybody gets it, nobody waits, a full one costs only itself."""

from __future__ import annotations

from supervisors.clock import ManualClock
from supervisors.mailbox import Mailbox, Overflow
from supervisors.observe import Observer, TopicOverflowed
from supervisors.topic import Topic


def subscriber(name: str, capacity: int = 10) -> Mailbox[int]:
    return Mailbox(name, capacity=capacity, policy=Overflow.REJECT)


def drain(mailbox: Mailbox[int]) -> list[int]:
    return [mailbox.receive_nowait() for _ in range(mailbox.waiting)]


def test_each_subscriber_gets_each_message_until_it_leaves() -> None:
    topic: Topic[int] = Topic("numbers")
    first, second = subscriber("first"), subscriber("second")
    leave = topic.subscribe(first)
    topic.publish(1)
    topic.subscribe(second)
    topic.publish(2)
    leave()
    leave()
    topic.publish(3)
    assert (drain(first), drain(second)) == ([1, 2], [2, 3])
    assert topic.published == 3


def test_subscribing_again_does_not_double_the_messages() -> None:
    topic: Topic[int] = Topic("numbers")
    mailbox = subscriber("again")
    topic.subscribe(mailbox)
    topic.subscribe(mailbox)
    topic.publish(1)
    assert drain(mailbox) == [1]


def test_one_full_subscriber_is_counted_and_reported_and_the_others_get_theirs() -> None:
    observer = Observer(ManualClock(9))
    events: list[object] = []
    observer.subscribe(events.append)
    topic: Topic[int] = Topic("numbers", observer)
    full, roomy = subscriber("full", capacity=1), subscriber("roomy")
    topic.subscribe(full)
    topic.subscribe(roomy)
    topic.publish(1)
    topic.publish(2)
    assert (drain(full), drain(roomy)) == ([1], [1, 2])
    assert topic.overflowed == 1
    assert events == [TopicOverflowed(9, "numbers", "full", "full: full with 1 messages")]


def test_a_subscriber_that_comes_during_a_publication_waits_for_the_next() -> None:
    topic: Topic[int] = Topic("numbers")
    late = subscriber("late")

    class Inviting:
        name = "inviting"

        def send(self, message: int) -> None:
            topic.subscribe(late)

    topic.subscribe(Inviting())
    topic.publish(1)
    topic.publish(2)
    assert drain(late) == [2]
