"""A venue's public streams over as many connections as its limits ask for: `FeedPort.run`.

Invariant: `FeedLost` and `FeedRestored` alternate; the feed is lost while no connection that
carries books is up, and then every book is lost too. Where only some are down, so are their books.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import Final, Protocol, final

import trio
from attrs import field, frozen, validators

from adapters.net.candle_check import CandleChecks
from adapters.net.lasting import ConnectionPolicy, LastingConnection
from adapters.net.network import Network
from adapters.net.statistics import FeedStatistics
from adapters.net.websocket import MessageSocket
from bot3.domain.errors import VenueError
from bot3.domain.values import InstrumentId, VenueName
from bot3.messages.market import FeedEvent, FeedLost, FeedRestored
from supervisors.clock import Clock
from supervisors.entropy import Dice

Publish = Callable[[FeedEvent], None]


class FeedSession(Protocol):
    """One connection's life; see `StreamSession`."""

    async def run(self, socket: MessageSocket, live: Callable[[], None]) -> str: ...

    def abandon(self, reason: str) -> None: ...

    def resync(self, wire: str, reason: str) -> None: ...


@frozen
class SessionParts:
    """What a session is made of; `markets` are by the venue's names."""

    markets: Mapping[str, InstrumentId]
    publish: Publish
    statistics: FeedStatistics
    checks: CandleChecks
    clock: Clock
    dice: Dice


@frozen
class FeedStream:
    """One kind of connection. Those without `has_books` come and go without a word."""

    policy: ConnectionPolicy
    make_session: Callable[[SessionParts], FeedSession]
    markets_max: int = field(validator=validators.ge(1))
    has_books: bool = True


@final
class _Socket:
    """One connection of a run: its instruments, and the last session that had it."""

    def __init__(
        self, stream: FeedStream, parts: SessionParts, connection: LastingConnection
    ) -> None:
        self.stream, self.parts = stream, parts
        self._connection = connection
        self.session: FeedSession | None = None

    async def run(
        self, ready: Callable[[], None], up: Callable[[], None], down: Callable[[str], None]
    ) -> None:
        """Until cancelled; see `LastingConnection.run`."""

        def ended(reason: str) -> None:
            self.parts.statistics.reconnects += 1
            self.parts.checks.doubt(self.parts.markets)
            if self.session is not None:
                self.session.abandon(reason)

        await self._connection.run(self._serve, ready=ready, up=up, down=down, ended=ended)

    async def _serve(self, socket: MessageSocket, live: Callable[[], None]) -> str:
        self.session = self.stream.make_session(self.parts)
        return await self.session.run(socket, live)


@final
class StreamFeed:
    """One `run` at a time. A session is made for every connection."""

    def __init__(
        self,
        venue: VenueName,
        streams: Sequence[FeedStream],
        *,
        network: Network,
        clock: Clock,
        dice: Dice,
    ) -> None:
        self._venue = venue
        self._streams: Final = tuple(streams)
        self._network, self._clock, self._dice = network, clock, dice
        self._sockets: list[_Socket] = []
        self.statistics = FeedStatistics()

    def counts(self) -> Mapping[str, int]:
        """Messages, malformed and unknown ones, gaps, snapshots, reconnects, candles."""
        return self.statistics.counts()

    async def run(
        self,
        markets: Mapping[str, InstrumentId],
        publish: Publish,
        *,
        ready: Callable[[], None],
    ) -> None:
        """See `FeedPort.run`; `markets` are by the venue's names. Raises `VenueError` for none."""
        if not markets:
            raise VenueError("0 symbols: there is nothing to follow")
        checks = CandleChecks(self.statistics)
        self._sockets = [
            self._socket(stream, part, publish, checks)
            for stream in self._streams
            for part in _parts(markets, stream.markets_max)
        ]
        bulletin = _Bulletin(self._venue, publish, self._clock)
        try:
            async with trio.open_nursery() as nursery:
                for socket in self._sockets:
                    if not socket.stream.has_books:
                        nursery.start_soon(socket.run, _nothing, _nothing, _ignored)
                # One after the other: venues limit new connections, too.
                for number, socket in enumerate(filter(_has_books, self._sockets)):
                    is_up = trio.Event()
                    nursery.start_soon(socket.run, is_up.set, *bulletin.of(number))
                    await is_up.wait()
                ready()
        finally:
            self._sockets = []

    def resync(self, wire: str, reason: str) -> None:
        """See `FeedPort.resync`; without a connection there is no book to drop."""
        for socket in self._sockets:
            if socket.stream.has_books and wire in socket.parts.markets and socket.session:
                socket.session.resync(wire, reason)

    def _socket(
        self,
        stream: FeedStream,
        markets: Mapping[str, InstrumentId],
        publish: Publish,
        checks: CandleChecks,
    ) -> _Socket:
        parts = SessionParts(markets, publish, self.statistics, checks, self._clock, self._dice)
        connection = LastingConnection(
            stream.policy, network=self._network, clock=self._clock, dice=self._dice
        )
        return _Socket(stream, parts, connection)


@final
class _Bulletin:
    """Of several connections, what the rest of bot3 hears."""

    def __init__(self, venue: VenueName, publish: Publish, clock: Clock) -> None:
        self._venue, self._publish, self._clock = venue, publish, clock
        self._up: set[int] = set()
        self._was_told = False

    def of(self, number: int) -> tuple[Callable[[], None], Callable[[str], None]]:
        """`up` and `down` of one connection."""

        def up() -> None:
            is_news = not self._up
            self._up.add(number)
            if is_news:
                self._publish(FeedRestored(self._venue, self._clock.now_ns()))

        def down(reason: str) -> None:
            is_news = number in self._up or not self._was_told
            self._up.discard(number)
            if is_news and not self._up:
                self._publish(FeedLost(self._venue, reason, self._clock.now_ns()))
                self._was_told = True

        return up, down


def _parts(markets: Mapping[str, InstrumentId], most: int) -> list[dict[str, InstrumentId]]:
    """At most so many in each."""
    items = iter(markets.items())
    parts = []
    while part := dict(islice(items, most)):
        parts.append(part)
    return parts


def _has_books(socket: _Socket) -> bool:
    return socket.stream.has_books


def _nothing() -> None:
    """A stream beside the books is up."""


def _ignored(reason: str) -> None:
    """A stream beside the books is down: `FeedStatistics.reconnects` counts it."""
    del reason
