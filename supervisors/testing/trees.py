"""A tree that runs for the length of a `with` block."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import trio

from supervisors.dispatch import RunQueue
from supervisors.entropy import Dice, Entropy
from supervisors.observe import Observer
from supervisors.registry import Registry
from supervisors.spec import SupervisorSpec
from supervisors.tree import TreeHandle, run_tree


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
