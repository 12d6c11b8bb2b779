"""Order entry: every request ends in one event, and nothing waits behind a slow venue."""

from __future__ import annotations

from collections import Counter, deque
from typing import Any

import pytest
import trio

from bot3.domain.approval import grant
from bot3.domain.errors import OrderRejectedError, OutcomeUnknownError, VenueError
from bot3.domain.order import OrderStatus
from bot3.messages.healing import VenueCallEnded
from bot3.messages.orders import (
    CancelFailed,
    CancelOrder,
    OrderAcknowledged,
    OrderOutcomeUnknown,
    OrderRejected,
    QueryAnswered,
    QueryOrder,
    SubmitOrder,
)
from bot3.services.call_tally import CallTally
from bot3.services.orders import EntryRequest, OrderEntryActor
from supervisors.mailbox import Mailbox, Overflow
from supervisors.testing import TrioClock
from tests.bot3.actors.venue_words import order_at_venue
from tests.bot3.making import KEY, START_NS, id_of, make_intent
from tests.bot3.services.fake_ports import FakeVenue, Inbox, living, settle


class Desk:
    """An order entry in front of a venue in memory."""

    def __init__(self) -> None:
        self.port = FakeVenue()
        self.port.found = order_at_venue(make_intent(1), START_NS)
        self.requests: Mailbox[EntryRequest] = Mailbox(
            "orders", capacity=100, policy=Overflow.REJECT
        )
        self.published: list[Any] = []
        self.answers: Inbox[QueryAnswered] = Inbox()
        self.told: Inbox[VenueCallEnded] = Inbox()
        self.tally = CallTally()
        self.actor = OrderEntryActor(
            self.port,
            self.requests,
            self.published.append,
            self.answers,
            self.told,
            TrioClock(START_NS),
            self.tally,
        )

    def calls(self) -> list[tuple[str, str]]:
        """Which calls healing was told of, and what was wrong with each."""
        return [(ended.call.value, ended.problem) for ended in self.told.heard]

    def submit(self, number: int = 1) -> None:
        self.requests.send(SubmitOrder(grant(make_intent(number)), 0))

    def cancel(self, number: int = 1) -> None:
        self.requests.send(CancelOrder(KEY, id_of(number), "a test"))

    def query(self, deadline_s: float, number: int = 1) -> None:
        deadline_ns = START_NS + round(deadline_s * 1e9)
        self.requests.send(QueryOrder(KEY, id_of(number), deadline_ns))

    def fail(self, call: str, *errors: Exception) -> None:
        self.port.fails.setdefault(call, deque()).extend(errors)


async def test_a_taken_order_is_acknowledged(autojump_clock: trio.testing.MockClock) -> None:
    desk = Desk()
    async with living(desk.actor):
        desk.submit()
        await settle()
    assert desk.published == [OrderAcknowledged(id_of(), KEY, "v1", START_NS, START_NS)]
    assert desk.calls() == [("submit", "")]


async def test_a_refused_order_is_rejected(autojump_clock: trio.testing.MockClock) -> None:
    desk = Desk()
    desk.fail("submit", OrderRejectedError("-2010", "insufficient balance"))
    async with living(desk.actor):
        desk.submit()
        await settle()
    assert desk.published == [
        OrderRejected(id_of(), KEY, "-2010", "insufficient balance", START_NS)
    ]
    assert desk.calls() == [("submit", "")]  # the venue answered


@pytest.mark.parametrize("error", [OutcomeUnknownError("time-out"), VenueError("503")])
async def test_nobody_knows_what_became_of_it(
    error: Exception, autojump_clock: trio.testing.MockClock
) -> None:
    desk = Desk()
    desk.fail("submit", error)
    async with living(desk.actor):
        desk.submit()
        await settle()
    assert desk.published == [OrderOutcomeUnknown(id_of(), KEY, str(error), START_NS)]
    assert desk.calls() == [("submit", str(error))]


async def test_an_order_past_its_deadline_never_reaches_the_venue(
    autojump_clock: trio.testing.MockClock,
) -> None:
    desk = Desk()
    async with living(desk.actor):
        await trio.sleep(5.001)  # it lives for five seconds
        desk.submit()
        await settle()
    (rejected,) = desk.published
    assert (type(rejected), rejected.code) == (OrderRejected, "local")
    assert desk.port.calls["submit"] == 0
    assert desk.calls() == []  # nobody asked the venue


