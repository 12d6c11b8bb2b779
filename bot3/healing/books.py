"""Books that are silent although their feed is up, and books in doubt: asked for again.

Invariant: per instrument, at most `resyncs_per_minute_max` requests leave in any minute, and none
while the feed is down (its next connection brings whole books) or its venue's data is shed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import final

from attrs import define

from bot3.domain.values import InstrumentId, VenueName
from bot3.healing.decision import SECOND_NS, Decision, Window
from bot3.healing.settings import HealingSettings
from bot3.messages.healing import HealingAction
from bot3.messages.market import ResyncBook

MINUTE_S = 60.0


@define
class _Book:
    """`alive_ns`: the last sign of life, request or return of the feed."""

    asked: Window
    alive_ns: int


@final
class BookWatch:
    """A feed counts as up from its first word on: a book that is alive is one too."""

    def __init__(
        self, instruments: Iterable[InstrumentId], settings: HealingSettings, now_ns: int
    ) -> None:
        self._stale_ns = int(settings.stale_book_s * SECOND_NS)
        self._books = {
            key: _Book(Window(MINUTE_S, settings.resyncs_per_minute_max), now_ns)
            for key in instruments
        }
        self._is_up: dict[VenueName, bool] = {}

    def on_book(self, instrument: InstrumentId, now_ns: int) -> None:
        """The book is alive, and so is its feed."""
        self._books[instrument].alive_ns = now_ns
        self._is_up[instrument.venue] = True

    def on_feed_lost(self, venue: VenueName) -> None:
        """Nothing can be asked of it."""
        self._is_up[venue] = False

    def on_feed_restored(self, venue: VenueName, now_ns: int) -> None:
        """Its books come by themselves; they have as long as live ones."""
        self._is_up[venue] = True
        for key, book in self._books.items():
            if key.venue == venue:
                book.alive_ns = now_ns

    def on_doubt(self, doubted: ResyncBook, now_ns: int) -> Decision | None:
        """The market actor wants a whole book. Refused ones are asked for once they are stale."""
        return self._ask(doubted.instrument, doubted.reason, now_ns)

    def on_time(self, now_ns: int, shed: Iterable[VenueName]) -> Iterator[Decision]:
        """Every book that has been silent for too long."""
        for key, book in self._books.items():
            if now_ns - book.alive_ns >= self._stale_ns and key.venue not in shed:
                silent_s = (now_ns - book.alive_ns) / SECOND_NS
                decision = self._ask(key, f"silent for {silent_s:.1f} s", now_ns)
                if decision is not None:
                    yield decision

    def _ask(self, instrument: InstrumentId, reason: str, now_ns: int) -> Decision | None:
        book = self._books[instrument]
        if not self._is_up.get(instrument.venue, False) or book.asked.is_full(now_ns):
            return None
        book.asked.add(now_ns)
        book.alive_ns = now_ns  # the answer has as long as a live book
        command = ResyncBook(instrument, reason)
        return Decision(HealingAction.RESYNC_BOOK, str(instrument), reason, command)
