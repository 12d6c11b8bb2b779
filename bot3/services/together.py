"""Several questions to one venue at once: a start waits for the slowest, not for their sum."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import trio

from bot3.domain.errors import Bot3Error

_T = TypeVar("_T")


async def together(questions: Sequence[Callable[[], Awaitable[_T]]]) -> list[_T]:
    """The answers in the order of the questions; raises the first one's error, when all ended."""
    answers: dict[int, _T] = {}
    errors: dict[int, Bot3Error] = {}

    async def ask(number: int, question: Callable[[], Awaitable[_T]]) -> None:
        try:
            answers[number] = await question()
        except Bot3Error as error:
            errors[number] = error

    async with trio.open_nursery() as nursery:
        for number, question in enumerate(questions):
            nursery.start_soon(ask, number, question)
    if errors:
        raise errors[min(errors)]
    return [answers[number] for number in range(len(questions))]
