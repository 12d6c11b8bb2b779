"""A book of exact decimals, as the wire wrote them: for recordings and their checksums.

Invariant: prices ascending, every amount positive.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable
from decimal import Decimal
from typing import final

from adapters.net.described import Described

Level = tuple[Decimal, Decimal]


@final
class ExactBook:
    """Price levels of one instrument."""

    def __init__(self) -> None:
        self._bids: tuple[list[Decimal], dict[Decimal, Decimal]] = ([], {})
        self._asks: tuple[list[Decimal], dict[Decimal, Decimal]] = ([], {})

    def replace(self, bids: Iterable[Level], asks: Iterable[Level]) -> None:
        """Forgets everything and takes these levels."""
        self._bids, self._asks = ([], {}), ([], {})
        self.change(bids, asks)

    def change(self, bids: Iterable[Level], asks: Iterable[Level]) -> None:
        """Sets levels to their absolute amounts; zero removes."""
        for (prices, amounts), levels in ((self._bids, bids), (self._asks, asks)):
            for price, amount in levels:
                known = price in amounts
                if known:  # the text of the price may be another: the newest counts
                    del amounts[price]
                    del prices[bisect_left(prices, price)]
                if amount:
                    insort(prices, price)
                    amounts[price] = amount

    def bids(self, depth: int) -> list[Level]:
        """The best `depth` bids, high to low."""
        prices, amounts = self._bids
        return [(price, amounts[price]) for price in prices[: -depth - 1 : -1]]

    def asks(self, depth: int) -> list[Level]:
        """The best `depth` asks, low to high."""
        prices, amounts = self._asks
        return [(price, amounts[price]) for price in prices[:depth]]


def note_of(kind: str, record: Described) -> Described:
    """Of the instrument, the channel and the moment of an event of a book."""
    names = ("symbol", "channel", "ts_venue_ns")
    return {"type": kind, **{name: record[name] for name in names}}


def top_of(book: ExactBook, record: Described) -> Described | None:
    """The best bid and ask after an event; None where they cross, for then the book is wrong."""
    bids, asks = book.bids(1), book.asks(1)
    if bids and asks and bids[0][0] >= asks[0][0]:
        return None
    bid, ask = (side[0] if side else (None, None) for side in (bids, asks))
    top = note_of("top", record)
    top |= {"update_id": record["last_id"], "bid": bid[0], "bid_amount": bid[1]}
    return top | {"ask": ask[0], "ask_amount": ask[1]}
