"""The machine's calendar is stepped under a bot, and between two of its lives."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos import scenarios
from tests.chaos.scenarios import SteppedClock
from tests.chaos.world import AGREEMENT_S, open_world

pytestmark = pytest.mark.chaos


@pytest.mark.parametrize("step_s", [-400.0, 400.0])
async def test_books_agree_after_a_step_of_the_clock(
    tmp_path: Path, seed: int, step_s: float
) -> None:
    clock = SteppedClock(tmp_path / "clock")
    async with open_world(tmp_path, seed, **clock.environ) as world:
        await scenarios.clock_stepped(world, clock, step_s)
        await world.agreed()
        ours = await world.closed()
        assert ours.fills, "nothing was traded: this run shows nothing"


@pytest.mark.parametrize("step_s", [-60.0, 60.0])
async def test_books_agree_where_the_next_life_has_another_clock(
    tmp_path: Path, seed: int, step_s: float
) -> None:
    clock = SteppedClock(tmp_path / "clock")
    async with open_world(tmp_path, seed, **clock.environ) as world:
        await scenarios.killed_between_clocks(world, clock, step_s)
        # "Not found" counts only by an order's own deadline, which may be a step ahead.
        await world.agreed(within_s=AGREEMENT_S + abs(step_s))
        ours = await world.closed()
        assert ours.fills, "nothing was traded: this run shows nothing"
