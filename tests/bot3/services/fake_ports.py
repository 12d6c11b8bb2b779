"""A feed and a venue in memory that say what a test tells them to, and a stage for edge actors."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Generic, TypeVar

import trio

from bot3.domain.account import Balance
from bot3.domain.approval import ApprovedOrder
from bot3.domain.bar import Bar
from bot3.domain.errors import VenueError
from bot3.domain.fill import Fill
from bot3.domain.ids import ClientOrderId
from bot3.domain.instrument import Instrument
from bot3.domain.values import InstrumentId, Symbol, VenueName
from bot3.messages.market import FeedEvent
from bot3.messages.orders import AccountEvent, VenueOrder
from supervisors.actor import EdgeActor
from tests.bot3.making import START_NS, VENUE, make_instrument

M = TypeVar("M")
SLOW_S = 1000.0


class Inbox(Generic[M]):
    """An address that keeps what it gets."""

    def __init__(self, name: str = "inbox", log: list[Any] | None = None) -> None:
        self.name = name
        self.heard: list[Any] = []
        self._log = [] if log is None else log

    def send(self, message: M) -> None:
        self.heard.append(message)
        self._log.append((self.name, message))


class FakeFeed:
    """A `FeedPort`. `events` are published after each start; then `publish` is the test's."""

    def __init__(self, log: list[Any] | None = None) -> None:
        self.log = [] if log is None else log
        self.events: list[FeedEvent] = []
        self.error: Exception | None = None
        self.resyncs: list[tuple[Symbol, str]] = []
        self.publish: Callable[[FeedEvent], None] | None = None
        self.ends = trio.Event()

    @property
    def venue(self) -> VenueName:
        return VENUE

    async def instruments(self, symbols: Sequence[Symbol]) -> tuple[Instrument, ...]:
        await trio.lowlevel.checkpoint()
        return tuple(make_instrument(InstrumentId(VENUE, symbol)) for symbol in symbols)

    async def bars(self, symbol: Symbol, interval_s: int, count: int) -> list[Bar]:
        await trio.lowlevel.checkpoint()
        self.log.append(("bars", symbol))
        key, step_ns = InstrumentId(VENUE, symbol), interval_s * 1_000_000_000
        first_ns = START_NS - count * step_ns
        return [
            Bar(key, interval_s, first_ns + n * step_ns, 1.0, 1.0, 1.0, 1.0, 2.0)
            for n in range(count)
        ]

    async def run(
        self,
        symbols: Sequence[Symbol],
        publish: Callable[[FeedEvent], None],
        *,
        ready: Callable[[], None],
    ) -> None:
        await trio.lowlevel.checkpoint()
        self.publish = publish
        ready()
        for event in self.events:
            publish(event)
        await self.ends.wait()
        if self.error is not None:
            raise self.error

    def resync(self, symbol: Symbol, reason: str) -> None:
        self.resyncs.append((symbol, reason))

    async def aclose(self) -> None:
        await trio.lowlevel.checkpoint()


class FakeVenue:
    """A `VenuePort`. `fails[name]` are the errors of the next calls; `slow` calls hang a while."""

    dead_man = None

    def __init__(self, log: list[Any] | None = None) -> None:
        self.log = [] if log is None else log
        self.calls: Counter[str] = Counter()
        self.fails: dict[str, deque[Exception]] = {}
        self.slow: set[str] = set()
        self.answers: deque[VenueOrder | None] = deque()
        self.found: VenueOrder | None = None
        self.fills: list[Fill] = []
        self.fetched: list[tuple[Symbol, int]] = []
        self.held: list[Balance] = []
        self.resting: list[VenueOrder] = []
        self.news: list[AccountEvent] = []
        self.publish: Callable[[AccountEvent], None] | None = None
        self.ends = trio.Event()

    @property
    def venue(self) -> VenueName:
        return VENUE

    @property
    def account(self) -> str:
        return "an account"

    async def _call(self, name: str) -> None:
        self.calls[name] += 1
        self.log.append((name, trio.current_time()))
        await trio.lowlevel.checkpoint()
        if name in self.slow:
            await trio.sleep(SLOW_S)
        if self.fails.get(name):
            raise self.fails[name].popleft()

    async def refresh(self) -> None:
        await self._call("refresh")

    async def submit(self, order: ApprovedOrder) -> VenueOrder:
        await self._call("submit")
        assert self.found is not None
        return self.found

    async def cancel(self, symbol: Symbol, client_order_id: ClientOrderId) -> VenueOrder:
        await self._call("cancel")
        assert self.found is not None
        return self.found

    async def cancel_all(self, symbol: Symbol) -> int:
        await self._call("cancel_all")
        return 0

    async def query(self, symbol: Symbol, client_order_id: ClientOrderId) -> VenueOrder | None:
        await self._call("query")
        return self.answers.popleft() if self.answers else self.found

    async def open_orders(self, symbol: Symbol) -> list[VenueOrder]:
        await self._call("open_orders")
        return [order for order in self.resting if order.instrument.symbol == symbol]

    async def fills_since(self, symbol: Symbol, since_ns: int) -> list[Fill]:
        await self._call("fills_since")
        self.fetched.append((symbol, since_ns))
        ours = [fill for fill in self.fills if fill.instrument.symbol == symbol]
        return [fill for fill in ours if fill.ts_venue_ns >= since_ns]

    async def balances(self) -> list[Balance]:
        await self._call("balances")
        return list(self.held)

    async def run_account(
        self,
        symbols: Sequence[Symbol],
        publish: Callable[[AccountEvent], None],
        *,
        ready: Callable[[], None],
    ) -> None:
        await self._call("run_account")
        self.publish = publish
        for event in self.news:
            publish(event)
        ready()
        await self.ends.wait()
        raise VenueError("the stream broke")

    async def aclose(self) -> None:
        await self._call("aclose")


class Stage:
    """The context of one edge actor."""

    def __init__(self) -> None:
        self.is_ready = trio.Event()
        self.progresses = 0

    def ready(self) -> None:
        self.is_ready.set()

    def progress(self) -> None:
        self.progresses += 1


@asynccontextmanager
async def living(actor: EdgeActor) -> AsyncIterator[Stage]:
    """The actor runs within the block, which begins when it is ready."""
    stage = Stage()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(actor.run, stage)
        with trio.fail_after(60):
            await stage.is_ready.wait()
        yield stage
        nursery.cancel_scope.cancel()


async def settle() -> None:
    """Everybody who can go on has gone on."""
    await trio.testing.wait_all_tasks_blocked()
