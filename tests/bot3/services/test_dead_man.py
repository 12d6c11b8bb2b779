"""The venue's dead-man's switch is armed while we trade, and let go only when nothing rests."""

from __future__ import annotations

import pytest
import trio

from bot3.domain.errors import VenueError
from bot3.messages.orders import DeadManChanged
from bot3.services.dead_man import DeadManActor, DeadManSwitch
from supervisors.clock import ManualClock
from tests.bot3.making import START_NS, VENUE
from tests.bot3.services.fake_ports import living


class Timer:
    """A venue's: it would fire at `due_s`. `fails` calls to come are not answered."""

    timeout_s = 30
    renewal_s = 10.0
    scope = "our entries"

    def __init__(self) -> None:
        self.due_s: float | None = None
        self.fails = 0

    async def arm(self) -> None:
        await self._call()
        self.due_s = trio.current_time() + self.timeout_s

    async def disarm(self) -> None:
        await self._call()
        self.due_s = None

    async def _call(self) -> None:
        await trio.lowlevel.checkpoint()
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
    assert [each.is_armed for each in told] == [False, True]
    assert told[0].detail == "it is down"
