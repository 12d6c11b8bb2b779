"""Every handle of the kill switch, on a process that trades: by the venue's own word nothing of
ours rests a second later, and nothing does after a kill and a restart."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import pytest
import trio

from bot3.services.control_file import read_control_file
from bot3.services.kill_switch import KillSwitch
from tests.chaos.journal import count_intents
from tests.chaos.patience import eventually
from tests.chaos.world import LOOK_PAUSE_S, World, open_world

pytestmark = pytest.mark.chaos

WITHIN_S = 1.0
LOOK_S = 0.2  # a question costs a 75th of a minute's due, which the bot draws on, too
QUIET_S = 5.0
# Orders rest until their target changes, so that every halt finds some.
PATIENT = {
    "BOT3__TELEMETRY__ENABLED": "true",
    "BOT3__EXECUTION__MAKER_PATIENCE_S": "300",
    "BOT3__EXECUTION__REPRICE_BPS": "500",
    "BOT3__EXECUTION__ORDER_LIFETIME_S": "60",
}
Handle = Callable[[World], Awaitable[None]]


async def command(world: World, name: str) -> None:
    """By HTTP, with the token; the answer comes once it is carried out."""
    control = read_control_file(world.bot.userdir)
    assert control is not None
    headers = {"authorization": f"Bearer {control.token}"}
    async with httpx.AsyncClient(trust_env=False, timeout=10.0) as client:
        reply = await client.post(f"{control.url}control/{name}", headers=headers)
    assert reply.status_code == 200, reply.text


async def by_token(world: World) -> None:
    await command(world, "halt")


async def by_file(world: World) -> None:
    """Whatever wrote it."""
    KillSwitch(world.bot.userdir).path.touch()


async def rests(world: World) -> None:
    async def does_rest() -> bool:
        await trio.sleep(LOOK_PAUSE_S)
        return bool(await world.venue.open_ids())

    await eventually(does_rest, world.bot.tail, within_s=60.0)


async def clears(world: World, halt: Handle) -> float:
    """Seconds from the command to an empty book of ours."""
    await rests(world)
    began_s = trio.current_time()
    await halt(world)
    while await world.venue.open_ids():
        await trio.sleep(LOOK_S)
        assert trio.current_time() < began_s + 10 * WITHIN_S, world.bot.tail()
    return trio.current_time() - began_s


async def test_every_handle_clears_the_venue_and_the_next_process_stays_halted(
    tmp_path: Path, seed: int
) -> None:
    async with open_world(tmp_path, seed, **PATIENT) as world:
        await world.bot.start()
        by_token_s = await clears(world, by_token)
        await command(world, "resume")
        by_file_s = await clears(world, by_file)
        intents = count_intents(world.bot.userdir)
        await world.bot.kill()
        await world.bot.start()
        await trio.sleep(QUIET_S)
        assert await world.venue.open_ids() == set()
        assert count_intents(world.bot.userdir) == intents
        assert max(by_token_s, by_file_s) < WITHIN_S, (by_token_s, by_file_s)
        print(f"cleared {by_token_s:.2f} s after the token, {by_file_s:.2f} s after the file")
        await command(world, "resume")
        await rests(world)
        await world.closed()
