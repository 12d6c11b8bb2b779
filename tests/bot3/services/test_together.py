"""Several questions at once: the slowest decides how long, the first error what is told."""

from __future__ import annotations

from functools import partial

import pytest
import trio

from bot3.domain.errors import VenueError
from bot3.services.together import together


async def answer(after_s: float, text: str) -> str:
    await trio.sleep(after_s)
    if text.startswith("no"):
        raise VenueError(text)
    return text


async def test_answers_come_in_the_order_of_the_questions_after_the_slowest(
    autojump_clock: object,
) -> None:
    began_s = trio.current_time()
    asked = [partial(answer, seconds, text) for seconds, text in ((3.0, "a"), (1.0, "b"))]
    assert await together(asked) == ["a", "b"]
    assert trio.current_time() - began_s == pytest.approx(3.0)


async def test_an_error_is_told_when_all_have_ended(autojump_clock: object) -> None:
    began_s = trio.current_time()
    asked = [partial(answer, seconds, text) for seconds, text in ((5.0, "no 1"), (1.0, "no 2"))]
    with pytest.raises(VenueError, match="no 1"):
        await together(asked)
    assert trio.current_time() - began_s == pytest.approx(5.0)
