"""What a feature vector takes from the book: a sample at the bar's close.

Invariant: a sample is finite; a market without a usable book has the neutral one.
"""

from __future__ import annotations

from typing import NamedTuple

from bot3.domain.book import Quote


class BookSample(NamedTuple):
    """The book at a bar's close.

    `queue_imbalance` in [-1, 1] is (bid - ask) / (bid + ask) of the best amounts; `spread_bps` and
    `microprice_deviation_bps` (microprice minus mid) are relative to the mid. Stoikov 2018.
    """

    queue_imbalance: float
    spread_bps: float
    microprice_deviation_bps: float


# Where there is no book (history, a lost feed): nothing to say, rather than no features at all.
NO_BOOK = BookSample(0.0, 0.0, 0.0)


def book_sample(quote: Quote) -> BookSample:
    """The sample of an uncrossed quote with positive amounts."""
    mid, total = quote.mid, quote.bid_amount + quote.ask_amount
    imbalance = (quote.bid_amount - quote.ask_amount) / total
    spread = quote.ask - quote.bid
    # The microprice (ask*bid_amount + bid*ask_amount) / total lies imbalance*spread/2 above mid.
    return BookSample(imbalance, 1e4 * spread / mid, 1e4 * imbalance * spread / (2.0 * mid))
