"""A whole engine over loopback sockets against a simulated exchange that outlives it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import trio
from attrs import define, frozen

from adapters.net.network import SocketNetwork
from adapters.simulated.embedded import EmbeddedExchange
from bot3.actors.memory import Memory
from bot3.app.config import load_config
from bot3.app.embedded import make_exchange
from bot3.app.run import make_engine, new_run_id, recovered
from bot3.app.settings import Config
from bot3.app.tree import TradingEngine
from bot3.app.venues import EmbeddedVenue, Surroundings, build_venues
from bot3.domain.values import Asset
from bot3.messages.control import SessionStarted
from bot3.messages.journal import JournalEntry
from supervisors.clock import SystemClock
from supervisors.entropy import Entropy
from supervisors.observe import Observer
from supervisors.tree import TreeHandle, run_tree

KEYS = ("enginebench0", "engine-bench-secret")
PATIENCE_S = 60.0
LOOK_S = 0.02


@frozen
class Market:
    """The exchange, and how to reach it."""

    exchange: EmbeddedExchange
    venue: EmbeddedVenue
    config: Config

    def held(self, asset: str) -> Decimal:
        """The exchange's own word on our total of an asset."""
        accounts, mine = self.exchange.exchange.accounts, self.exchange.account_id
        balance = accounts.balance(mine, Asset(asset))
        return balance.free + balance.held


@define
class Running:
    """An engine that trades."""

    engine: TradingEngine
    tree: TreeHandle

    async def until(self, condition: Callable[[], bool]) -> None:
        """Looks until it holds; fails the test when it never does."""
        with trio.fail_after(PATIENCE_S):
            while not condition():  # noqa: ASYNC110  (real time: nobody sets an event for us)
                await trio.sleep(LOOK_S)


@asynccontextmanager
async def open_market(seed: int) -> AsyncIterator[Market]:
    """An exchange of the default world, served until the block ends."""
    config = load_config(None, {}, {"system.seed": seed}).config
    network = SocketNetwork()
    exchange = make_exchange(config, SystemClock(), Entropy(seed), KEYS)
    async with await network.listen("127.0.0.1", 0) as listener, trio.open_nursery() as nursery:
        ready = trio.Event()
        run = lambda: exchange.run(listener, ready=ready.set)  # noqa: E731
        nursery.start_soon(run)
        await ready.wait()
        port = listener.socket.getsockname()[1]
        yield Market(exchange, EmbeddedVenue("127.0.0.1", port, *KEYS), config)
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def open_engine(market: Market, journal: Path) -> AsyncIterator[Running]:
    """An engine on that exchange, recovered from its journal; stopped in order at the end."""
    clock, entropy = SystemClock(), Entropy(1)
    around = Surroundings(SocketNetwork(), clock, entropy, {})
    access = build_venues(market.config, market.venue, around)
    (account,) = (each.venue.account for each in access.values())
    memory = Memory(recovered(journal, account), bars_kept=300)
    run = new_run_id(clock.now_ns())
    engine = make_engine(market.config, run, memory, clock, access, journal, None)
    engine.core.journal.send(
        JournalEntry(SessionStarted(run, account, "test", "simulated", clock.now_ns()))
    )
    async with trio.open_nursery() as nursery:
        start = lambda task_status: run_tree(  # noqa: E731
            engine.tree(),
            runs=engine.runs,
            clock=clock,
            dice=entropy.dice("tree"),
            observer=Observer(clock),
            task_status=task_status,
        )
        tree = await nursery.start(lambda *, task_status: start(task_status))
        try:
            yield Running(engine, tree)
        finally:
            tree.stop()
