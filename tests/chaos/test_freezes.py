"""SIGSTOP for longer than somebody waits, then SIGCONT."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos import scenarios
from tests.chaos.world import open_world

pytestmark = pytest.mark.chaos


@pytest.mark.parametrize(
    ("times", "at_least_s"),
    [(4, scenarios.PAST_THE_WINDOW_S), (1, scenarios.PAST_THE_PONG_S)],
)
async def test_books_agree_after_freezes(
    tmp_path: Path, seed: int, times: int, at_least_s: float
) -> None:
    async with open_world(tmp_path, seed) as world:
        await scenarios.frozen_again_and_again(world, times=times, at_least_s=at_least_s)
        await world.agreed()
        ours = await world.closed()
        assert ours.fills, "nothing was traded: this run shows nothing"
