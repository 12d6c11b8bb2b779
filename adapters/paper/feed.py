"""A venue's real feed, with the paper venue listening to it first.

Invariant: whatever reaches the bot has reached the paper venue before, so a fill is never younger
than the market event that made it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import final

from adapters.paper.venue import PaperVenue
from bot3.domain.bar import Bar
from bot3.domain.instrument import Instrument
from bot3.domain.values import Symbol, VenueName
from bot3.messages.market import FeedEvent
from bot3.ports.feed import FeedPort


@final
class PaperFeed:
    """A `FeedPort` around another one."""

    def __init__(self, feed: FeedPort, venue: PaperVenue) -> None:
        self._feed = feed
        self._venue = venue

    @property
    def venue(self) -> VenueName:
        return self._feed.venue

    async def instruments(self, symbols: Sequence[Symbol]) -> tuple[Instrument, ...]:
        found = await self._feed.instruments(symbols)
        self._venue.list_instruments(found)
        return found

    async def bars(self, symbol: Symbol, interval_s: int, count: int) -> list[Bar]:
        return await self._feed.bars(symbol, interval_s, count)

    async def run(
        self,
        symbols: Sequence[Symbol],
        publish: Callable[[FeedEvent], None],
        *,
        ready: Callable[[], None],
    ) -> None:
        def heard(event: FeedEvent) -> None:
            self._venue.hear(event)
            publish(event)

        await self._feed.run(symbols, heard, ready=ready)

    def resync(self, symbol: Symbol, reason: str) -> None:
        self._feed.resync(symbol, reason)

    async def aclose(self) -> None:
        await self._feed.aclose()

    def counts(self) -> Mapping[str, int]:
        return self._feed.counts()
