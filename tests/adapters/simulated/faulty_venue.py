"""A simulated Binance with faults on in-memory streams, and our own clients of it."""

from __future__ import annotations

import errno
from decimal import Decimal
from functools import partial
from typing import Any

import trio
from attrs import evolve

from adapters.binance.feed import BinanceFeed
from adapters.binance.settings import BinanceSettings
from adapters.binance.venue import BinanceVenue
from adapters.net.credentials import Credentials
from adapters.simulated.binance.faults import BinanceFaultDialect
from adapters.simulated.binance.front import BinanceFront
from adapters.simulated.credential import Credential
from adapters.simulated.engine_queue import EngineQueue
from adapters.simulated.fault_rates import FaultRates, RequestKind, VenueFault
from adapters.simulated.faults import VenueFaults
from adapters.simulated.faulty_front import FaultyFront
from adapters.simulated.later import later_in
from bot3.domain.approval import ApprovedOrder
from bot3.domain.ids import ClientOrderId
from bot3.domain.values import Price, Quantity
from supervisors.entropy import Entropy
from tests.adapters.binance.orders import approved
from tests.adapters.simulated.conftest import (
    KEY,
    SECRET,
    START_NS,
    MemoryListener,
    TrioClock,
    Venue,
    make_exchange,
    serve,
)

SETTINGS = BinanceSettings(
    rest_url="http://venue", ws_url="ws://venue/stream", private_ws_url="ws://venue/ws-api/v3"
)
NS_PER_S = 1_000_000_000


class ListenerNetwork:
    """Every address leads to the one listener."""

    def __init__(self, listener: MemoryListener) -> None:
        self._listener = listener

    async def connect(self, host: str, port: int, *, is_tls: bool) -> trio.abc.Stream:
        return await self._listener.connect()

    async def listen(self, host: str, port: int) -> trio.abc.Listener[trio.abc.Stream]:
        raise OSError(errno.EADDRINUSE, f"{host}:{port}: the server is here already")


class FaultyVenue(Venue):
    """What is behind is honest: `exchange` says what really happened."""

    faults: VenueFaults
    faulty: FaultyFront
    queue: EngineQueue
    struck: list[tuple[VenueFault, str]]

    @property
    def kinds(self) -> list[VenueFault]:
        return [fault for fault, _ in self.struck]

    def strike(self, fault: VenueFault, *kinds: RequestKind, **spans: Any) -> None:
        """Always, for requests of these kinds; or for frames where no kind is given."""
        requests = {kind: {fault: 1.0} for kind in kinds}
        frames = {} if kinds else {fault: 1.0}
        is_account = fault.value.startswith("account")
        self.faults.rates = FaultRates(
            requests=requests,
            frames={} if is_account else frames,
            account_frames=frames if is_account else {},
            **spans,
        )

    def relent(self) -> None:
        self.faults.rates = FaultRates.none()

    def client(self, **changes: Any) -> BinanceVenue:
        return BinanceVenue(
            evolve(SETTINGS, **changes),
            Credentials(KEY, SECRET),
            network=ListenerNetwork(self.listener),
            clock=TrioClock(),
            dice=Entropy(2).dice("client"),
        )

    def feed(self) -> BinanceFeed:
        return BinanceFeed(
            SETTINGS,
            network=ListenerNetwork(self.listener),
            clock=TrioClock(),
            dice=Entropy(2).dice("feed"),
        )

    @property
    def orders(self) -> list[str]:
        """Client ids of all orders that the exchange has taken."""
        (symbol,) = self.exchange.markets
        orders = self.exchange.files.all_of(self.account, symbol)
        return [order.request.client_order_id for order in orders]


def faulty_venue(nursery: trio.Nursery, seed: int = 1) -> FaultyVenue:
    """Serves until the nursery ends; without faults until told."""
    clock = TrioClock()
    exchange, account = make_exchange(clock, BTC="1", USDT="10000")
    struck: list[tuple[VenueFault, str]] = []
    faults = VenueFaults(
        FaultRates.none(),
        Entropy(seed).dice("venue/faults"),
        clock=clock,
        call_later=later_in(nursery),
        on_fault=lambda fault, detail: struck.append((fault, detail)),
    )
    queue = EngineQueue(exchange, faults.call_later)
    front = BinanceFront(
        exchange,
        {KEY: Credential(SECRET, account)},
        clock=clock,
        dice=Entropy(1).dice("ids"),
        place=queue.place,
    )
    built = FaultyVenue(exchange, front, account)
    built.faults, built.queue, built.struck = faults, queue, struck
    dialect = BinanceFaultDialect(lambda: clock.now_ns() // 1_000_000)
    built.faulty = FaultyFront(front, dialect, faults, queue)
    nursery.start_soon(partial(serve, built.listener, built.faulty, built.connections))
    return built


def order(name: str = "order-1", **changes: Any) -> ApprovedOrder:
    """A bid that rests, with a minute for it to be sent."""
    values: dict[str, Any] = {
        "client_order_id": ClientOrderId(name),
        "amount": Quantity(Decimal("0.001")),
        "price": Price(Decimal(60_000)),
        "deadline_ns": START_NS + round(trio.current_time() * NS_PER_S) + 60 * NS_PER_S,
    }
    return approved(**(values | changes))
