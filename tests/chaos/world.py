"""A venue, a bot and the link between them: processes of their own, in one directory."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import trio
from attrs import define

from tests.chaos.books import OurBooks
from tests.chaos.bot_process import Bot
from tests.chaos.judge import differences
from tests.chaos.patience import eventually
from tests.chaos.proxy import Proxy
from tests.chaos.venue_process import FUNDING, VenueProcess

# "Not found" counts only so long after an order's deadline; then a question, and its answer.
AGREEMENT_S = 60.0
# The venue counts our questions and the bot's together: all books are a fortieth of a minute's due.
LOOK_PAUSE_S = 1.5
RESTLESS = "tests.chaos.restless"


@define
class World:
    """What a scenario plays with. `dice` are the scenario's own."""

    venue: VenueProcess
    proxy: Proxy
    bot: Bot
    dice: random.Random

    async def agreed(self, *, within_s: float = AGREEMENT_S) -> None:
        """Calms a restless bot; returns once nothing is on its way and both sides' books agree."""
        self.bot.calm_file.touch()
        found: list[str] = []

        async def do_agree() -> bool:
            await self.bot.revive()
            await trio.sleep(LOOK_PAUSE_S)
            ours = self.bot.books()
            found[:] = [str(each) for each in ours.orders.values() if each.fate == "unknown"]
            if found:
                return False
            theirs = await self.venue.books()
            if self.bot.books().sequence != ours.sequence:
                found[:] = ["something happened while we looked"]
                return False
            found[:] = differences(ours, theirs, FUNDING)
            return not found

        await eventually(do_agree, lambda: "\n".join([*found, self.bot.tail()]), within_s=within_s)

    async def closed(self) -> OurBooks:
        """Stops the bot in order: nothing rests then, and the last page of both books agrees.

        Returns ours; whether they hold enough to show anything is the scenario's to say.
        """
        code = await self.bot.stop()
        assert code == 0, self.bot.tail()
        ours, theirs = self.bot.books(), await self.venue.books()
        found = differences(ours, theirs, FUNDING)
        assert not found, "\n".join(found)
        rests = [order for order in theirs.orders if order.fate == "open"]
        assert not rests, f"an orderly stop left {rests}"
        assert ours.kinds["SessionEnded"], "the journal was not flushed to its end"
        return ours


@asynccontextmanager
async def open_world(
    directory: Path, seed: int, *, module: str = RESTLESS, **environ: str
) -> AsyncIterator[World]:
    """The venue serves and the link is open; the bot is not started. `directory` is there."""
    venue = await VenueProcess.start(directory, seed)
    bot: Bot | None = None
    try:
        async with trio.open_nursery() as nursery:
            proxy = Proxy(venue.port)
            await nursery.start(proxy.serve)
            keys = {"BOT3_BINANCE_KEY": venue.api_key, "BOT3_BINANCE_SECRET": venue.api_secret}
            bot = Bot(
                directory, proxy.port, {**keys, "BOT3__SYSTEM__SEED": str(seed), **environ}, module
            )
            yield World(venue, proxy, bot, random.Random(seed))
            nursery.cancel_scope.cancel()
    finally:
        with trio.CancelScope(shield=True):
            if bot is not None and bot.process is not None:
                await bot.kill()
            code = await venue.stop()
    assert code == 0, (directory / "venue.log").read_text()
