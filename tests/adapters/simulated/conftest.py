"""A simulated venue on in-memory streams under trio's virtual clock, and clients for it."""

from __future__ import annotations

import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from functools import partial
from typing import Any

import httpcore
import pytest
import trio
import trio.testing
import trio_websocket
from attrs import define, field

from adapters.simulated.binance.front import BinanceFront
from adapters.simulated.credential import Credential
from adapters.simulated.exchange import Exchange
from adapters.simulated.http_server import Connections, serve
from adapters.simulated.market import Place
from bot3.domain.instrument import Instrument
from bot3.domain.values import Asset, InstrumentId, Side, Symbol, VenueName
from supervisors.entropy import Entropy

BTC = Symbol("BTC/USDT")
KEY, SECRET = "0123456789abcdef", "a made-up secret"
START_NS = 1_790_401_500_000_000_000


class TrioClock:
    """Trio's clock as the calendar's."""

    def now_ns(self) -> int:
        return START_NS + round(trio.current_time() * 1e9)

    def monotonic_ns(self) -> int:
        return round(trio.current_time() * 1e9)


def instrument(**changes: Any) -> Instrument:
    values: dict[str, Any] = {
        "id": InstrumentId(VenueName("binance"), BTC),
        "base": Asset("BTC"),
        "quote": Asset("USDT"),
        "tick_size": Decimal("0.01"),
        "lot_size": Decimal("0.00001"),
        "price_min": Decimal("0.01"),
        "price_max": Decimal(1_000_000),
        "amount_min": Decimal("0.00001"),
        "amount_max": Decimal(9_000),
        "notional_min": Decimal(5),
    }
    return Instrument(**(values | changes))


class MemoryListener(trio.abc.Listener[trio.abc.Stream]):
    """Connections are pairs of in-memory streams."""

    def __init__(self) -> None:
        self._send, self._receive = trio.open_memory_channel[trio.abc.Stream](16)

    async def accept(self) -> trio.abc.Stream:
        return await self._receive.receive()

    async def aclose(self) -> None:
        await self._receive.aclose()

    async def connect(self) -> trio.StapledStream[Any, Any]:
        ours, theirs = trio.testing.memory_stream_pair()
        await self._send.send(theirs)
        return ours


class _Stream(httpcore.AsyncNetworkStream):
    def __init__(self, stream: trio.abc.Stream) -> None:
        self._stream = stream

    async def read(self, max_bytes: int, **_: Any) -> bytes:
        return bytes(await self._stream.receive_some(max_bytes))

    async def write(self, buffer: bytes, **_: Any) -> None:
        await self._stream.send_all(buffer)

    async def aclose(self) -> None:
        await self._stream.aclose()

    def get_extra_info(self, info: str) -> Any:
        return False if info == "is_readable" else None


class _Backend(httpcore.AsyncNetworkBackend):
    def __init__(self, listener: MemoryListener) -> None:
        self._listener = listener

    async def connect_tcp(self, *args: Any, **kwargs: Any) -> httpcore.AsyncNetworkStream:
        return _Stream(await self._listener.connect())

    async def sleep(self, seconds: float) -> None:
        await trio.sleep(seconds)


def signed(secret: str = SECRET, **params: object) -> str:
    query = "&".join(f"{name}={value}" for name, value in params.items())
    return f"{query}&signature={hmac.new(secret.encode(), query.encode(), 'sha256').hexdigest()}"


@define
class Reply:
    status: int
    headers: dict[str, str]
    json: Any


@define(slots=False)
class Venue:
    """The server and what its tests reach into."""

    exchange: Exchange
    front: BinanceFront
    account: int
    listener: MemoryListener = field(factory=MemoryListener)
    connections: Connections = field(factory=Connections)

    def __attrs_post_init__(self) -> None:
        self.forget_connections()
        self._order_id = 0

    def forget_connections(self) -> None:
        """The HTTP client starts anew, as one would whose idle connection the server closed."""
        self._pool = httpcore.AsyncConnectionPool(network_backend=_Backend(self.listener))

    @property
    def now_ms(self) -> int:
        return TrioClock().now_ns() // 1_000_000

    def rest_liquidity(self, side: Side, price: str, amount: str) -> None:
        """An order of the market's own."""
        market = self.exchange.market(BTC)
        ticks, lots = market.scale.ticks(Decimal(price)), market.scale.lots(Decimal(amount))
        self._order_id -= 1
        self.exchange.apply(BTC, [Place(self._order_id, 0, side, lots, ticks)])

    async def call(
        self, method: str, path: str, query: str = "", body: str = "", key: str | None = KEY
    ) -> Reply:
        url = f"http://venue/api/v3/{path}" + (f"?{query}" if query else "")
        headers = [("x-mbx-apikey", key)] if key else []
        response = await self._pool.request(method, url, headers=headers, content=body.encode())
        names = {k.decode().lower(): v.decode() for k, v in response.headers}
        content = response.content
        is_json = "json" in names.get("content-type", "") and content
        return Reply(response.status, names, json.loads(content) if is_json else content)

    async def signed(self, method: str, path: str, **params: object) -> Reply:
        query = signed(**({"timestamp": self.now_ms} | params))
        in_body = method == "POST"
        return await self.call(method, path, *(("", query) if in_body else (query, "")))

    @asynccontextmanager
    async def socket(self, path: str) -> AsyncIterator[trio_websocket.WebSocketConnection]:
        stream = await self.listener.connect()
        async with trio.open_nursery() as nursery:
            socket = await trio_websocket.wrap_client_stream(nursery, stream, "venue", path)
            yield socket
            with trio.move_on_after(1):
                await socket.aclose()
            nursery.cancel_scope.cancel()

    async def tick_for(self, seconds: float) -> None:
        """Lets the streams' clock run."""
        for _ in range(round(seconds / 0.05)):
            await trio.sleep(0.05)
            self.exchange.roll()
            self.front.tick(TrioClock().now_ns())


def make_exchange(clock: Any, **funding: str) -> tuple[Exchange, int]:
    exchange = Exchange([instrument()], clock)
    account = exchange.open_account((Asset(a), Decimal(v)) for a, v in funding.items())
    return exchange, account


@pytest.fixture
async def venue(nursery: trio.Nursery) -> AsyncIterator[Venue]:
    """Ask for `autojump_clock` beside it: pytest-trio takes the clock from the test itself."""
    exchange, account = make_exchange(TrioClock(), BTC="1", USDT="10000")
    front = BinanceFront(
        exchange,
        {KEY: Credential(SECRET, account)},
        clock=TrioClock(),
        dice=Entropy(1).dice("ids"),
    )
    built = Venue(exchange, front, account)
    nursery.start_soon(partial(serve, built.listener, front, built.connections))
    yield built
    nursery.cancel_scope.cancel()
