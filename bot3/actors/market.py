"""The market of one instrument: feed events in; quotes, bars and features out.

Invariant: whoever is told a quote is told when it is no longer to be trusted. Healing decides
whether a book in doubt is asked for, and hears once a beat that a live one is alive.
"""

from __future__ import annotations

from typing import assert_never, final

from bot3.actors.memory import Memory
from bot3.domain.book import Level
from bot3.domain.values import InstrumentId
from bot3.market.bars import BarSettings
from bot3.market.view import MarketOutput, MarketView
from bot3.messages.healing import BookSeen
from bot3.messages.market import (
    BarClosed,
    BookChanged,
    BookLost,
    BookReplaced,
    DepthSampled,
    FeedEvent,
    FeedLost,
    HistoryLoaded,
    QuoteChanged,
    ResyncBook,
    TimerTicked,
)
from bot3.messages.mev import DexTraded
from bot3.messages.minds import FeaturesComputed
from supervisors.actor import Address, DecisionActor
from supervisors.clock import Clock

QUIET_NS = 200_000_000  # a touch that changed since is no older than this anyway

DEPTH_LEVELS = 10

# As tuples: asked of every message.
_OF_A_BOOK = (QuoteChanged, BookLost)
_BOOKS = (BookChanged, BookReplaced)

MarketMessage = FeedEvent | TimerTicked | HistoryLoaded | QuoteChanged | DexTraded


@final
class MarketActor(DecisionActor[MarketMessage]):
    """A restarted one warms up from memory in silence and asks for a whole book."""

    def __init__(
        self,
        instrument: InstrumentId,
        settings: BarSettings,
        memory: Memory,
        clock: Clock,
        *,
        quotes: tuple[Address[QuoteChanged | BookLost], ...],
        depths: tuple[Address[DepthSampled], ...],
        bars: tuple[Address[BarClosed], ...],
        features: tuple[Address[FeaturesComputed], ...],
        healing: Address[ResyncBook | BookSeen],
    ) -> None:
        self._key = instrument
        self._view = MarketView(instrument, settings)
        self._bars = memory.take_bars(instrument)
        self._clock = clock
        self._quote_listeners = quotes
        self._depth_listeners = depths
        self._bar_listeners = bars
        self._features = features
        self._healing = healing
        self._book_event: BookReplaced | BookChanged | None = None
        self._told_ns = 0
        self._seen_ns = 0

    def started(self) -> None:
        """It has no book: whoever trusts the quote of one before it is told, and a book asked for.

        At the very first start there is no such quote, and no connection to ask: nothing follows.
        """
        if self._bars:
            self._view.warm_up(tuple(self._bars))
        self._withdraw("the market actor started", self._clock.now_ns())
        self._healing.send(ResyncBook(self._view.instrument, "the market actor started"))

    def book(self, depth: int) -> tuple[int, list[Level], list[Level]] | None:
        """The venue's id of the book, the best bids and the best asks; None without a sound one."""
        event = self._book_event
        if event is None or self._view.quote is None:
            return None
        return event.sequence, *self._view.depth(depth)

    def handle(self, message: MarketMessage) -> None:
        if isinstance(message, _OF_A_BOOK) and message.instrument != self._key:
            self._view.on_peer(message)
        elif isinstance(message, TimerTicked):
            self._send(self._view.on_time(message.ts_ns, self._clock.monotonic_ns()))
            self._refresh_quote()
        elif isinstance(message, HistoryLoaded):
            if not self._bars:  # a session that starts again brings nothing new
                self._send(self._view.warm_up(message.bars))
        elif isinstance(message, DexTraded):
            self._view.on_pools(message)
        else:
            assert not isinstance(message, QuoteChanged)  # nobody tells it its own
            self._feed(message, self._clock.monotonic_ns())

    def _feed(self, event: FeedEvent, origin_ns: int) -> None:
        if isinstance(event, _BOOKS):
            self._book_event = event
        had_quote = self._view.quote is not None
        self._send(self._view.apply(event, origin_ns))
        if had_quote and self._view.quote is None:
            reason = event.reason if isinstance(event, BookLost | FeedLost) else "no sound touch"
            self._withdraw(reason, event.ts_local_ns)

    def _withdraw(self, reason: str, ts_local_ns: int) -> None:
        """The last quote is not to be trusted any more."""
        lost = BookLost(self._view.instrument, reason, ts_local_ns)
        self._book_event = None
        for listener in self._quote_listeners:
            listener.send(lost)

    def _refresh_quote(self) -> None:
        """A quiet touch in a book that is alive is not stale: says so once a beat."""
        event, quote = self._book_event, self._view.quote
        if event is None or quote is None:
            return
        if event.ts_local_ns > self._seen_ns:
            self._seen_ns = event.ts_local_ns
            self._healing.send(BookSeen(self._view.instrument))
            self._sample_depth(event.ts_local_ns)
        if event.ts_local_ns < self._told_ns + QUIET_NS:
            return
        self._tell(
            QuoteChanged(
                self._view.instrument,
                quote,
                event.ts_venue_ns,
                event.ts_local_ns,
                self._view.quote_sequence,
            )
        )

    def _sample_depth(self, ts_local_ns: int) -> None:
        bids, asks = self._view.depth(DEPTH_LEVELS)
        sampled = DepthSampled(self._view.instrument, bids, asks, ts_local_ns)
        for listener in self._depth_listeners:
            listener.send(sampled)

    def _tell(self, quote: QuoteChanged) -> None:
        self._told_ns = quote.ts_local_ns
        for listener in self._quote_listeners:
            listener.send(quote)

    def _send(self, outputs: list[MarketOutput]) -> None:
        for output in outputs:
            match output:
                case QuoteChanged():
                    self._tell(output)
                case BarClosed():
                    self._bars.append(output.bar)
                    for listener in self._bar_listeners:
                        listener.send(output)
                case FeaturesComputed():
                    for told in self._features:
                        told.send(output)
                case ResyncBook():
                    self._healing.send(output)
                case _:
                    assert_never(output)
