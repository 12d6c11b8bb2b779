"""The simulated network: hosts, connections, and processes that can be fenced off.

Invariant: after `ProcessNetwork.crash` nothing which that process does reaches anybody: a crash is
not a clean-up, and the `finally` blocks of a cancelled process do what `kill -9` would not let it.
"""

from __future__ import annotations

import errno
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import final
from urllib.parse import urlsplit

import trio

from adapters.net.errors import ConnectionLostError
from adapters.simulated.links import Latency, SimulatedLink, SimulatedStream
from adapters.simulated.message_links import MessageLink
from adapters.simulated.request_links import RequestLink
from adapters.simulated.wire import HttpRequest, WireFront
from supervisors.entropy import Dice
from supervisors.testing.agenda import Agenda

BACKLOG = 100
_FIRST_FREE_PORT = 50_000
Address = tuple[str, int]
Link = SimulatedLink | MessageLink | RequestLink


def _ignore(_name: str, _data: bytes) -> None:
    """The default of `on_bytes`."""


@final
class SimulatedNetwork:
    """All hosts of one world.

    Args:
        dice_of: a stream of randomness by name; each connection has one of its own.
        on_bytes: told of all bytes that arrive, with the name of the direction.
    """

    def __init__(
        self,
        agenda: Agenda,
        dice_of: Callable[[str], Dice],
        on_bytes: Callable[[str, bytes], None] = _ignore,
    ) -> None:
        self.agenda = agenda
        self.latency = Latency()
        self.links: list[Link] = []
        self.fronts: dict[Address, WireFront] = {}
        self.listeners: dict[Address, SimulatedListener] = {}
        self.dice_of = dice_of
        self._on_bytes = on_bytes
        self._opened = 0

    def process(self) -> ProcessNetwork:
        """The network as one process sees it; without frames where fronts are known."""
        return UnframedNetwork(self) if self.fronts else ProcessNetwork(self)

    def live_links(self) -> list[Link]:
        """Connections that are neither broken nor closed, oldest first."""
        self.links = [link for link in self.links if not link.is_over]
        return self.links

    def open_link(self, address: Address) -> SimulatedLink:
        """Raises `ConnectionRefusedError` where nobody listens, or too many wait."""
        listener = self.listeners.get(address)
        if listener is None or not listener.has_room:
            raise ConnectionRefusedError(errno.ECONNREFUSED, f"{address[0]}:{address[1]}: refused")
        name = self.next_name()
        link = SimulatedLink(name, self.agenda, self.dice_of(name), self.latency, self._on_bytes)
        self.live_links().append(link)
        listener.offer(link.server)
        return link

    def next_name(self) -> str:
        """Of a new connection."""
        self._opened += 1
        return f"link/{self._opened}"

    def open_messages(self, address: Address, target: str, silence_s: float) -> MessageLink:
        """A websocket without its frames; raises like `open_link`, and `ConnectionLostError`."""
        front, name = self._front_at(address), self.next_name()
        dice, latency = self.dice_of(name), self.latency
        link = MessageLink(
            name, front, target, self.agenda, dice, latency, self._on_bytes, silence_s=silence_s
        )
        self.live_links().append(link)
        return link

    def open_request(self, address: Address, dice: Dice) -> RequestLink:
        """An HTTP exchange without its framing; raises like `open_link`."""
        front, name = self._front_at(address), f"{address[0]}:{address[1]}"
        link = RequestLink(name, front, self.agenda, dice, self.latency, self._on_bytes)
        self.live_links().append(link)
        return link

    def _front_at(self, address: Address) -> WireFront:
        front = self.fronts.get(address)
        if front is None or address not in self.listeners:
            raise ConnectionRefusedError(errno.ECONNREFUSED, f"{address[0]}:{address[1]}: refused")
        return front

    def free_port(self, host: str) -> int:
        """The lowest port from 50,000 on at which nobody listens."""
        port = _FIRST_FREE_PORT
        while (host, port) in self.listeners:
            port += 1
        return port


