"""At least once, where asked: what an actor died with is tried again, so often and no more."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import MockClock

from supervisors.actor import DecisionActor, EdgeActor, EdgeContext
from supervisors.cell import DecisionCell
from supervisors.clock import ManualClock
from supervisors.dispatch import RunQueue
from supervisors.errors import ActorDiedError, LeaveError, SpecError
from supervisors.mailbox import Mailbox, Overflow
from supervisors.observe import MessageDeadLettered
from supervisors.request import Reply, ask
from supervisors.restart import Intensity
from supervisors.spec import DecisionSpec, EdgeSpec

PLENTY = Intensity(1000, 3600)


class Moody(DecisionActor[int]):
    """Dies of `n` as often as `moods[n]` says."""

    def __init__(self, moods: dict[int, int], seen: list[int]) -> None:
        self.moods, self.seen = moods, seen

    def handle(self, message: int) -> None:
        if self.moods.get(message, 0) > 0:
            self.moods[message] -= 1
            raise ValueError(f"not in the mood for {message}")
        self.seen.append(message)


def revive(cell: DecisionCell[int], moods: dict[int, int], seen: list[int]) -> None:
    while not cell.is_up:
        cell.stop()
        cell.start(lambda: Moody(moods, seen))


@given(
    tries=st.integers(1, 4),
    messages=st.lists(st.integers(0, 5), max_size=20),
    moods=st.dictionaries(st.integers(0, 5), st.integers(0, 5)),
)
def test_a_cell_tries_a_message_so_often_keeps_the_order_and_then_buries_it(
    tries: int, messages: list[int], moods: dict[int, int]
) -> None:
    cell: DecisionCell[int] = DecisionCell("moody", RunQueue(ManualClock()), tries=tries)
    seen: list[int] = []
    expected_seen, expected_dead, left = [], [], dict(moods)
    for message in messages:
        crashes = min(left.get(message, 0), tries)
        left[message] = left.get(message, 0) - crashes
        (expected_dead if crashes == tries else expected_seen).append(message)
    for message in messages:
        cell.send(message)
    revive(cell, dict(moods), seen)
    assert seen == expected_seen
    assert [(one.message, one.tries) for one in cell.dead_letters] == [
        (message, tries) for message in expected_dead
    ]
    assert len(messages) == cell.handled + cell.dead_letters.total


def test_by_default_nothing_is_tried_again() -> None:
    cell: DecisionCell[int] = DecisionCell("moody", RunQueue(ManualClock()))
    seen: list[int] = []
    cell.send(1)
    revive(cell, {1: 1}, seen)
    assert (seen, cell.dead_letters.total, cell.redelivered) == ([], 1, 0)
    mailbox: Mailbox[int] = Mailbox("m", capacity=1, policy=Overflow.REJECT)
    mailbox.send(1)
    mailbox.receive_nowait()
    mailbox.finish(ValueError("boom"), 0)
    assert (mailbox.waiting, mailbox.dead_letters.total, mailbox.redelivered) == (0, 1, 0)


async def test_in_a_tree_the_poison_costs_so_many_restarts_and_the_others_get_through(
    grow: Any, runs: Any, recorder: Any, autojump_clock: MockClock
) -> None:
    cell: DecisionCell[int] = DecisionCell("moody", runs, tries=3)
    seen: list[int] = []
    moods = {2: 2, 4: 99}
    spec = DecisionSpec(cell, lambda: Moody(moods, seen), backoff=None)
    async with grow(spec, intensity=PLENTY) as tree:
        for n in range(1, 7):
            cell.send(n)
        await trio.sleep(1)
        assert seen == [1, 2, 3, 5, 6]
        assert tree.observer.restarts("root/moody") == 2 + 3
        (load,) = [one.workload for one in tree.snapshot()]
        assert (load.handled, load.dead_letters, load.redelivered) == (5, 1, 2 + 2)
    (event,) = recorder.of(MessageDeadLettered)
    assert (event.letter.message, event.letter.tries) == (4, 3)


class Clerk(EdgeActor):
    """Takes batches; dies with those that hold the poison."""

    def __init__(self, mailbox: Mailbox[int], limit: int, done: list[int]) -> None:
        self.mailbox, self.limit, self.done = mailbox, limit, done

    async def run(self, context: EdgeContext) -> None:
        context.ready()
        while True:
            batch = await self.mailbox.receive_batch(self.limit)
            await trio.sleep(0.01)
            if 13 in batch:
                raise ValueError("13")
            self.done.extend(batch)


@pytest.mark.parametrize("limit", [1, 3])
async def test_an_edge_actor_gets_what_it_had_in_hand_again_and_in_order(
    grow: Any, recorder: Any, limit: int, autojump_clock: MockClock
) -> None:
    mailbox: Mailbox[int] = Mailbox("clerk", capacity=20, policy=Overflow.REJECT, tries=2)
    done: list[int] = []
    spec = EdgeSpec("clerk", lambda: Clerk(mailbox, limit, done), mailbox, backoff=None)
    async with grow(spec, intensity=PLENTY) as tree:
        for n in (11, 12, 13, 14, 15, 16):
            mailbox.send(n)
        await trio.sleep(1)
        lost = [event.letter.message for event in recorder.of(MessageDeadLettered)]
        assert lost == ([13] if limit == 1 else [11, 12, 13])
        assert done == [n for n in range(11, 17) if n not in lost]
        assert tree.observer.restarts("root/clerk") == 2


async def test_a_stop_in_the_middle_of_a_message_leaves_it_for_the_next_incarnation(
    grow: Any, autojump_clock: MockClock
) -> None:
    mailbox: Mailbox[int] = Mailbox("clerk", capacity=20, policy=Overflow.REJECT, tries=2)
    done: list[int] = []
    async with grow(EdgeSpec("clerk", lambda: Clerk(mailbox, 1, done), mailbox)) as tree:
        root = tree.supervisor("root")
        mailbox.send(1)
        await trio.sleep(0.005)
        await root.terminate_child("clerk")
        assert (done, mailbox.waiting) == ([], 1)
        await root.restart_child("clerk")
        await trio.sleep(1)
    assert (done, mailbox.dead_letters.total) == ([1], 0)


def test_each_message_has_its_own_count_and_what_goes_back_needs_no_room() -> None:
    mailbox: Mailbox[int] = Mailbox("m", capacity=2, policy=Overflow.BLOCK, tries=2)
    mailbox.send(1)
    mailbox.receive_nowait()
    mailbox.send(2)
    mailbox.send(3)
    mailbox.finish(ValueError("first"), 0)
    assert mailbox.waiting == 3
    assert [mailbox.receive_nowait() for _ in range(2)] == [1, 2]
    mailbox.finish(ValueError("second"), 0)  # with 2 in hand for the first time
    assert [mailbox.receive_nowait() for _ in range(2)] == [2, 3]
    mailbox.finish(ValueError("third"), 0)
    assert mailbox.receive_nowait() == 3
    mailbox.finish(ValueError("fourth"), 0)
    assert [(one.message, one.tries) for one in mailbox.dead_letters] == [(3, 2)]
    assert (mailbox.handled, mailbox.waiting, mailbox.redelivered) == (2, 0, 3)


def test_what_comes_after_a_void_has_all_its_tries() -> None:
    mailbox: Mailbox[int] = Mailbox("m", capacity=2, policy=Overflow.REJECT, tries=2)
    cell: DecisionCell[int] = DecisionCell("c", RunQueue(ManualClock()), tries=2)
    for address in (mailbox, cell):
        for message in (1, 2):
            address.send(message)
            if address is mailbox:
                mailbox.receive_nowait()
                mailbox.finish(ValueError("boom"), 0)
            else:
                cell.stop()
                cell.start(lambda: Moody({1: 9, 2: 9}, []))
            assert (address.waiting, address.dead_letters.total) == (1, 0)
            address.overrun(OSError("missed one"))
        assert (address.dropped, address.redelivered) == (2, 2)


class GetRoot(msgspec.Struct):
    of: float
    reply: Reply[float]


async def test_a_question_survives_a_death_while_it_may_be_tried_again(
    runs: Any, autojump_clock: MockClock
) -> None:
    deaths: list[float] = []

    class Mathematician(DecisionActor[GetRoot]):
        def handle(self, message: GetRoot) -> None:
            if message.of < 0 or len(deaths) < 1:
                deaths.append(message.of)
                raise ValueError("not now")
            message.reply.answer(message.of**0.5)

    cell: DecisionCell[GetRoot] = DecisionCell("m", runs, tries=2)

    async def keep_alive() -> None:
        while True:
            if not cell.is_up:
                cell.stop()
                cell.start(Mathematician)
            await trio.sleep(1)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(keep_alive)
        assert await ask(cell, lambda reply: GetRoot(9, reply), deadline_s=10) == 3
        with pytest.raises(ActorDiedError):
            await ask(cell, lambda reply: GetRoot(-9, reply), deadline_s=10)
        nursery.cancel_scope.cancel()
    assert deaths == [9, -9, -9]


def test_an_end_on_purpose_is_no_failed_try() -> None:
    cell: DecisionCell[Any] = DecisionCell("leaver", RunQueue(ManualClock()), tries=2)

    class Leaver(DecisionActor[int]):
        def handle(self, message: int) -> None:
            raise LeaveError("done")

    cell.start(Leaver)
    cell.send(1)
    assert (cell.is_up, cell.handled, cell.waiting, cell.dead_letters.total) == (False, 1, 0, 0)


@pytest.mark.parametrize("policy", [Overflow.DROP_OLDEST, Overflow.CONFLATE])
def test_a_policy_that_drops_cannot_promise_delivery(policy: Overflow) -> None:
    key = (lambda message: message) if policy is Overflow.CONFLATE else None
    with pytest.raises(SpecError, match=f"tries 2 promise what {policy.value} does not keep"):
        Mailbox("m", capacity=1, policy=policy, key=key, tries=2)


def test_less_than_one_try_is_refused() -> None:
    with pytest.raises(SpecError, match="tries 0 must be positive"):
        Mailbox("m", capacity=1, policy=Overflow.BLOCK, tries=0)
    with pytest.raises(ValueError, match="tries 0 must be positive"):
        DecisionCell("c", RunQueue(ManualClock()), tries=0)
