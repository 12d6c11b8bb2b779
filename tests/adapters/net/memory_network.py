"""A network of in-memory streams: hosts are handlers, and may be refused or never answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import trio
import trio.testing

Handler = Callable[[trio.abc.Stream], Awaitable[None]]


class MemoryNetwork:
    """`Network` for tests. `servers` maps a host to its handler; one that is absent refuses."""

    def __init__(self, nursery: trio.Nursery) -> None:
        self._nursery = nursery
        self.servers: dict[str, Handler] = {}
        self.connected: list[tuple[str, int, bool]] = []
        self.streams: list[trio.abc.Stream] = []
        self.is_silent = False

    async def connect(self, host: str, port: int, *, is_tls: bool) -> trio.abc.Stream:
        await trio.lowlevel.checkpoint()
        if self.is_silent:
            await trio.sleep_forever()
        if host not in self.servers:
            raise ConnectionRefusedError(f"{host}:{port} refused")
        self.connected.append((host, port, is_tls))
        client, server = trio.testing.memory_stream_pair()
        self.streams.append(server)
        self._nursery.start_soon(self._serve, self.servers[host], server)
        return client

    async def listen(self, host: str, port: int) -> trio.abc.Listener[trio.abc.Stream]:
        raise NotImplementedError(f"{host}:{port}: no server is under test")

    async def _serve(self, handler: Handler, stream: trio.abc.Stream) -> None:
        try:
            await handler(stream)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass
        finally:
            await trio.aclose_forcefully(stream)
