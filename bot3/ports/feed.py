"""What bot3 asks of public market data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from bot3.domain.bar import Bar
from bot3.domain.instrument import Instrument
from bot3.domain.values import Symbol, VenueName
from bot3.messages.market import FeedEvent


class FeedPort(Protocol):
    """Public market data of one venue. Needs no keys."""

    @property
    def venue(self) -> VenueName: ...

    async def instruments(self, symbols: Sequence[Symbol]) -> tuple[Instrument, ...]:
        """The venue's filters for these symbols; raises `VenueError` for one it does not trade."""
        ...

    async def bars(self, symbol: Symbol, interval_s: int, count: int) -> list[Bar]:
        """The last `count` closed bars, oldest first; raises `VenueError`."""
        ...

    async def run(
        self,
        symbols: Sequence[Symbol],
        publish: Callable[[FeedEvent], None],
        *,
        ready: Callable[[], None],
    ) -> None:
        """Streams until cancelled. Reconnects, resubscribes and resyncs books by itself.

        Calls `ready` once, when the first subscription is confirmed; `publish` never waits.
        """
        ...

    def resync(self, symbol: Symbol, reason: str) -> None:
        """Drop the book of `symbol`; `BookLost`, then `BookReplaced`, follow."""
        ...

    async def aclose(self) -> None:
        """Closes what is kept open between calls; the port is not used afterwards."""
        ...

    def counts(self) -> Mapping[str, int]:
        """Figures for the operator, by name, since the port was made."""
        ...
