"""What a feature vector takes from the books: a sample at the bar's close.

Invariant: a sample is finite; a market without a usable book has the neutral one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from bot3.domain.book import Level, Quote


class BookSample(NamedTuple):
    """The books at a bar's close.

    `queue_imbalance` in [-1, 1] is (bid - ask) / (bid + ask) of the best amounts; `spread_bps` and
    `microprice_deviation_bps` (microprice minus mid) are relative to the mid. Stoikov 2018.
    `order_flow`: of the bar, in usual queues (`bot3.market.flow`). `depth_imbalance` in [-1, 1]:
    as that of the queues, over the best levels; `depth_slope_bps`: how far from the mid these
    amounts lie on average. `basis_bps`: the other venues' mid above ours; `lead_bps`: by how much
    theirs rose more than ours in the bar. `pool_flow` in [-1, 1]: what was bought less what was
    sold from a chain's pools in the bar, of both.
    """

    queue_imbalance: float
    spread_bps: float
    microprice_deviation_bps: float
    order_flow: float = 0.0
    depth_imbalance: float = 0.0
    depth_slope_bps: float = 0.0
    basis_bps: float = 0.0
    lead_bps: float = 0.0
    pool_flow: float = 0.0


# Where there is no book (history, a lost feed): nothing to say, rather than no features at all.
NO_BOOK = BookSample(0.0, 0.0, 0.0)


def book_sample(
    quote: Quote,
    order_flow: float = 0.0,
    depth: tuple[Sequence[Level], Sequence[Level]] = ((), ()),
    peers: tuple[float, float] = (0.0, 0.0),
    pool_flow: float = 0.0,
) -> BookSample:
    """The sample of an uncrossed quote with positive amounts; `peers`: basis and lead."""
    mid, total = quote.mid, quote.bid_amount + quote.ask_amount
    imbalance = (quote.bid_amount - quote.ask_amount) / total
    spread = quote.ask - quote.bid
    # The microprice (ask*bid_amount + bid*ask_amount) / total lies imbalance*spread/2 above mid.
    deviation = 1e4 * imbalance * spread / (2.0 * mid)
    parts = (*_depth(mid, *depth), *peers, pool_flow)
    return BookSample(imbalance, 1e4 * spread / mid, deviation, order_flow, *parts)


def _depth(mid: float, bids: Sequence[Level], asks: Sequence[Level]) -> tuple[float, float]:
    """Imbalance and slope of the levels; (0, 0) without any."""
    bid, ask = sum(amount for _, amount in bids), sum(amount for _, amount in asks)
    total = bid + ask
    if total <= 0.0:
        return 0.0, 0.0
    away = sum(abs(price - mid) * amount for price, amount in (*bids, *asks))
    return (bid - ask) / total, 1e4 * away / (total * mid)
