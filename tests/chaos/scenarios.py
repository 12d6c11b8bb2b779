"""What is done to the bot: each takes a world and hurts it; judging comes after."""

from __future__ import annotations

import trio

from tests.chaos.world import World


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
