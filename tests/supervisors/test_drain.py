"""A stop begins with what waits, where so declared, and never takes longer than declared."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from trio.testing import MockClock

from supervisors.actor import EdgeActor, EdgeContext
from supervisors.mailbox import Mailbox, Overflow
from supervisors.spec import EdgeSpec


class Writer(EdgeActor):
    """Needs a second a message; dies of negative ones."""

    def __init__(self, mailbox: Mailbox[int], written: list[int]) -> None:
        self.mailbox, self.written = mailbox, written

    async def run(self, context: EdgeContext) -> None:
        context.ready()
        while True:
            message = await self.mailbox.receive()
            await trio.sleep(1)
            if message < 0:
                raise ValueError("negative")
            self.written.append(message)


@pytest.mark.parametrize(
    ("drain_deadline_s", "messages", "written", "stopped_at_s"),
    [
        pytest.param(None, [1, 2, 3], [], 0, id="not declared"),
        pytest.param(10, [1, 2, 3], [1, 2, 3], 3, id="all in time"),
        pytest.param(2.5, [1, 2, 3], [1, 2], 2.5, id="as many as its deadline allows"),
        pytest.param(10, [], [], 0, id="nothing to do"),
        pytest.param(10, [1, -1, 3], [1], 2, id="it dies on the way"),
    ],
)
async def test_what_waits_is_handled_before_the_stop(
    grow: Any,
    drain_deadline_s: float | None,
    messages: list[int],
    written: list[int],
    stopped_at_s: float,
    autojump_clock: MockClock,
) -> None:
    mailbox: Mailbox[int] = Mailbox("writer", capacity=9, policy=Overflow.REJECT)
    done: list[int] = []
    spec = EdgeSpec(
        "writer", lambda: Writer(mailbox, done), mailbox, drain_deadline_s=drain_deadline_s
    )
    async with grow(spec):
        for message in messages:
            mailbox.send(message)
    assert (done, trio.current_time()) == (written, stopped_at_s)
    assert mailbox.in_hand == 0
    assert mailbox.received == mailbox.handled + mailbox.dead_letters.total + mailbox.waiting


async def test_what_is_in_hand_is_finished_even_when_nothing_waits(
    grow: Any, autojump_clock: MockClock
) -> None:
    mailbox: Mailbox[int] = Mailbox("writer", capacity=9, policy=Overflow.REJECT)
    done: list[int] = []
    spec = EdgeSpec("writer", lambda: Writer(mailbox, done), mailbox, drain_deadline_s=5)
    async with grow(spec):
        mailbox.send(1)
        await trio.sleep(0.5)
        assert (mailbox.waiting, mailbox.in_hand) == (0, 1)
    assert (done, trio.current_time()) == ([1], 1)


async def test_what_is_sent_by_those_that_stop_earlier_is_still_handled(
    grow: Any, autojump_clock: MockClock
) -> None:
    mailbox: Mailbox[int] = Mailbox("writer", capacity=9, policy=Overflow.REJECT)
    done: list[int] = []

    class Sender(EdgeActor):
        async def run(self, context: EdgeContext) -> None:
            context.ready()
            try:
                await trio.sleep_forever()
            finally:
                mailbox.send(7)

    writer = EdgeSpec("writer", lambda: Writer(mailbox, done), mailbox, drain_deadline_s=5)
    async with grow(writer, EdgeSpec("sender", Sender)):
        pass
    assert done == [7]


async def test_a_child_that_never_started_is_not_drained(
    grow: Any, stage: Any, autojump_clock: MockClock
) -> None:
    mailbox: Mailbox[int] = Mailbox("a", capacity=9, policy=Overflow.REJECT)
    mailbox.send(1)
    late = stage.spec("a", "late", mailbox=mailbox, start_deadline_s=2, drain_deadline_s=50)
    with pytest.raises(ExceptionGroup):
        async with grow(late):
            pass
    assert trio.current_time() == 2
