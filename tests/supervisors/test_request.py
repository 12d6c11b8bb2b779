"""Questions: an answer, a failure, a death or a deadline, whatever comes first."""

from __future__ import annotations

import msgspec
import pytest
import trio
from trio.testing import MockClock

from supervisors.actor import DecisionActor
from supervisors.cell import DecisionCell
from supervisors.clock import ManualClock
from supervisors.dispatch import RunQueue
from supervisors.errors import ActorDiedError, AskTimeoutError, MailboxFullError
from supervisors.mailbox import Mailbox, Overflow
from supervisors.request import Reply, ask


class GetRoot(msgspec.Struct):
    of: float
    reply: Reply[float]


class Mathematician(DecisionActor[GetRoot]):
    """Answers roots; knows none of -1, dies of other negative numbers, ponders 0 for ever."""

    def handle(self, message: GetRoot) -> None:
        if message.of == -1:
            message.reply.fail(ArithmeticError("imaginary"))
        elif message.of < 0:
            raise ValueError("negative")
        elif message.of > 0:
            message.reply.answer(message.of**0.5)


@pytest.fixture
def cell() -> DecisionCell[GetRoot]:
    cell: DecisionCell[GetRoot] = DecisionCell("mathematician", RunQueue(ManualClock()))
    cell.start(Mathematician)
    return cell


async def ask_root(cell: DecisionCell[GetRoot], of: float) -> float:
    return await ask(cell, lambda reply: GetRoot(of, reply), deadline_s=10)


async def test_an_answer(cell: DecisionCell[GetRoot], autojump_clock: MockClock) -> None:
    assert await ask_root(cell, 9) == 3


async def test_a_failure_is_raised_where_it_was_asked(
    cell: DecisionCell[GetRoot], autojump_clock: MockClock
) -> None:
    with pytest.raises(ArithmeticError, match="imaginary"):
        await ask_root(cell, -1)
    assert cell.is_up


async def test_no_answer_before_the_deadline(
    cell: DecisionCell[GetRoot], autojump_clock: MockClock
) -> None:
    with pytest.raises(AskTimeoutError, match="mathematician: no answer within 10 s"):
        await ask_root(cell, 0)
    assert trio.current_time() == 10


async def test_a_death_with_the_question_in_hand_is_known_at_once(
    cell: DecisionCell[GetRoot], autojump_clock: MockClock
) -> None:
    with pytest.raises(ActorDiedError, match=r"mathematician: died .* ValueError"):
        await ask_root(cell, -4)
    assert trio.current_time() == 0


async def test_a_question_to_an_actor_that_is_down_waits_for_its_next_incarnation(
    cell: DecisionCell[GetRoot], autojump_clock: MockClock
) -> None:
    cell.stop()
    async with trio.open_nursery() as nursery:

        async def revive() -> None:
            await trio.sleep(5)
            cell.start(Mathematician)

        nursery.start_soon(revive)
        assert await ask_root(cell, 4) == 2
    assert trio.current_time() == 5


async def test_a_question_dropped_by_an_overflow_fails_at_once(autojump_clock: MockClock) -> None:
    small: DecisionCell[GetRoot] = DecisionCell(
        "small", RunQueue(ManualClock()), waiting_capacity=1
    )
    first: Reply[float] = Reply()
    small.send(GetRoot(1, first))
    small.send(GetRoot(1, Reply()))
    with pytest.raises(ActorDiedError, match="small: dropped"):
        await first.wait()


async def test_an_edge_actor_that_dies_with_the_question_fails_it(
    autojump_clock: MockClock,
) -> None:
    mailbox: Mailbox[GetRoot] = Mailbox("edge", capacity=1, policy=Overflow.REJECT)

    async def die() -> None:
        await mailbox.receive()
        await trio.sleep(1)
        mailbox.finish(OSError("gone"), 0)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(die)
        with pytest.raises(ActorDiedError, match="edge: ended with the question: OSError"):
            await ask(mailbox, lambda reply: GetRoot(1, reply), deadline_s=10)
    assert trio.current_time() == 1


async def test_a_full_mailbox_is_the_askers_error(autojump_clock: MockClock) -> None:
    mailbox: Mailbox[GetRoot] = Mailbox("edge", capacity=1, policy=Overflow.REJECT)
    mailbox.send(GetRoot(1, Reply()))
    with pytest.raises(MailboxFullError):
        await ask(mailbox, lambda reply: GetRoot(1, reply), deadline_s=10)


async def test_only_the_first_answer_counts(autojump_clock: MockClock) -> None:
    reply: Reply[int] = Reply()
    assert reply.answer(1)
    assert not reply.answer(2)
    assert not reply.fail(ValueError("late"))
    assert await reply.wait() == 1
