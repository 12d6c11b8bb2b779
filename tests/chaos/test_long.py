"""Everything else that can happen to a process, each scenario with its seed: `make chaos`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos import scenarios
from tests.chaos.scenarios import PAST_THE_PONG_S, PAST_THE_WINDOW_S, SteppedClock
from tests.chaos.world import AGREEMENT_S, open_world

pytestmark = pytest.mark.chaos


async def test_an_orderly_stop_of_an_unchanged_bot_leaves_nothing(
    tmp_path: Path, seed: int
) -> None:
    async with open_world(tmp_path, seed, module="bot3") as world:
        await world.bot.start()
        await world.bot.decides(3, within_s=120.0)
        await world.closed()


async def test_books_agree_after_many_kills(tmp_path: Path, seed: int) -> None:
    async with open_world(tmp_path, seed) as world:
        await scenarios.killed_again_and_again(world, times=7)
        await world.agreed()
        await world.closed()


async def test_books_agree_after_many_resets(tmp_path: Path, seed: int) -> None:
    async with open_world(tmp_path, seed) as world:
        await scenarios.reset_at_random(world, duration_s=25.0)
        await world.agreed()
        await world.closed()


async def test_books_agree_after_freezes_past_the_receive_window(tmp_path: Path, seed: int) -> None:
    async with open_world(tmp_path, seed) as world:
        await scenarios.frozen_again_and_again(world, times=4, at_least_s=PAST_THE_WINDOW_S)
        await world.agreed()
        await world.closed()


async def test_books_agree_after_a_freeze_past_the_venues_patience(
    tmp_path: Path, seed: int
) -> None:
    async with open_world(tmp_path, seed) as world:
        await scenarios.frozen_again_and_again(world, times=1, at_least_s=PAST_THE_PONG_S)
        await world.agreed()
        await world.closed()


async def test_books_agree_after_links_that_went_silent(tmp_path: Path, seed: int) -> None:
    async with open_world(tmp_path, seed) as world:
        await scenarios.half_open(world)
        await world.agreed()
        await world.closed()


async def test_books_agree_after_slow_reading(tmp_path: Path, seed: int) -> None:
    async with open_world(tmp_path, seed) as world:
        await scenarios.slow_consumer(world, bytes_per_s=4_000, duration_s=40.0)
        await world.agreed()
        await world.closed()


@pytest.mark.parametrize("for_s", [3.0, 20.0])
async def test_books_agree_after_a_full_disk(tmp_path: Path, seed: int, for_s: float) -> None:
    async with open_world(tmp_path, seed) as world:
        await scenarios.disk_full(world, for_s=for_s)
        await world.agreed()
        await world.closed()


@pytest.mark.parametrize("step_s", [-400.0, -2.0, 1.5, 400.0])
async def test_books_agree_after_a_step_of_the_clock(
    tmp_path: Path, seed: int, step_s: float
) -> None:
    clock = SteppedClock(tmp_path / "clock")
    async with open_world(tmp_path, seed, **clock.environ) as world:
        await scenarios.clock_stepped(world, clock, step_s)
        await world.agreed()
        await world.closed()


@pytest.mark.parametrize("step_s", [-60.0, 60.0])
async def test_books_agree_where_the_next_life_has_another_clock(
    tmp_path: Path, seed: int, step_s: float
) -> None:
    clock = SteppedClock(tmp_path / "clock")
    async with open_world(tmp_path, seed, **clock.environ) as world:
        await scenarios.killed_between_clocks(world, clock, step_s)
        await world.agreed(within_s=abs(step_s) + AGREEMENT_S)
        await world.closed()