async def test_a_refusal_that_may_be_our_own_says_nothing_of_the_venue(
    autojump_clock: trio.testing.MockClock,
) -> None:
    desk = Desk()
    desk.port.slow = {"submit"}
    desk.fail("submit", OrderRejectedError("DEADLINE_PASSED", "too late to send it"))
    async with living(desk.actor):
        desk.submit()
        await trio.sleep(2000)
    assert [type(event) for event in desk.published] == [OrderRejected]
    assert desk.calls() == []


async def test_orders_that_waited_for_a_slot_too_long_stay_here(
    autojump_clock: trio.testing.MockClock,
) -> None:
    desk = Desk()
    desk.port.slow = {"submit"}
    async with living(desk.actor):
        for number in range(1, 19):
            desk.submit(number)
        await trio.sleep(2000)
    assert desk.port.calls["submit"] == 16
    kinds = Counter(type(event) for event in desk.published)
    assert kinds == {OrderAcknowledged: 16, OrderRejected: 2}


async def test_a_cancel_does_not_wait_behind_slow_orders(
    autojump_clock: trio.testing.MockClock,
) -> None:
    desk = Desk()
    desk.port.slow = {"submit"}
    async with living(desk.actor):
        for number in range(1, 41):
            desk.submit(number)
        desk.cancel()
        desk.query(100)
        await settle()
        assert trio.current_time() < 1
        assert (desk.port.calls["cancel"], desk.port.calls["query"]) == (1, 1)
        assert desk.published == []  # the news of a cancel comes by the private stream


@pytest.mark.parametrize(
    "error",
    [OrderRejectedError("-2011", "unknown order"), OutcomeUnknownError("?"), VenueError("503")],
)
async def test_a_cancel_that_did_not_take_says_so(
    error: Exception, autojump_clock: trio.testing.MockClock
) -> None:
    desk = Desk()
    desk.fail("cancel", error)
    async with living(desk.actor):
        desk.cancel()
        await settle()
    assert desk.published == [CancelFailed(id_of(), KEY, str(error), START_NS)]
    is_answer = isinstance(error, OrderRejectedError)
    assert desk.calls() == [("cancel", "" if is_answer else str(error))]


async def test_it_asks_until_the_order_is_found(autojump_clock: trio.testing.MockClock) -> None:
    desk = Desk()
    found = order_at_venue(make_intent(), START_NS, OrderStatus.FILLED)
    desk.port.answers.extend([None, None, found])
    desk.fail("query", VenueError("503"), OutcomeUnknownError("time-out"))
    async with living(desk.actor):
        desk.query(17)
        await trio.sleep(60)
    assert [(answer.client_order_id, answer.order) for answer in desk.answers.heard] == [
        (id_of(), found)
    ]
    assert desk.port.calls["query"] == 5
    assert [at for _, at in desk.port.log] == [0, 1, 2, 3, 4]
    problems = [problem for _, problem in desk.calls()]
    assert problems == ["503", "time-out", "", "", ""]  # "unknown here" is an answer


async def test_absence_is_final_only_after_the_deadline(
    autojump_clock: trio.testing.MockClock,
) -> None:
    desk = Desk()
    desk.port.found = None
    async with living(desk.actor):
        desk.query(3.5)
        await trio.sleep(3.6)
        assert desk.answers.heard == []
        await trio.sleep(60)
    assert [answer.order for answer in desk.answers.heard] == [None]
    assert desk.port.calls["query"] == 5


async def test_a_question_that_is_being_asked_is_not_asked_twice(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """Execution asks again every few seconds; a venue that is down must not be flooded after."""
    desk = Desk()
    desk.fail("query", *[VenueError("503")] * 100)
    async with living(desk.actor):
        for _ in range(19):
            desk.query(17)
            await trio.sleep(5)
        assert 95 <= desk.port.calls["query"] <= 96
        await trio.sleep(10)
        assert [answer.client_order_id for answer in desk.answers.heard] == [id_of()]
        desk.query(17)  # answered before: this is a new question
        desk.query(17, number=2)
        await settle()
    assert [answer.client_order_id for answer in desk.answers.heard[1:]] == [id_of(), id_of(2)]
