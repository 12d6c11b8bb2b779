"""Waiting at a mailbox: wakes, batches, back-pressure, cancellation."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from supervisors.errors import MailboxFullError, SpecError
from supervisors.mailbox import Mailbox, Overflow


def make(capacity: int = 3, policy: Overflow = Overflow.BLOCK) -> Mailbox[int]:
    return Mailbox("m", capacity=capacity, policy=policy)


async def test_receive_waits_for_the_first_message(autojump_clock: MockClock) -> None:
    mailbox = make()
    got: list[tuple[float, int]] = []

    async def receiver() -> None:
        message = await mailbox.receive()
        got.append((trio.current_time(), message))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(receiver)
        await trio.sleep(5)
        mailbox.send(1)
    assert got == [(5, 1)]


async def test_a_batch_takes_what_is_there_up_to_its_limit(autojump_clock: MockClock) -> None:
    mailbox = make(capacity=10)
    for n in range(5):
        mailbox.send(n)
    assert await mailbox.receive_batch(3) == (0, 1, 2)
    assert mailbox.in_hand == 3
    assert await mailbox.receive_batch(3) == (3, 4)
    assert (mailbox.handled, mailbox.in_hand, mailbox.taken) == (3, 2, 5)
    with pytest.raises(ValueError, match="batch limit 0"):
        await mailbox.receive_batch(0)


async def test_put_waits_for_room_and_send_does_not(autojump_clock: MockClock) -> None:
    mailbox = make(capacity=2)
    mailbox.send(0)
    mailbox.send(1)
    with pytest.raises(MailboxFullError):
        mailbox.send(2)

    async def producer() -> None:
        for n in range(2, 10):
            await mailbox.put(n)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(producer)
        await wait_all_tasks_blocked()
        assert (mailbox.waiting, mailbox.rejected) == (2, 1)
        assert [await mailbox.receive() for _ in range(10)] == list(range(10))


async def test_many_producers_and_consumers_lose_and_repeat_nothing(
    autojump_clock: MockClock,
) -> None:
    mailbox = make(capacity=2)
    got: list[int] = []

    async def produce(first: int) -> None:
        for n in range(first, first + 50):
            await mailbox.put(n)

    async def consume(limit: int) -> None:
        while True:
            got.extend(await mailbox.receive_batch(limit))

    async with trio.open_nursery() as consumers:
        for limit in (1, 2, 3):
            consumers.start_soon(consume, limit)
        async with trio.open_nursery() as producers:
            for first in (0, 100, 200):
                producers.start_soon(produce, first)
        await wait_all_tasks_blocked()
        consumers.cancel_scope.cancel()
    assert sorted(got) == [n for first in (0, 100, 200) for n in range(first, first + 50)]
    for first in (0, 100, 200):
        mine = [n for n in got if first <= n < first + 50]
        assert mine == sorted(mine)


async def test_a_cancelled_receive_takes_nothing_and_a_cancelled_put_puts_nothing(
    autojump_clock: MockClock,
) -> None:
    mailbox = make(capacity=1)
    with trio.move_on_after(1) as receiving:
        await mailbox.receive()
    mailbox.send(1)
    with trio.CancelScope() as at_once:
        at_once.cancel()
        await mailbox.receive()
    with trio.move_on_after(1) as putting:
        await mailbox.put(2)
    assert receiving.cancelled_caught
    assert at_once.cancelled_caught
    assert putting.cancelled_caught
    assert (mailbox.waiting, mailbox.received, mailbox.in_hand) == (1, 1, 0)
    assert await mailbox.receive() == 1


async def test_a_message_that_comes_with_the_cancellation_is_not_lost(
    autojump_clock: MockClock,
) -> None:
    mailbox = make()
    got: list[int] = []
    async with trio.open_nursery() as nursery:

        async def receiver() -> None:
            got.append(await mailbox.receive())

        nursery.start_soon(receiver)
        await wait_all_tasks_blocked()
        mailbox.send(1)
        nursery.cancel_scope.cancel()
    assert len(got) + mailbox.waiting == 1


async def test_conflating_keeps_the_place_of_the_first_and_the_words_of_the_last(
    autojump_clock: MockClock,
) -> None:
    mailbox: Mailbox[tuple[str, int]] = Mailbox(
        "m", capacity=2, policy=Overflow.CONFLATE, key=lambda message: message[0]
    )
    for message in [("a", 1), ("b", 1), ("a", 2)]:
        mailbox.send(message)
    assert (mailbox.conflated, mailbox.dropped) == (1, 0)
    mailbox.send(("c", 1))
    assert (mailbox.conflated, mailbox.dropped) == (1, 1)
    assert await mailbox.receive_batch(9) == (("b", 1), ("c", 1))


def test_what_the_dead_actor_had_in_hand_is_a_dead_letter() -> None:
    mailbox = make()
    for n in range(3):
        mailbox.send(n)
    mailbox.receive_nowait()
    mailbox.receive_nowait()
    mailbox.finish(ValueError("boom"), 77)
    (letter,) = mailbox.dead_letters
    assert (letter.message, letter.error, letter.ts_ns) == (1, "ValueError: boom", 77)
    assert (mailbox.handled, mailbox.waiting) == (1, 1)
    mailbox.receive_nowait()
    mailbox.finish(None, 78)
    assert (mailbox.handled, mailbox.dead_letters.total) == (2, 1)


def test_bad_mailboxes_are_refused() -> None:
    with pytest.raises(SpecError, match="capacity 0"):
        make(capacity=0)
    with pytest.raises(SpecError, match="key goes with CONFLATE"):
        make(policy=Overflow.CONFLATE)
    with pytest.raises(SpecError, match="key goes with CONFLATE"):
        Mailbox("m", capacity=1, policy=Overflow.BLOCK, key=lambda message: message)
