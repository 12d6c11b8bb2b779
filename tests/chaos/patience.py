"""Waiting for what must come true in another process, within a deadline."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import trio

LOOK_INTERVAL_S = 0.1


async def eventually(
    is_true: Callable[[], Awaitable[bool]], what: Callable[[], str], *, within_s: float
) -> None:
    """Looks again and again; fails with `what()` when the time is over."""
    with trio.move_on_after(within_s):
        while True:
            if await is_true():
                return
            await trio.sleep(LOOK_INTERVAL_S)
    raise AssertionError(f"not within {within_s:g} s: {what()}")
