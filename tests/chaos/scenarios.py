"""What is done to the bot: each takes a world and hurts it; judging comes after.

Waits are short against the venue's margins, except where a time-out itself is what is played with.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

import trio
from attrs import frozen

from tests.chaos.restless import CLOCK_FILE, OFFSET_BYTES
from tests.chaos.world import World

# The venue's receive window and the bot's request time-out are 2 s here (fast.toml); the venue
# drops a client whose pong is missing for 60 s, the bot a silent market stream after 30 s.
PAST_THE_WINDOW_S = 3.0
PAST_THE_PONG_S = 85.0
# An unchanged bot decides when its market gives it reason to.
ANY_MARKET_S = 240.0


async def killed_again_and_again(world: World, *, times: int) -> None:
    """kill -9 at random moments; every second life ends during its start-up."""
    for life in range(times):
        await world.bot.start()
        if life % 2:
            await trio.sleep(world.dice.uniform(0.0, 4.0))
        else:
            await world.bot.decides(world.dice.randint(2, 5))
            await trio.sleep(world.dice.uniform(0.0, 1.0))
        await world.bot.kill()
    await world.bot.start()
    await world.bot.decides(2)


async def reset_at_random(world: World, *, duration_s: float) -> None:
    """Every link of the bot may be reset at any time, with a request on it or not."""
    await world.bot.start()
    await world.bot.decides(2)
    with trio.move_on_after(duration_s):
        while True:
            await trio.sleep(world.dice.uniform(0.05, 1.5))
            world.proxy.reset(lambda: world.dice.random() < 0.6)
    await world.bot.decides(2)


async def frozen_again_and_again(world: World, *, times: int, at_least_s: float) -> None:
    """SIGSTOP, SIGCONT: what was signed before is too old for the venue after."""
    await world.bot.start()
    await world.bot.decides(2)
    for _ in range(times):
        await trio.sleep(world.dice.uniform(0.0, 2.0))
        world.bot.send(signal.SIGSTOP)
        await trio.sleep(at_least_s * world.dice.uniform(1.0, 1.3))
        world.bot.send(signal.SIGCONT)
        await world.bot.decides(1)


async def half_open(world: World) -> None:
    """Bytes vanish in both directions and nobody is told; later new links work, old ones never."""
    await world.bot.start()
    await world.bot.decides(2)
    await trio.sleep(world.dice.uniform(0.0, 1.0))
    world.proxy.silence()
    await trio.sleep(world.dice.uniform(4.0, 12.0))
    world.proxy.heal()
    await world.bot.decides(2)


async def slow_consumer(world: World, *, bytes_per_s: float, duration_s: float) -> None:
    """The link brings a trickle, and the process itself runs a third of the time."""
    await world.bot.start()
    await world.bot.decides(2)
    world.proxy.bytes_per_s = bytes_per_s
    with trio.move_on_after(duration_s / 2):
        await trio.sleep_forever()
    world.proxy.heal()
    with trio.move_on_after(duration_s / 2):
        while True:
            world.bot.send(signal.SIGSTOP)
            await trio.sleep(world.dice.uniform(0.3, 1.0))
            world.bot.send(signal.SIGCONT)
            await trio.sleep(world.dice.uniform(0.1, 0.4))
    world.bot.send(signal.SIGCONT)
    await world.bot.decides(2)


@contextmanager
def filled(directory: Path) -> Iterator[None]:
    """Not a byte is left on this file system."""
    filler = directory / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4_096))
    try:
        yield
    finally:
        filler.unlink()


async def disk_full(
    world: World, full: Callable[[], AbstractContextManager[None]], *, for_s: float
) -> None:
    """Nothing can be written while `full` holds; then there is room again."""
    await world.bot.start()
    await world.bot.decides(2)
    await trio.sleep(world.dice.uniform(0.0, 1.0))
    with full():
        await trio.sleep(for_s)
    await world.bot.revive()
    await world.bot.decides(2)


@frozen
class SteppedClock:
    """The file by which a bot's wall clock is off."""

    path: Path

    def __attrs_post_init__(self) -> None:
        self.step_to(0.0)

    @property
    def environ(self) -> dict[str, str]:
        return {CLOCK_FILE: str(self.path)}

    def step_to(self, offset_s: float) -> None:
        """In place: the process has the file mapped."""
        offset = round(offset_s * 1e9).to_bytes(OFFSET_BYTES, "little", signed=True)
        mode = "r+b" if self.path.exists() else "wb"
        with self.path.open(mode) as file:
            file.write(offset)


async def clock_stepped(world: World, clock: SteppedClock, step_s: float) -> None:
    """The wall clock jumps and stays there for a while; then it jumps back."""
    await world.bot.start()
    await world.bot.decides(3)
    for offset_s in (step_s, 0.0):
        await trio.sleep(world.dice.uniform(0.0, 1.0))
        clock.step_to(offset_s)
        await world.bot.decides(3)


async def killed_between_clocks(world: World, clock: SteppedClock, step_s: float) -> None:
    """The first life's clock is off by `step_s`, the second's is right, the third's off again."""
    for offset_s in (step_s, 0.0, step_s):
        clock.step_to(offset_s)
        await world.bot.start()
        await world.bot.decides(3)
        await trio.sleep(world.dice.uniform(0.0, 1.0))
        await world.bot.kill()
        await trio.sleep(world.dice.uniform(0.0, 3.0))
    await world.bot.start()
    await world.bot.decides(3)
