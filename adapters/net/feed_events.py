"""A venue's public frames as bot3's market events."""

from __future__ import annotations

from typing import Final

from adapters.net.feed_frames import BookFrame, TouchFrame, TradeFrame
from bot3.domain.book import Quote
from bot3.domain.values import InstrumentId, Side
from bot3.messages.market import BestQuoted, BookChanged, BookReplaced, TradePrinted

NS_PER_MS: Final = 1_000_000


def book_of(instrument: InstrumentId, frame: BookFrame, local_ns: int) -> BookReplaced:
    """A whole book."""
    event_ns = frame.event_ms * NS_PER_MS
    return BookReplaced(instrument, frame.bids, frame.asks, frame.sequence, event_ns, local_ns)


def change_of(instrument: InstrumentId, frame: BookFrame, local_ns: int) -> BookChanged:
    """A diff that follows."""
    event_ns = frame.event_ms * NS_PER_MS
    return BookChanged(instrument, frame.bids, frame.asks, frame.sequence, event_ns, local_ns)


def touch_of(instrument: InstrumentId, frame: TouchFrame, local_ns: int) -> BestQuoted:
    """The best prices; without the venue's time, ours."""
    event_ns = frame.event_ms * NS_PER_MS if frame.event_ms else local_ns
    quote = Quote(frame.bid, frame.bid_amount, frame.ask, frame.ask_amount)
    return BestQuoted(instrument, quote, frame.sequence, event_ns, local_ns)


def trade_of(instrument: InstrumentId, frame: TradeFrame, local_ns: int) -> TradePrinted:
    """A print."""
    side = Side.SELL if frame.is_sell else Side.BUY
    trade_ns = frame.trade_ms * NS_PER_MS
    return TradePrinted(
        instrument, frame.trade_id, frame.price, frame.amount, side, trade_ns, local_ns
    )
