"""One simulated venue with its faults, and one adapter before it, under trio's virtual clock."""

from __future__ import annotations

import errno
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from decimal import Decimal
from functools import partial
from typing import Any, TypeVar

import trio
from attrs import define, evolve, field

from adapters.simulated.credential import Credential
from adapters.simulated.engine_queue import EngineQueue
from adapters.simulated.exchange import Exchange
from adapters.simulated.fault_rates import FaultRates, RequestKind, VenueFault
from adapters.simulated.faults import VenueFaults
from adapters.simulated.faulty_front import FaultyFront
from adapters.simulated.fronts import TickingFront, fault_dialect, front_kit
from adapters.simulated.http_server import Connections, serve
from adapters.simulated.later import later_in
from adapters.simulated.market import Market, Place
from bot3.domain.approval import ApprovedOrder, grant
from bot3.domain.errors import VenueError
from bot3.domain.ids import ClientOrderId
from bot3.domain.order import OrderType
from bot3.domain.values import Asset, InstrumentId, Price, Quantity, Side, VenueName
from bot3.ports.feed import FeedPort
from bot3.ports.venue import VenuePort
from supervisors.entropy import Entropy
from tests.adapters.binance.orders import INTENT
from tests.adapters.simulated.conftest import (
    KEY,
    SECRET,
    MemoryListener,
    TrioClock,
    instrument,
)
from tests.adapters.simulated.direct import PASSPHRASE
from tests.contracts.kits import BTC, Kit

WAIT_S = 40.0
STEP_S = 0.01
_T = TypeVar("_T")


class SkewedClock(TrioClock):
    """The adapter's own, which may be wrong."""

    skew_ns = 0

    def now_ns(self) -> int:
        return super().now_ns() + self.skew_ns


class SiteNetwork:
    """Leads `venue` to the server; every other host refuses. Its streams can be cut."""

    def __init__(self, listener: MemoryListener) -> None:
        self._listener = listener
        self.streams: list[trio.abc.Stream] = []
        self.is_down = False
        self.opened = 0

    async def connect(self, host: str, port: int, *, is_tls: bool) -> trio.abc.Stream:
        await trio.lowlevel.checkpoint()
        if host != "venue" or self.is_down:
            raise ConnectionRefusedError(errno.ECONNREFUSED, f"{host}:{port}: refused")
        stream = await self._listener.connect()
        self.streams.append(stream)
        self.opened += 1
        return stream

    async def listen(self, host: str, port: int) -> trio.abc.Listener[trio.abc.Stream]:
        raise OSError(errno.EADDRINUSE, f"{host}:{port}: the server is here already")

    async def cut(self) -> None:
        """Every connection, without a word."""
        streams, self.streams = self.streams, []
        for stream in streams:
            await trio.aclose_forcefully(stream)


