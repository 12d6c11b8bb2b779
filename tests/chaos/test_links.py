"""Links that are reset, that fall silent, that trickle; a bot that reads slowly."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos import scenarios
from tests.chaos.world import open_world

pytestmark = pytest.mark.chaos


async def test_books_agree_after_many_resets(tmp_path: Path, seed: int) -> None:
    async with open_world(tmp_path, seed) as world:
        await scenarios.reset_at_random(world, duration_s=25.0)
        await world.agreed()
        ours = await world.closed()
        assert ours.fills, "nothing was traded: this run shows nothing"


async def test_books_agree_after_links_that_went_silent(tmp_path: Path, seed: int) -> None:
    async with open_world(tmp_path, seed) as world:
        await scenarios.half_open(world)
        await world.agreed()
        ours = await world.closed()
        assert ours.fills, "nothing was traded: this run shows nothing"


async def test_books_agree_after_slow_reading(tmp_path: Path, seed: int) -> None:
    async with open_world(tmp_path, seed) as world:
        await scenarios.slow_consumer(world, bytes_per_s=4_000, duration_s=40.0)
        await world.agreed()
        ours = await world.closed()
        assert ours.fills, "nothing was traded: this run shows nothing"
