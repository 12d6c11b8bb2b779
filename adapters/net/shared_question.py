"""A question that many may have at the same moment, and that is asked once for all of them.

Invariant: it is asked by one at a time; whoever comes meanwhile gets that one's answer or failure,
and asks for itself only where that one was cancelled before there was either.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import final

from bot3.domain.errors import VenueError
from supervisors.request import Reply


@final
class SharedQuestion:
    """`ask` keeps the answer itself; the `VenueError` that it raises is everybody's."""

    def __init__(self, ask: Callable[[], Awaitable[None]]) -> None:
        self._ask = ask
        self._asked: Reply[bool] | None = None

    async def answered(self) -> None:
        """Returns when it is answered; raises `VenueError`."""
        while self._asked is not None:
            if await self._asked.wait():
                return
        asked = self._asked = Reply()
        try:
            await self._ask()
        except VenueError as error:
            asked.fail(error)
            raise
        else:
            asked.answer(True)
        finally:
            self._asked = None
            asked.answer(False)  # given up, where it is still open
