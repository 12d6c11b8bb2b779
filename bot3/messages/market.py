"""Market data: what changed, as msgspec Structs (high rate). Floats: statistics, not money."""

from __future__ import annotations

import msgspec

from bot3.domain.bar import Bar
from bot3.domain.book import Level, Quote
from bot3.domain.values import InstrumentId, Side, VenueName


class TradePrinted(msgspec.Struct, frozen=True):
    """A trade at the venue; `trade_id` counts up by one per instrument."""

    instrument: InstrumentId
    trade_id: int
    price: float
    amount: float
    aggressor: Side
    ts_venue_ns: int
    ts_local_ns: int


class BookReplaced(msgspec.Struct, frozen=True):
    """A whole book: forget the old one. `sequence` is the venue's id of this state."""

    instrument: InstrumentId
    bids: list[Level]
    asks: list[Level]
    sequence: int
    ts_venue_ns: int
    ts_local_ns: int


class BookChanged(msgspec.Struct, frozen=True):
    """Levels with their new absolute amounts, zero to remove; follows the last sequence exactly."""

    instrument: InstrumentId
    bids: list[Level]
    asks: list[Level]
    sequence: int
    ts_venue_ns: int
    ts_local_ns: int


class BestQuoted(msgspec.Struct, frozen=True):
    """The venue's own word on its best prices, ahead of the book's next change.

    `sequence` counts as that of the book does; `ts_venue_ns` is local where the venue gives none.
    """

    instrument: InstrumentId
    quote: Quote
    sequence: int
    ts_venue_ns: int
    ts_local_ns: int


class BookLost(msgspec.Struct, frozen=True):
    """The local book is no longer the venue's (gap, disconnect, crossed): a replacement follows."""

    instrument: InstrumentId
    reason: str
    ts_local_ns: int


class FeedLost(msgspec.Struct, frozen=True):
    """The public connection of a venue is down; it reconnects by itself."""

    venue: VenueName
    reason: str
    ts_local_ns: int


class FeedRestored(msgspec.Struct, frozen=True):
    """The public connection of a venue is up and subscribed."""

    venue: VenueName
    ts_local_ns: int


class QuoteChanged(msgspec.Struct, frozen=True):
    """The best bid or ask changed; `sequence` is that of the venue's book since when."""

    instrument: InstrumentId
    quote: Quote
    ts_venue_ns: int
    ts_local_ns: int
    sequence: int = 0


class DepthSampled(msgspec.Struct, frozen=True):
    """The best levels of a live book, best first, once a beat; the touch of a quote is newer."""

    instrument: InstrumentId
    bids: list[Level]
    asks: list[Level]
    ts_local_ns: int


class BarClosed(msgspec.Struct, frozen=True):
    """A bar is complete; `is_warm_up` marks one from the venue's history."""

    bar: Bar
    ts_local_ns: int
    is_warm_up: bool = False


class ResyncBook(msgspec.Struct, frozen=True):
    """To a feed: send a whole book of this instrument again."""

    instrument: InstrumentId
    reason: str


class HistoryLoaded(msgspec.Struct, frozen=True):
    """Closed bars from the venue, oldest first, so that every signal is ready at the start."""

    instrument: InstrumentId
    bars: tuple[Bar, ...]
    ts_local_ns: int


class TimerTicked(msgspec.Struct, frozen=True):
    """The clock's beat for actors whose decisions depend on time."""

    ts_ns: int


FeedEvent = (
    TradePrinted | BookReplaced | BookChanged | BestQuoted | BookLost | FeedLost | FeedRestored
)
