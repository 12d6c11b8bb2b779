"""Recorded order books and trades as a feed would tell them.

Of trades alone nobody knows the book: the touch is taken to be around the last trade, by the spread
that is given, and so deep that a resting order waits until the price trades through it.

Invariant: a trade is told before the touch that follows it; events come by their time. Sequences
of books are for whoever tells them on.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Final

from attrs import frozen

from adapters.simulated.bar_file import BAR_SUFFIXES
from adapters.simulated.depth_file import UNITS, read_depth
from adapters.simulated.raw_bars import raw_chunks
from bot3.app.backtest.book_run import book_events
from bot3.app.backtest.driven import FIRST_VENUE
from bot3.backtest.book_events import BookEvent, MarketEvent, TradeEvent
from bot3.backtest.source import Asked, Source, source_of
from bot3.domain.values import InstrumentId, Side, Symbol, VenueName, decimal_of
from bot3.messages.market import BookChanged, BookReplaced, TradePrinted

MarketData = BookReplaced | BookChanged | TradePrinted
DEEP: Final = 1e6  # nobody's order of ours is larger than what rests at the touch
_STEP: Final = Decimal("0.00000001")


@frozen
class Recording:
    """One instrument's file; `asked` of trades."""

    path: Path
    key: InstrumentId
    lot: Decimal
    tick: Decimal
    asked: Asked

    @property
    def is_book(self) -> bool:
        """Else trades."""
        return is_book(self.path)

    def has_trades(self) -> bool:
        """Looks for the first one; raises `DataError`."""
        return not self.is_book or any(isinstance(each, TradeEvent) for each in _told(self))

    def events(self, half_spread: float) -> Iterator[MarketData]:
        """From the first whole book, or trade, on; raises `DataError`."""
        if self.is_book:
            yield from _of_book(self)
        else:
            yield from _of_trades(self, half_spread)


def is_book(path: Path) -> bool:
    """What is no table is a recording of frames."""
    return not BAR_SUFFIXES.intersection(suffix.lower() for suffix in path.suffixes)


def recorded_book(path: Path, venue: str, symbol: str) -> Recording:
    """Looks through it; raises `DataError`. Where `venue` or `symbol` are empty, it tells."""
    file = read_depth(path)
    key = InstrumentId(
        VenueName(venue) if venue else FIRST_VENUE, Symbol(symbol) if symbol else file.symbol
    )
    lot, tick = (Decimal(units) / UNITS for units in (file.lot, file.tick))
    return Recording(path, key, lot, tick, Asked())


def recorded_trades(path: Path, source: Source, asked: Asked) -> Recording:
    """`source`: what was found in it."""
    venue = VenueName(source.venue) if source.venue else FIRST_VENUE
    return Recording(path, InstrumentId(venue, Symbol(source.symbol)), _STEP, _STEP, asked)


def touch_around(key: InstrumentId, price: float, half_spread: float, ts_ns: int) -> BookReplaced:
    """A book of one deep level on either side of a price."""
    mid, half = decimal_of(price), decimal_of(half_spread)
    bid = (mid * (1 - half) / _STEP).to_integral_value() * _STEP
    ask = max((mid * (1 + half) / _STEP).to_integral_value() * _STEP, bid + _STEP)
    return BookReplaced(key, [(float(bid), DEEP)], [(float(ask), DEEP)], 0, ts_ns, ts_ns)


def _told(recording: Recording) -> Iterator[MarketEvent]:
    return book_events(read_depth(recording.path))


def _of_book(recording: Recording) -> Iterator[MarketData]:
    key = recording.key
    for number, event in enumerate(_told(recording), 1):
        ts_ns = event.ts_ns
        if isinstance(event, BookEvent):
            kind = BookReplaced if event.is_snapshot else BookChanged
            yield kind(key, event.bids, event.asks, number, ts_ns, ts_ns)
        else:
            yield TradePrinted(
                key, number, event.price, event.amount, event.aggressor, ts_ns, ts_ns
            )


def _of_trades(recording: Recording, half_spread: float) -> Iterator[MarketData]:
    key, sequence, before = recording.key, 0, 0.0
    for part in source_of(partial(raw_chunks, recording.path), recording.asked).chunks():
        for ts_ns, price, amount in zip(
            part.open_ns.tolist(), part.close.tolist(), part.volume.tolist(), strict=True
        ):
            sequence += 1
            side = Side.BUY if price >= before else Side.SELL  # the tick rule
            yield TradePrinted(key, sequence, price, amount, side, ts_ns, ts_ns)
            yield touch_around(key, price, half_spread, ts_ns)
            before = price
