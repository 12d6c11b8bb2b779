"""The public streams of a venue whose books begin with a snapshot: `FeedPort.run` for several.

Invariant: `FeedLost` and `FeedRestored` alternate; while the feed is lost, every book is too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import final

from adapters.net.feed_frames import FeedDialect
from adapters.net.lasting import LastingConnection
from adapters.net.network import Network
from adapters.net.statistics import FeedStatistics
from adapters.net.stream_session import SessionSettings, StreamSession
from adapters.net.venue_settings import VenueSettings
from adapters.net.websocket import MessageSocket
from bot3.domain.values import InstrumentId
from bot3.messages.market import FeedEvent, FeedLost, FeedRestored
from supervisors.clock import Clock
from supervisors.entropy import Dice


@final
class StreamFeed:
    """One `run` at a time. `make_dialect` is called for every connection."""

    def __init__(
        self,
        settings: VenueSettings,
        make_dialect: Callable[[], FeedDialect],
        *,
        network: Network,
        clock: Clock,
        dice: Dice,
    ) -> None:
        self._venue = settings.venue
        self._settings = SessionSettings(
            settings.request_timeout_s, settings.ping_interval_s, settings.reconnect
        )
        self._make_dialect = make_dialect
        self._clock, self._dice = clock, dice
        policy = settings.connection(settings.ws_url)
        self._connection = LastingConnection(policy, network=network, clock=clock, dice=dice)
        self._session: StreamSession | None = None
        self.statistics = FeedStatistics()

    def counts(self) -> Mapping[str, int]:
        """Messages, malformed and unknown ones, gaps, snapshots, reconnects."""
        return self.statistics.counts()

    async def run(
        self,
        markets: Mapping[str, InstrumentId],
        publish: Callable[[FeedEvent], None],
        *,
        ready: Callable[[], None],
    ) -> None:
        """See `FeedPort.run`; `markets` are by the venue's names."""
        latest: StreamSession | None = None

        def up() -> None:
            publish(FeedRestored(self._venue, self._clock.now_ns()))

        def down(reason: str) -> None:
            publish(FeedLost(self._venue, reason, self._clock.now_ns()))

        def ended(reason: str) -> None:
            self.statistics.reconnects += 1
            if latest is not None:
                latest.abandon(reason)

        async def session(socket: MessageSocket, live: Callable[[], None]) -> str:
            nonlocal latest
            latest = self._session = StreamSession(
                dict(markets),
                publish,
                dialect=self._make_dialect(),
                settings=self._settings,
                clock=self._clock,
                dice=self._dice,
                statistics=self.statistics,
            )
            try:
                return await latest.run(socket, live)
            finally:
                self._session = None

        await self._connection.run(session, ready=ready, up=up, down=down, ended=ended)

    def resync(self, wire: str, reason: str) -> None:
        """See `FeedPort.resync`; without a connection there is no book to drop."""
        if self._session is not None:
            self._session.resync(wire, reason)