@define(slots=False)
class Site:
    """What a contract reaches into: the truth is `exchange`'s."""

    kit: Kit
    exchange: Exchange
    account: int
    front: TickingFront
    faults: VenueFaults
    network: SiteNetwork
    clock: SkewedClock
    feed: FeedPort
    venue: VenuePort
    struck: list[VenueFault]
    events: list[Any] = field(factory=list)

    def __attrs_post_init__(self) -> None:
        self._number = 0
        self._news = trio.Event()
        self.is_ready = trio.Event()

    @property
    def market(self) -> Market:
        return self.exchange.markets[BTC]

    def publish(self, event: Any) -> None:
        self.events.append(event)
        self._news.set()

    async def until(self, done: Callable[[], _T | None]) -> _T:
        """The first true answer, asked after every event and every step."""
        with trio.fail_after(WAIT_S):
            while not (found := done()):
                self._news = trio.Event()
                with trio.move_on_after(STEP_S):
                    await self._news.wait()
        return found

    async def event(self, kind: type[_T], **wanted: Any) -> _T:
        """The next event of this kind; those before it are forgotten."""

        def found() -> _T | None:
            for number, event in enumerate(self.events):
                if isinstance(event, kind) and all(
                    getattr(event, name) == value for name, value in wanted.items()
                ):
                    del self.events[: number + 1]
                    return event
            return None

        return await self.until(found)

    async def asked(self, question: Callable[[], Awaitable[_T]]) -> _T:
        """Again where the connection was an old one, as the bot does."""
        for _ in range(3):
            with suppress(VenueError):
                return await question()
            await trio.sleep(1)
        return await question()

    def strike(
        self, fault: VenueFault, *kinds: RequestKind, rate: float = 1.0, **more: Any
    ) -> None:
        """For requests of these kinds; or for frames where no kind is given."""
        frames = {} if kinds else {fault: rate}
        is_account = fault.value.startswith("account")
        self.faults.rates = FaultRates(
            requests={kind: {fault: rate} for kind in kinds},
            frames={} if is_account else frames,
            account_frames=frames if is_account else {},
            **more,
        )

    def relent(self) -> None:
        self.faults.rates = FaultRates.none()

    def rest(self, side: Side, price: str, amount: str) -> None:
        """The market's own order."""
        self._number -= 1
        scale = self.market.scale
        lots, ticks = scale.lots(Decimal(amount)), scale.ticks(Decimal(price))
        self.exchange.apply(BTC, [Place(self._number, 0, side, lots, ticks)])

    def take(self, side: Side, amount: str) -> None:
        """The market takes what is best."""
        self._number -= 1
        lots = self.market.scale.lots(Decimal(amount))
        place = Place(self._number, 0, side, lots, None, OrderType.MARKET)
        self.exchange.apply(BTC, [place])

    def fill_book(self) -> None:
        """Thirty levels a side around 60,000."""
        for step in range(1, 31):
            self.rest(Side.BUY, f"{60_000 - step}", f"0.{step:02d}")
            self.rest(Side.SELL, f"{60_000 + step}", f"0.{step:02d}")

    def order(self, name: str = "order1", *, live_s: float = 60.0, **changes: Any) -> ApprovedOrder:
        """A bid that rests, at 59,000."""
        values: dict[str, Any] = {
            "instrument": InstrumentId(VenueName(self.kit.protocol), BTC),
            "client_order_id": ClientOrderId(name),
            "amount": Quantity(Decimal("0.01")),
            "price": Price(Decimal(59_000)),
            "reference_price": Price(Decimal(60_000)),
            "deadline_ns": self.clock.now_ns() + round(live_s * 1e9),
        }
        return grant(evolve(INTENT, **(values | changes)))

    @property
    def orders(self) -> list[str]:
        """Client ids of all orders that the exchange has taken."""
        orders = self.exchange.files.all_of(self.account, BTC)
        return [order.request.client_order_id for order in orders]

    async def starts(self, run: Callable[..., Awaitable[None]], nursery: trio.Nursery) -> None:
        """A feed or an account stream, until it is ready."""
        ready = trio.Event()
        nursery.start_soon(partial(run, (BTC,), self.publish, ready=ready.set))
        with trio.fail_after(WAIT_S):
            await ready.wait()

    async def tick(self) -> None:
        while True:
            await trio.sleep(STEP_S)
            self.exchange.roll()
            self.front.tick(TrioClock().now_ns())


@asynccontextmanager
async def open_site(kit: Kit) -> AsyncIterator[Site]:
    """Serves until the block ends; without faults until told."""
    async with trio.open_nursery() as nursery:
        clock, struck = TrioClock(), list[VenueFault]()
        listed = instrument(id=InstrumentId(VenueName(kit.protocol), BTC))
        exchange = Exchange([listed], clock, first_id=1_000)
        account = exchange.open_account(
            [(Asset("BTC"), Decimal(1)), (Asset("USDT"), Decimal(10_000))]
        )
        faults = VenueFaults(
            FaultRates.none(),
            Entropy(5).dice("faults"),
            clock=clock,
            call_later=later_in(nursery),
            on_fault=lambda fault, _: struck.append(fault),
        )
        queue = EngineQueue(exchange, faults.call_later)
        front = front_kit(kit.protocol).make_front(
            exchange,
            {KEY: Credential(SECRET, account, PASSPHRASE)},
            clock=clock,
            dice=Entropy(5).dice("ids"),
            place=queue.place,
        )
        dialect = fault_dialect(kit.protocol, lambda: clock.now_ns() // 1_000_000)
        listener, skewed = MemoryListener(), SkewedClock()
        network = SiteNetwork(listener)
        around = {"network": network, "clock": skewed, "dice": Entropy(5).dice("client")}
        site = Site(
            kit,
            exchange,
            account,
            front,
            faults,
            network,
            skewed,
            kit.feed(**around),
            kit.venue(**around),
            struck,
        )
        served = FaultyFront(front, dialect, faults, queue)
        nursery.start_soon(partial(serve, listener, served, Connections()))
        nursery.start_soon(site.tick)
        site.fill_book()
        yield site
        nursery.cancel_scope.cancel()


async def opened(site: Site, nursery: trio.Nursery) -> None:
    """Filters and clock known, the private stream up, order entry too where there is one."""
    await site.venue.refresh()
    await site.starts(site.venue.run_account, nursery)
    if site.kit.orders == "socket":
        await site.until(lambda: site.venue.counts()["order_socket_up"])
