"""The market of one instrument: its book, bars and features, as the market actor keeps them.

Invariant: a quote leaves here only while the book is the venue's; from the first doubt until the
next `BookReplaced` there are no quotes, `is_synced` is False, and one `ResyncBook` has been asked.
Of the book's touch and the one that the venue tells, the newer counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bot3.domain.bar import Bar
from bot3.domain.book import Book, Level, Quote
from bot3.domain.values import InstrumentId
from bot3.market.bars import BarBuilder, BarSettings
from bot3.market.features import FEATURE_INDEX, FeatureEngine
from bot3.market.flow import OrderFlow
from bot3.market.peers import Peers
from bot3.market.sample import NO_BOOK, BookSample, book_sample
from bot3.messages.market import (
    BarClosed,
    BestQuoted,
    BookChanged,
    BookLost,
    BookReplaced,
    FeedEvent,
    FeedLost,
    QuoteChanged,
    ResyncBook,
    TradePrinted,
)
from bot3.messages.mev import DexTraded
from bot3.messages.minds import FeaturesComputed

MarketOutput = QuoteChanged | BarClosed | FeaturesComputed | ResyncBook
_LOG_RETURN = FEATURE_INDEX["log_return_1"]
SAMPLED_LEVELS = 10


class MarketView:
    """State of one instrument's market. Events of other instruments raise ValueError.

    Every method returns what follows, in the order in which it is to be sent; a bar's features
    follow their bar. Bad trades are counted and ignored, a bad level costs the book a resync.
    """

    __slots__ = (
        "_bars",
        "_book",
        "_book_sequence",
        "_features",
        "_flow",
        "_lag_ns",
        "_peers",
        "_quote",
        "instrument",
        "is_synced",
        "quote_sequence",
    )

    def __init__(self, instrument: InstrumentId, settings: BarSettings | None = None) -> None:
        self.instrument = instrument
        self.is_synced = False
        self._book = Book()
        self._book_sequence = 0
        self._quote: Quote | None = None
        self.quote_sequence = 0  # of the venue's book: the quote is right as of it
        # Our clock minus the venue's at the last trade, its travel included; None: not known yet.
        self._lag_ns: int | None = None
        self._bars = BarBuilder(instrument, settings)
        self._features = FeatureEngine(instrument)
        self._flow = OrderFlow()
        self._peers = Peers()

    @property
    def quote(self) -> Quote | None:
        """Best bid and ask; None while the book is not to be trusted or a side is empty."""
        return self._quote

    @property
    def ignored_trades(self) -> int:
        """Trades that came too late for their bar, or with an impossible number."""
        return self._bars.late_trades + self._bars.bad_trades

    def depth(self, levels: int) -> tuple[list[Level], list[Level]]:
        """The best bids and asks, best first; empty while the book is not to be trusted."""
        if not self.is_synced:
            return [], []
        return self._book.bids(levels), self._book.asks(levels)

    def apply(self, event: FeedEvent, origin_ns: int = 0) -> list[MarketOutput]:
        """Takes one event of the feed; `origin_ns` is handed on to the features it completes.

        Raises:
            ValueError: an event of another instrument, or a gap too long to bridge.
        """
        match event:
            case BookChanged():
                self._check(event.instrument)
                if self._lag_ns is None:
                    self._lag_ns = event.ts_local_ns - event.ts_venue_ns
                return self._change_book(event)
            case TradePrinted():
                self._check(event.instrument)
                closed = self._bars.on_trade(event)  # one from an impossible time ends here
                self._lag_ns = event.ts_local_ns - event.ts_venue_ns
                return self._closed(closed, event.ts_local_ns, origin_ns) if closed else []
            case BookReplaced():
                self._check(event.instrument)
                return self._replace_book(event)
            case BestQuoted():
                self._check(event.instrument)
                return self._take_touch(event)
            case BookLost():
                self._check(event.instrument)
                self._lose_book()
            case FeedLost() if event.venue == self.instrument.venue:
                self._lose_book()
            case _:
                pass
        return []

    def on_peer(self, event: QuoteChanged | BookLost) -> None:
        """News of the same symbol on another venue."""
        if isinstance(event, QuoteChanged):
            self._peers.on_mid(event.instrument, event.quote.mid)
        else:
            self._peers.on_lost(event.instrument)

    def on_pools(self, traded: DexTraded) -> None:
        """What a block's swaps bought and sold of our symbol."""
        self._peers.on_pools(traded.bought, traded.sold)

    def on_time(self, ts_ns: int, origin_ns: int = 0) -> list[MarketOutput]:
        """Closes the bars whose time is over at the venue: trades are cut by its clock, too.

        Nothing before the first event of a feed: until then nobody knows the venue's time.
        """
        if self._lag_ns is None:
            return []
        closed = self._bars.on_time(ts_ns - self._lag_ns)
        return self._closed(closed, ts_ns, origin_ns) if closed else []

    def warm_up(self, bars: Sequence[Bar]) -> list[MarketOutput]:
        """Takes the venue's closed bars, oldest first, before the first live bar closes.

        Returns them with their features, all marked `is_warm_up`, for the minds downstream.

        Raises:
            ValueError: history with gaps, or live bars were already closed.
        """
        bridge = self._bars.seed(bars)
        out: list[MarketOutput] = []
        for bar in (*bars, *bridge):
            out += self._closed([bar], bar.close_ns, 0, is_warm_up=True)
        return out

    def _check(self, instrument: InstrumentId) -> None:
        if instrument != self.instrument:
            raise ValueError(f"the view of {self.instrument} got an event of {instrument}")

    def _closed(
        self, bars: Iterable[Bar], ts_ns: int, origin_ns: int, *, is_warm_up: bool = False
    ) -> list[MarketOutput]:
        out: list[MarketOutput] = []
        for bar in bars:
            out.append(BarClosed(bar, ts_ns, is_warm_up))
            values = self._features.on_bar(bar, NO_BOOK if is_warm_up else self._sample())
            if values is not None:
                out.append(
                    FeaturesComputed(
                        self.instrument,
                        bar.close_ns,  # rises with every bar, also where several close at once
                        origin_ns,
                        bar.close,
                        values[_LOG_RETURN],
                        values,
                        is_warm_up,
                    )
                )
        return out

    def _sample(self) -> BookSample:
        """Of the bar that closes now; taking it begins the next bar's."""
        flow, pool_flow, quote = self._flow.take(), self._peers.take_pool_flow(), self._quote
        if quote is None:
            return NO_BOOK
        peers = self._peers.take(quote.mid)
        return book_sample(quote, flow, self.depth(SAMPLED_LEVELS), peers, pool_flow)

    def _replace_book(self, event: BookReplaced) -> list[MarketOutput]:
        if not _is_usable(event):
            return self._resync("a level that is not a number")
        self._book.replace(event.bids, event.asks)
        self.is_synced = True
        self.quote_sequence = 0
        return self._requote(event)

    def _change_book(self, event: BookChanged) -> list[MarketOutput]:
        if not self.is_synced:
            return []
        if not _is_usable(event):
            return self._resync("a level that is not a number")
        self._book.change(event.bids, event.asks)
        if event.sequence < self._book_sequence:
            self.quote_sequence = 0  # the venue counts anew
        return self._requote(event)

    def _take_touch(self, event: BestQuoted) -> list[MarketOutput]:
        if not self.is_synced or event.sequence <= max(self._book_sequence, self.quote_sequence):
            return []
        quote = event.quote
        if quote.is_crossed or not (quote.bid_amount > 0 and quote.ask_amount > 0):
            return self._resync(f"the venue's touch is none: {tuple(quote)}")
        return self._quote_as(quote, event)

    def _requote(self, event: BookReplaced | BookChanged) -> list[MarketOutput]:
        self._book_sequence = event.sequence
        quote = self._book.quote()
        if quote is not None and quote.is_crossed:
            return self._resync(f"crossed: bid {quote.bid}, ask {quote.ask}")
        if event.sequence < self.quote_sequence:
            return []
        return self._quote_as(quote, event)

    def _quote_as(
        self, quote: Quote | None, event: BookReplaced | BookChanged | BestQuoted
    ) -> list[MarketOutput]:
        """Of a sound quote, or None."""
        self.quote_sequence = event.sequence
        if quote == self._quote:
            return []
        self._quote = quote
        if quote is None:
            self._flow.lose()
            return []
        self._flow.on_quote(quote)
        return [
            QuoteChanged(
                self.instrument, quote, event.ts_venue_ns, event.ts_local_ns, event.sequence
            )
        ]

    def _resync(self, reason: str) -> list[MarketOutput]:
        self._lose_book()
        return [ResyncBook(self.instrument, reason)]

    def _lose_book(self) -> None:
        self.is_synced = False
        self._quote = None
        self._flow.lose()


def _is_usable(event: BookReplaced | BookChanged) -> bool:
    """True where every price and amount is a finite number, prices above zero."""
    for levels in (event.bids, event.asks):
        for price, amount in levels:
            if not (0.0 < price < 1e300 and 0.0 <= amount < 1e300):
                return False
    return True
