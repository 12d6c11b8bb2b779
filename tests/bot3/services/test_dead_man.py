"""The venue's dead-man's switch is armed while we trade, and let go only when nothing rests."""

from __future__ import annotations

import pytest
import trio

from bot3.domain.errors import VenueError
from bot3.messages.alerts import AlertKind
from bot3.messages.orders import DeadManChanged
from bot3.services.dead_man import DeadManActor, DeadManSwitch
from bot3.telemetry.alert_actor import AlertWatchActor, WatchedBoard
from bot3.telemetry.alerts import AlertNews, Alerts
from supervisors.cell import DecisionCell
from supervisors.clock import ManualClock
from supervisors.dispatch import RunQueue
from tests.bot3.listening import Ear
from tests.bot3.making import START_NS, VENUE
from tests.bot3.services.fake_ports import Stage, living


class Timer:
    """A venue's: it would fire at `due_s`. `fails` calls to come are not answered."""

    timeout_s = 30
    renewal_s = 10.0
    scope = "our entries"

    def __init__(self) -> None:
        self.due_s: float | None = None
        self.fails = 0
        self.answers_after_s = 0.0

    async def arm(self) -> None:
        await self._call()
        self.due_s = trio.current_time() + self.timeout_s

    async def disarm(self) -> None:
        await self._call()
        self.due_s = None

    async def _call(self) -> None:
        await trio.sleep(self.answers_after_s)
        if self.fails:
            self.fails -= 1
            raise VenueError("it is down")


def made(timer: Timer) -> tuple[DeadManSwitch, list[DeadManChanged], DeadManActor]:
    switch, told = DeadManSwitch(VENUE, timer), list[DeadManChanged]()
    return switch, told, DeadManActor(switch, told.append, ManualClock(START_NS))


async def test_it_never_comes_near_to_firing_while_we_live(autojump_clock: object) -> None:
    timer = Timer()
    _, told, actor = made(timer)
    async with living(actor):
        for _ in range(40):
            await trio.sleep(7)
            assert timer.due_s is not None
            assert timer.due_s - trio.current_time() >= 19
    assert [(each.is_armed, each.detail) for each in told] == [
        (True, "after 30 s without us the venue cancels our entries")
    ]
    assert timer.due_s is not None  # we ended without a word: that is what it is for


@pytest.mark.parametrize("fails", [0, 1])
async def test_an_orderly_end_lets_it_go_once(autojump_clock: object, fails: int) -> None:
    timer = Timer()
    switch, told, actor = made(timer)
    async with living(actor):
        timer.fails = fails
        with trio.fail_after(5):
            await switch.disarm()
        left_s = timer.due_s
        assert (left_s is None) is not fails
        await trio.sleep(100)
        assert timer.due_s == left_s
    assert told[-1].is_armed


async def test_that_it_is_not_armed_is_told_once_and_it_is_tried_again(
    autojump_clock: object,
) -> None:
    timer = Timer()
    timer.fails = 3
    _, told, actor = made(timer)
    async with living(actor):
        assert timer.due_s is None  # trading does not wait for it
        await trio.sleep(6)
        assert timer.due_s is None  # after one, two and four seconds
        await trio.sleep(2)
        assert timer.due_s is not None
    assert [(each.is_armed, each.is_overdue) for each in told] == [
        (False, False),
        (False, True),  # at the third try in a row
        (True, False),
    ]
    assert told[0].detail == told[1].detail == "it is down"


async def test_a_renewal_that_fails_once_or_twice_is_not_overdue(autojump_clock: object) -> None:
    timer = Timer()
    _, told, actor = made(timer)
    async with living(actor):
        timer.fails = 2
        await trio.sleep(20)
    assert not any(each.is_overdue for each in told)
    assert told[-1].is_armed


async def test_an_operator_is_told_that_it_cannot_be_armed_and_when_it_is_again(
    autojump_clock: object,
) -> None:
    """The whole way: actor, board, alerts, whoever posts them."""
    operator, timer, clock = Ear(), Timer(), ManualClock(START_NS)
    runs = RunQueue(clock)
    watch: DecisionCell[AlertNews] = DecisionCell("alert watch", runs)
    watch.start(lambda: AlertWatchActor(Alerts(300.0), operator))
    board = WatchedBoard(Ear(), watch)
    timer.fails = 3
    async with living(DeadManActor(DeadManSwitch(VENUE, timer), board.send, clock)):
        await trio.sleep(2)
        assert operator.heard == []  # two failures
        await trio.sleep(2)
        (unarmed,) = operator.heard
        assert (unarmed.kind, unarmed.subject) == (AlertKind.DEAD_MAN_UNARMED, VENUE)
        assert unarmed.text.endswith("it is down")
        await trio.sleep(5)
    assert [each.kind for each in operator.heard[1:]] == [AlertKind.DEAD_MAN_ARMED]


async def test_answers_that_do_not_come_are_overdue_when_the_venue_would_fire(
    autojump_clock: object,
) -> None:
    timer = Timer()
    timer.answers_after_s = 16.0
    timer.fails = 1_000
    _, told, actor = made(timer)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(actor.run, Stage())
        await trio.sleep(32)
        assert [each.is_overdue for each in told] == [False]
        await trio.sleep(2)
        assert [each.is_overdue for each in told] == [False, True]
        nursery.cancel_scope.cancel()
