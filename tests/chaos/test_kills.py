"""kill -9 at random moments of life and of start-up; and, to compare with, an orderly stop."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos import scenarios
from tests.chaos.world import open_world

pytestmark = pytest.mark.chaos


async def test_an_orderly_stop_of_an_unchanged_bot_leaves_nothing(
    tmp_path: Path, seed: int
) -> None:
    async with open_world(tmp_path, seed, module="bot3") as world:
        await world.bot.start()
        await world.bot.decides(3, within_s=scenarios.ANY_MARKET_S)
        ours = await world.closed()
        assert ours.fills, "nothing was traded: this run shows nothing"


async def test_books_agree_after_many_kills(tmp_path: Path, seed: int) -> None:
    async with open_world(tmp_path, seed) as world:
        await scenarios.killed_again_and_again(world, times=7)
        await world.agreed()
        ours = await world.closed()
        assert ours.fills, "nothing was traded: this run shows nothing"
