"""A later moment as a task of a nursery: the timer of a venue whose clock is trio's."""

from __future__ import annotations

from collections.abc import Callable

import trio

from adapters.simulated.faults import CallLater


def later_in(nursery: trio.Nursery) -> CallLater:
    """`call_later(delay_s, run)`; what is not due when the nursery ends never runs."""

    def call_later(delay_s: float, run: Callable[[], None]) -> None:
        nursery.start_soon(_run_after, delay_s, run)

    return call_later


async def _run_after(delay_s: float, run: Callable[[], None]) -> None:
    await trio.sleep(delay_s)
    run()
