"""A whole engine over loopback sockets against a simulated exchange that outlives it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from functools import partial
from pathlib import Path

import trio
from attrs import Factory, define, evolve, frozen

from adapters.net.network import SocketNetwork
from adapters.simulated.embedded import EmbeddedExchange
from bot3.actors.memory import Memory
from bot3.app.beside import Beside
from bot3.app.config import load_config
from bot3.app.embedded import make_exchange
from bot3.app.engine import make_engine, recovered
from bot3.app.run import new_run_id
from bot3.app.settings import Config
from bot3.app.tree import TradingEngine
from bot3.app.venues import EmbeddedVenue, Surroundings, VenueAccess, build_venues, closing
from bot3.domain.values import Asset, VenueName
from bot3.messages.control import SessionStarted
from bot3.messages.journal import JournalEntry
from bot3.ports.venue import VenuePort
from bot3.services.storage import FileDisk
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
    scopes: list[trio.CancelScope] = Factory(list)

    def held(self, asset: str) -> Decimal:
        """The exchange's own word on our total of an asset."""
        accounts, mine = self.exchange.exchange.accounts, self.exchange.account_id
        return accounts.free(mine, Asset(asset)) + accounts.held(mine, Asset(asset))

    async def serve(self, *, task_status: trio.TaskStatus[None]) -> None:
        """Until its scope is cancelled, which drops every connection."""
        network = SocketNetwork()
        with trio.CancelScope() as scope:
            self.scopes.append(scope)
            async with await network.listen(self.venue.host, self.venue.port) as listener:
                await self.exchange.run(listener, ready=task_status.started)

    def connections_end(self) -> None:
        """The venue is gone."""
        self.scopes.pop().cancel()


@define
class Running:
    """An engine that trades."""

    engine: TradingEngine
    tree: TreeHandle
    access: dict[VenueName, VenueAccess]

    async def until(self, condition: Callable[[], bool]) -> None:
        """Looks until it holds; fails the test when it never does."""
        with trio.fail_after(PATIENCE_S):
            while not condition():  # noqa: ASYNC110  (real time: nobody sets an event for us)
                await trio.sleep(LOOK_S)


@asynccontextmanager
async def open_market(seed: int, **changes: object) -> AsyncIterator[tuple[Market, trio.Nursery]]:
    """An exchange of the default world, served until the block ends, and a nursery beside it."""
    overrides = {name.replace("__", "."): value for name, value in changes.items()}
    keys = {"exchanges.active": ["binance"], "system.seed": seed, **overrides}
    config = load_config(None, {}, keys).config
    exchange = make_exchange(config, SystemClock(), Entropy(seed), KEYS)
    async with await SocketNetwork().listen("127.0.0.1", 0) as listener:
        port = listener.socket.getsockname()[1]
    market = Market(exchange, EmbeddedVenue("127.0.0.1", port, *KEYS), config)
    async with trio.open_nursery() as nursery:
        await nursery.start(market.serve)
        yield market, nursery
        nursery.cancel_scope.cancel()


def as_it_is(venue: VenuePort) -> VenuePort:
    return venue


@asynccontextmanager
async def open_engine(
    market: Market,
    journal: Path,
    through: Callable[[VenuePort], VenuePort] = as_it_is,
    beside: Beside | None = None,
) -> AsyncIterator[Running]:
    """An engine on that exchange, recovered from its journal; stopped in order at the end.

    `through` may put something between order entry and the venue.
    """
    clock, entropy = SystemClock(), Entropy(1)
    around = Surroundings(SocketNetwork(), clock, entropy, {})
    built = build_venues(market.config, {VenueName("binance"): market.venue}, around)
    access = {name: evolve(each, venue=through(each.venue)) for name, each in built.items()}
    (account,) = (each.venue.account for each in access.values())
    disk = FileDisk(journal)
    memory = Memory(recovered(disk, account), bars_kept=300)
    run = new_run_id(clock.now_ns())
    engine = make_engine(market.config, run, memory, clock, access, disk, (), beside=beside)
    engine.core.journal.send(
        JournalEntry(SessionStarted(run, account, "test", "simulated", clock.now_ns()))
    )
    observer = Observer(clock)
    observer.subscribe(engine.hear)
    async with closing(access), trio.open_nursery() as nursery:
        start = partial(
            run_tree,
            engine.tree(),
            runs=engine.runs,
            clock=clock,
            dice=entropy.dice("tree"),
            observer=observer,
        )
        tree: TreeHandle = await nursery.start(start)
        try:
            yield Running(engine, tree, access)
        finally:
            tree.stop()