class ProcessNetwork:
    """A `Network` for one process."""

    def __init__(self, network: SimulatedNetwork) -> None:
        self._network = network
        self._dice = network.dice_of("connects")
        self._links: list[Link] = []
        self.is_fenced = False

    async def connect(self, host: str, port: int, *, is_tls: bool) -> trio.abc.Stream:
        """TLS adds a round trip and nothing else: what it protects from is not simulated."""
        network = self._network
        for _ in range(2 if is_tls else 1):
            await trio.sleep(2 * network.latency.draw(self._dice))
        if self.is_fenced:
            raise ConnectionRefusedError(errno.ECONNREFUSED, f"{host}:{port}: the process is dead")
        link = network.open_link((host, port))
        self._own(link)
        return link.client

    async def listen(self, host: str, port: int) -> SimulatedListener:
        """Port 0: any free one; raises `OSError` for one that is taken."""
        await trio.lowlevel.checkpoint()
        address = (host, port or self._network.free_port(host))
        if address in self._network.listeners:
            raise OSError(errno.EADDRINUSE, "address already in use")
        return SimulatedListener(self._network, address)

    def crash(self, *, is_power_lost: bool) -> None:
        """The process is gone: its peers hear a reset, or after a power loss nothing at all."""
        self.is_fenced = True
        for link in self._links:
            link.abandon(is_told=not is_power_lost)

    def _own(self, link: Link) -> None:
        self._links = [each for each in self._links if not each.is_over]
        self._links.append(link)


@final
class UnframedNetwork(ProcessNetwork):
    """The same without framing: a `MessageNetwork` and a `RequestNetwork`."""

    async def exchange(
        self,
        address: Address,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes,
    ) -> tuple[int, Mapping[str, str], bytes]:
        """See `RequestNetwork.exchange`. Connections are kept, so it costs one round trip."""
        if self.is_fenced:
            raise ConnectionRefusedError(errno.ECONNREFUSED, "the process is dead")
        link = self._network.open_request(address, self._dice)
        self._own(link)
        try:
            request = HttpRequest(method, target, {k.lower(): v for k, v in headers.items()}, body)
            reply = await link.exchange(request)
        finally:
            link.is_over = True
        return reply.status, {name.lower(): value for name, value in reply.headers}, reply.body

    @asynccontextmanager
    async def open_messages(
        self, url: str, *, connect_timeout_s: float, silence_s: float
    ) -> AsyncIterator[MessageLink]:
        """Raises `ConnectionLostError`."""
        parts = urlsplit(url)
        address = (parts.hostname or "", parts.port or 80)
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        trip_s = 4 * self._network.latency.draw(self._dice)  # to connect, then to upgrade
        await trio.sleep(min(trip_s, connect_timeout_s))
        if trip_s > connect_timeout_s or self.is_fenced:
            raise ConnectionLostError(f"{url}: not open after {connect_timeout_s:g} s")
        try:
            link = self._network.open_messages(address, target, silence_s)
        except OSError as error:
            raise ConnectionLostError(f"{url}: {error}") from error
        self._own(link)
        try:
            yield link
        finally:
            link.close()


@final
class SimulatedListener(trio.abc.Listener[trio.abc.Stream]):
    """Accepts what was offered, in order."""

    def __init__(self, network: SimulatedNetwork, address: Address) -> None:
        self.address = address
        self._network = network
        self._waiting: deque[SimulatedStream] = deque()
        self._is_closed = False
        self._accepters = trio.lowlevel.ParkingLot()
        network.listeners[address] = self

    @property
    def has_room(self) -> bool:
        """Whether one more may wait."""
        return len(self._waiting) < BACKLOG

    def offer(self, stream: SimulatedStream) -> None:
        """A connection has come."""
        self._waiting.append(stream)
        self._accepters.unpark()

    async def accept(self) -> trio.abc.Stream:
        await trio.lowlevel.checkpoint()
        while not self._waiting:
            if self._is_closed:
                raise trio.ClosedResourceError("the listener is closed")
            await self._accepters.park()
        return self._waiting.popleft()

    async def aclose(self) -> None:
        if not self._is_closed:
            self._is_closed = True
            del self._network.listeners[self.address]
            for stream in self._waiting:
                stream.shatter()
                stream.peer.shatter()
            self._accepters.unpark_all()
        await trio.lowlevel.checkpoint()
