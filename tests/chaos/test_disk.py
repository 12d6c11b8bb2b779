"""The disk is full for a moment, or for long; then there is room again."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos import scenarios
from tests.chaos.world import open_world

pytestmark = pytest.mark.chaos


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of eight megabytes, where this user may mount one."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(tmp_path)]
    try:
        done = subprocess.run(mount, capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no mount command")
    if done.returncode:
        pytest.skip("mounting is not permitted")
    yield tmp_path
    subprocess.run(["umount", "--lazy", str(tmp_path)], check=True)


async def test_a_moment_without_room_costs_the_journal_a_restart(tmp_path: Path, seed: int) -> None:
    async with open_world(tmp_path, seed) as world:
        await scenarios.disk_full(world, world.bot.without_room, for_s=2.0)
        assert world.bot.codes == [], "the process lived on"
        await world.agreed()
        ours = await world.closed()
        assert ours.fills, "nothing was traded: this run shows nothing"


async def test_a_disk_that_stays_full_ends_the_process_and_books_agree(
    tmp_path: Path, seed: int
) -> None:
    async with open_world(tmp_path, seed) as world:
        await scenarios.disk_full(world, world.bot.without_room, for_s=25.0)
        assert world.bot.codes == [1], "it gave up in order"
        await world.agreed()
        ours = await world.closed()
        assert ours.fills, "nothing was traded: this run shows nothing"


@pytest.mark.parametrize("for_s", [2.0, 25.0])
async def test_books_agree_after_a_full_file_system(
    small_disk: Path, seed: int, for_s: float
) -> None:
    async with open_world(small_disk, seed) as world:
        await scenarios.disk_full(world, lambda: scenarios.filled(small_disk), for_s=for_s)
        await world.agreed()
        ours = await world.closed()
        assert ours.fills, "nothing was traded: this run shows nothing"
