"""A scripted Binance: REST routes, a market stream and a WS-API, over in-memory streams."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import trio
import trio_websocket

from adapters.binance.settings import BinanceSettings
from adapters.net.credentials import Credentials
from supervisors.entropy import Entropy
from tests.adapters.net.http_server import Reply, Request, serve_http
from tests.adapters.net.memory_network import MemoryNetwork
from tests.adapters.net.virtual_time import TrioClock

START_NS = 1_790_401_500_000_000_000
KEY, SECRET = "test-key-1234567890", "test-secret-0987654321"
SETTINGS = BinanceSettings(
    rest_url="http://rest", ws_url="ws://stream/stream", private_ws_url="ws://api/ws-api/v3"
)
Script = Callable[["Peer"], Awaitable[None]]


def ok(body: object, **headers: str) -> Reply:
    return Reply(200, json.dumps(body).encode(), headers)


def refusal(status: int, code: int, text: str, **headers: str) -> Reply:
    body = json.dumps({"code": code, "msg": text}).encode()
    return Reply(status, body, {name.replace("_", "-"): v for name, v in headers.items()})


class Peer:
    """The server's end of one websocket."""

    def __init__(self, connection: Any, number: int) -> None:
        self._connection = connection
        self.number = number

    async def say(self, message: object) -> None:
        text = message if isinstance(message, str) else json.dumps(message)
        await self._connection.send_message(text)

    async def hear(self) -> dict[str, Any]:
        return json.loads(await self._connection.get_message())

    async def stay(self) -> None:
        """Open, with the pings that the venue sends, until the client leaves."""
        while True:
            await trio.sleep(20)
            await self._connection.ping(b"20")

    async def close(self, code: int = 1000) -> None:
        await self._connection.aclose(code)


class FakeExchange:
    """`routes` answers "METHOD /path"; `stream` and `api` script each connection."""

    def __init__(self, nursery: trio.Nursery) -> None:
        self.network = MemoryNetwork(nursery)
        self.clock = TrioClock(START_NS)
        self.venue_ahead_ns = 0
        self.dice = Entropy(7).dice("test")
        self.credentials = Credentials(KEY, SECRET)
        self.routes: dict[str, Callable[[Request], Reply]] = {"GET /api/v3/time": self._time}
        self.requests: list[Request] = []
        self.connections = {"stream": 0, "api": 0}
        self.network.servers = {"rest": self._rest}

    def script(self, host: str, script: Script) -> None:
        async def handle(stream: trio.abc.Stream) -> None:
            async with trio.open_nursery() as nursery:
                request = await trio_websocket.wrap_server_stream(nursery, stream)
                connection = await request.accept()
                self.connections[host] += 1
                try:
                    await script(Peer(connection, self.connections[host]))
                    await connection.aclose()
                except trio_websocket.ConnectionClosed:
                    pass
                nursery.cancel_scope.cancel()

        self.network.servers[host] = handle

    def venue_ms(self) -> int:
        return (self.clock.now_ns() - self.clock.skew_ns + self.venue_ahead_ns) // 1_000_000

    def asked(self, path: str) -> list[Request]:
        return [request for request in self.requests if request.path.endswith(path)]

    def _time(self, _: Request) -> Reply:
        return ok({"serverTime": self.venue_ms()})

    async def _rest(self, stream: trio.abc.Stream) -> None:
        await serve_http(stream, self._answer)

    def _answer(self, request: Request) -> Reply:
        self.requests.append(request)
        route = self.routes.get(f"{request.method} {request.path}")
        if route is None:
            return Reply(404, b"<html>no such route</html>")
        if "signature" not in request.params:
            return route(request)
        return self._check(request) or route(request)

    def _check(self, request: Request) -> Reply | None:
        """The venue's own gates, over the bytes as they came."""
        payload, _, signature = request.query.partition("&signature=")
        if request.headers.get("x-mbx-apikey") != KEY:
            return refusal(401, -2014, "API-key format invalid.")
        if Credentials(KEY, SECRET).sign(payload.encode()) != signature:
            return refusal(400, -1022, "Signature for this request is not valid.")
        lag_ms = self.venue_ms() - int(request.params["timestamp"])
        if lag_ms > int(request.params["recvWindow"]) or lag_ms <= -1_000:
            return refusal(400, -1021, "Timestamp for this request is outside of the recvWindow.")
        return None


class Events:
    """What was published, and a way to wait for it."""

    def __init__(self) -> None:
        self.all: list[Any] = []
        self.ready = 0
        self._changed = trio.Event()

    def publish(self, event: Any) -> None:
        self.all.append(event)
        self._changed.set()
        self._changed = trio.Event()

    def on_ready(self) -> None:
        self.ready += 1

    def of(self, *kinds: type) -> list[Any]:
        return [event for event in self.all if isinstance(event, kinds)]

    def names(self) -> list[str]:
        return [type(event).__name__ for event in self.all]

    async def wait_for(self, kind: type, count: int = 1, timeout_s: float = 600.0) -> Any:
        with trio.fail_after(timeout_s):
            while len(self.of(kind)) < count:
                await self._changed.wait()
        return self.of(kind)[count - 1]


def as_json(struct: object) -> Any:
    return json.loads(msgspec.json.encode(struct))
