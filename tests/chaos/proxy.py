"""A TCP link that a test breaks: resets, bytes that vanish, a trickle. Runs in the test's nursery.

Invariant: it passes bytes on unchanged and in order, or not at all; what was silenced stays so, as
on a half-open connection: only a new link can work again.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from contextlib import suppress

import trio
from attrs import define, field

CHUNK = 4_096
RESET_AT_CLOSE = struct.pack("ii", 1, 0)


@define(eq=False)
class Link:
    """One client's connection and ours behind it."""

    client: trio.SocketStream
    server: trio.SocketStream
    scope: trio.CancelScope = field(factory=trio.CancelScope)
    is_silent: bool = False

    def reset(self) -> None:
        """Both ends see a connection reset."""
        for stream in (self.client, self.server):
            with suppress(OSError):
                stream.setsockopt(trio.socket.SOL_SOCKET, trio.socket.SO_LINGER, RESET_AT_CLOSE)
        self.scope.cancel()


@define
class Proxy:
    """Between the bot and the venue. `bytes_per_s` limits what each link brings to the bot."""

    venue_port: int
    port: int = 0
    bytes_per_s: float | None = None
    is_silencing: bool = False
    links: set[Link] = field(factory=set)

    async def serve(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Until cancelled."""
        (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
        self.port = listener.socket.getsockname()[1]
        await trio.serve_listeners(self._connect, [listener], task_status=task_status)

    def reset(self, is_hit: Callable[[], bool]) -> int:
        """Resets each link that is hit; how many were."""
        hit = [link for link in self.links if is_hit()]
        for link in hit:
            link.reset()
        return len(hit)

    def silence(self) -> None:
        """From now on nothing passes, and nobody is told."""
        self.is_silencing = True
        for link in self.links:
            link.is_silent = True

    def heal(self) -> None:
        """New links work, and quickly."""
        self.is_silencing = False
        self.bytes_per_s = None

    async def _connect(self, client: trio.SocketStream) -> None:
        with suppress(OSError, trio.BrokenResourceError, trio.ClosedResourceError):
            server = await trio.open_tcp_stream("127.0.0.1", self.venue_port)
            link = Link(client, server, is_silent=self.is_silencing)
            self.links.add(link)
            try:
                with link.scope:
                    async with trio.open_nursery() as nursery:
                        nursery.start_soon(self._pump, link, client, server)
                        nursery.start_soon(self._pump, link, server, client)
            finally:
                self.links.discard(link)
                for stream in (client, server):  # at once, also where this is being cancelled
                    stream.socket.close()

    async def _pump(self, link: Link, source: trio.SocketStream, target: trio.SocketStream) -> None:
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            while data := await source.receive_some(CHUNK):
                if link.is_silent:
                    continue
                await target.send_all(data)
                if self.bytes_per_s is not None and target is link.client:
                    await trio.sleep(len(data) / self.bytes_per_s)
            if not link.is_silent:
                await target.send_eof()
                return
            await trio.sleep_forever()
        link.scope.cancel()
