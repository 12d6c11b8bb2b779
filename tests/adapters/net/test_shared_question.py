"""A question asked once for all who have it at the same moment."""

from __future__ import annotations

import trio

from adapters.net.shared_question import SharedQuestion
from bot3.domain.errors import VenueError


class Venue:
    """Takes a second; `is_down` until told."""

    def __init__(self) -> None:
        self.asked = 0
        self.is_down = False

    async def answer(self) -> None:
        self.asked += 1
        await trio.sleep(1)
        if self.is_down:
            raise VenueError("down")


async def test_all_who_ask_meanwhile_share_the_answer(autojump_clock: object) -> None:
    venue = Venue()
    question = SharedQuestion(venue.answer)
    async with trio.open_nursery() as nursery:
        for _ in range(5):
            nursery.start_soon(question.answered)
    assert (venue.asked, trio.current_time()) == (1, 1.0)
    await question.answered()
    assert venue.asked == 2


async def test_a_failure_is_everybodys_and_the_next_asks_again(autojump_clock: object) -> None:
    venue, failed = Venue(), list[str]()
    venue.is_down = True
    question = SharedQuestion(venue.answer)

    async def ask() -> None:
        try:
            await question.answered()
        except VenueError as error:
            failed.append(str(error))

    async with trio.open_nursery() as nursery:
        for _ in range(3):
            nursery.start_soon(ask)
    assert (failed, venue.asked) == (["down"] * 3, 1)
    venue.is_down = False
    await question.answered()
    assert venue.asked == 2


async def test_who_waits_for_one_that_is_cancelled_asks_itself(autojump_clock: object) -> None:
    venue = Venue()
    question = SharedQuestion(venue.answer)

    async def impatient() -> None:
        with trio.move_on_after(0.5):
            await question.answered()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(impatient)
        await trio.sleep(0.1)
        for _ in range(2):
            nursery.start_soon(question.answered)
    assert (venue.asked, trio.current_time()) == (2, 1.5)
