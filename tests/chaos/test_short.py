"""The shortest of chaos, in every test run: killed processes and broken links, side by side."""

from __future__ import annotations

import pytest
import trio

from tests.chaos.scenarios import killed_again_and_again, reset_at_random
from tests.chaos.world import open_world


async def test_books_agree_after_kills_and_after_resets(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    async def kills() -> None:
        async with open_world(tmp_path_factory.mktemp("kills"), seed) as world:
            await killed_again_and_again(world, times=2)
            await world.agreed()
            ours = await world.closed()
            assert ours.fills, "nothing was traded: this run shows nothing"

    async def resets() -> None:
        async with open_world(tmp_path_factory.mktemp("resets"), seed + 1) as world:
            await reset_at_random(world, duration_s=8.0)
            await world.agreed()
            ours = await world.closed()
            assert ours.fills, "nothing was traded: this run shows nothing"

    async with trio.open_nursery() as nursery:
        nursery.start_soon(kills)
        nursery.start_soon(resets)
