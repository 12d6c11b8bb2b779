"""Tools for tests of actors: a clock on Trio's time, crashes on demand, a tree in a `with` block.

Invariant: nothing here waits in real time; under `trio.testing.MockClock` all of it is virtual.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, TypeVar, final

import trio

from supervisors.cell import DecisionCell
from supervisors.dispatch import RunQueue
from supervisors.entropy import Dice, Entropy
from supervisors.observe import Observer
from supervisors.registry import Registry
from supervisors.spec import SupervisorSpec
from supervisors.tree import TreeHandle, run_tree

M = TypeVar("M")


@final
class TrioClock:
    """Trio's time as a `Clock`: with a `MockClock` it is virtual.

    `epoch_ns` is the calendar's time at Trio's zero, which only a mock clock has at its start.
    """

    def __init__(self, epoch_ns: int = 0) -> None:
        self._epoch_ns = epoch_ns

    def now_ns(self) -> int:
        return self._epoch_ns + self.monotonic_ns()

    def monotonic_ns(self) -> int:
        return round(trio.current_time() * 1e9)


def crash(cell: DecisionCell[Any], error: Exception) -> None:
    """The actor dies of `error` now, between two messages; none is lost. Down already: nothing."""
    cell.kill(error)


def crash_on_next_message(cell: DecisionCell[M], error: Exception) -> None:
    """The next message this incarnation handles kills it with `error` and is a dead letter."""

    def die(_message: M) -> None:
        raise error

    if cell.handler is not None:
        cell.handler = die


@asynccontextmanager
async def running_tree(
    spec: SupervisorSpec,
    runs: RunQueue,
    *,
    dice: Dice | None = None,
    observer: Observer | None = None,
    registry: Registry | None = None,
) -> AsyncIterator[TreeHandle]:
    """The tree runs within the block and is stopped in order at its end."""
    run: Callable[..., Any] = partial(
        run_tree,
        spec,
        runs=runs,
        clock=runs.clock,
        dice=dice or Entropy(0).dice("back-off"),
        observer=observer or Observer(runs.clock),
        registry=registry,
    )
    async with trio.open_nursery() as nursery:
        handle = await nursery.start(run)
        try:
            yield handle
        finally:
            handle.stop()
