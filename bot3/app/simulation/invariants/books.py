"""The bot's best prices are the exchange's, compared at equal update ids, at all times; and so
are the levels behind them.

Of each book the last `books_kept` published states are remembered; what the bot believes of an
older one cannot be judged any more and is let pass. A state that the exchange never published is
none at all. At rest the bot's book is also not older than `book_lag_max_s`.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import dropwhile
from typing import final

from bot3.app.simulation.invariants.events import (
    BookPublished,
    BookSeen,
    BotBookRest,
    Levels,
    LevelsSeen,
    Settled,
    Touch,
    WorldEvent,
)
from bot3.app.simulation.invariants.jury import Violation
from bot3.app.simulation.invariants.settings import InvariantSettings, ns
from bot3.domain.book import Level
from bot3.domain.values import InstrumentId


@final
class BooksAgree:
    """Constant work for an update; at `Settled` as much as is remembered."""

    name = "books_agree"
    hears: tuple[type[WorldEvent], ...] = (BookPublished, BookSeen, LevelsSeen, Settled)

    def __init__(self, settings: InvariantSettings) -> None:
        self._kept = settings.books_kept
        self._lag_ns = ns(settings.book_lag_max_s)
        self._published: dict[InstrumentId, OrderedDict[int, BookPublished]] = {}

    def hear(self, event: WorldEvent) -> list[Violation]:
        texts: list[str] = []
        match event:
            case BookPublished():
                self._publish(event)
                return []
            case BookSeen():
                key = InstrumentId(event.venue, event.symbol)
                texts = self._compare(key, event.update_id, event.touch)
            case LevelsSeen():
                texts = self._compare_levels(event)
            case Settled():
                for book in event.bot.books:
                    texts += self._rest(book, event.ts_ns)
            case _:
                pass
        return [Violation(self.name, event.ts_ns, text) for text in texts]

    def _publish(self, event: BookPublished) -> None:
        states = self._states(InstrumentId(event.venue, event.symbol))
        states[event.update_id] = event
        if len(states) > self._kept:
            states.popitem(last=False)

    def _states(self, key: InstrumentId) -> OrderedDict[int, BookPublished]:
        states = self._published.get(key)
        if states is None:
            states = self._published[key] = OrderedDict()
        return states

    def _compare(self, key: InstrumentId, update_id: int, seen: Touch) -> list[str]:
        found = self._states(key).get(update_id)
        if found is None:
            return self._unknown(key, update_id)
        if seen == found.touch:
            return []
        return [f"{key}: book {update_id} is {_shown(found.touch)}, the bot has {_shown(seen)}"]

    def _unknown(self, key: InstrumentId, update_id: int) -> list[str]:
        states = self._states(key)
        is_forgotten = len(states) >= self._kept and update_id < next(iter(states))
        return [] if is_forgotten else [f"{key}: book {update_id} was never published"]

    def _compare_levels(self, seen: LevelsSeen) -> list[str]:
        key = InstrumentId(seen.venue, seen.symbol)
        found = self._states(key).get(seen.update_id)
        if found is None:
            return self._unknown(key, seen.update_id)
        return [
            f"{key}: {side} of book {seen.update_id} are {_listed(theirs)}, the bot has"
            f" {_listed(ours)}"
            for side, ours, theirs in _sides(seen, found.levels())
            if ours != theirs
        ]

    def _rest(self, book: BotBookRest, now_ns: int) -> list[str]:
        if book.touch is None:
            return []  # `alive` tells of it
        texts = self._compare(book.instrument, book.update_id, book.touch)
        states = self._states(book.instrument)
        later = dropwhile(lambda update_id: update_id <= book.update_id, states)
        if (following := next(later, None)) is not None:
            behind_ns = now_ns - states[following].ts_ns
            if behind_ns > self._lag_ns:
                texts.append(f"{book.instrument}: the bot's book is {behind_ns / 1e9:.3f} s behind")
        return texts


def _sides(
    seen: LevelsSeen, published: Levels
) -> Iterator[tuple[str, Sequence[Level], Sequence[Level]]]:
    yield "the bids", seen.bids, _as_held(published.bids)
    yield "the asks", seen.asks, _as_held(published.asks)


def _as_held(levels: Sequence[tuple[Decimal, Decimal]]) -> Sequence[Level]:
    """As floats, which tell decimals of up to fifteen digits apart; no venue has more."""
    return [(float(price), float(amount)) for price, amount in levels]


def _listed(levels: Sequence[Level]) -> str:
    return ", ".join(f"{amount:.15g} at {price:.15g}" for price, amount in levels) or "none"


def _shown(touch: Touch) -> str:
    return f"{touch.bid_amount} at {touch.bid}, {touch.ask_amount} at {touch.ask}"
