"""Order-flow imbalance: how much the best prices' queues grew on one side more than on the other.

Invariant: only two quotes of one whole book are compared; both forms give the same figures.

Cont, Kukanov and Stoikov 2014, "The Price Impact of Order Book Events", (3) and (4): a bid that
rises or grows, and an ask that rises or shrinks, count as buying. In units of the usual queue: a
slow mean, for a bar's own is as noisy as its flow.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bot3.domain.book import Quote
from bot3.market.rolling import Column

_NEW = 0.05  # the weight of the newest bar's mean queue


class OrderFlow:
    """Sums a bar's contributions; `take` gives them and begins the next bar."""

    __slots__ = ("_depth", "_flow", "_last", "_quotes", "_usual")

    def __init__(self) -> None:
        self._last: Quote | None = None
        self._flow = self._depth = 0.0
        self._quotes = 0
        self._usual = 0.0

    def on_quote(self, quote: Quote) -> None:
        """The next quote of the same book."""
        last, self._last = self._last, quote
        self._depth += 0.5 * (quote.bid_amount + quote.ask_amount)
        self._quotes += 1
        if last is not None:
            if quote.bid >= last.bid:
                self._flow += quote.bid_amount
            if quote.bid <= last.bid:
                self._flow -= last.bid_amount
            if quote.ask <= last.ask:
                self._flow -= quote.ask_amount
            if quote.ask >= last.ask:
                self._flow += last.ask_amount

    def lose(self) -> None:
        """The book is in doubt: the next quote has none before it."""
        self._last = None

    def take(self) -> float:
        """The bar's imbalance in usual queues; 0 where no quote came."""
        if self._quotes == 0:
            return 0.0
        self._usual = _follow(self._usual, self._depth / self._quotes)
        flow = self._flow / self._usual if self._usual > 0.0 else 0.0
        self._flow = self._depth = 0.0
        self._quotes = 0
        return flow


def _follow(usual: float, depth: float) -> float:
    """The first bar's queue is the usual one until there are others."""
    return usual + _NEW * (depth - usual) if usual > 0.0 else depth


def order_flow(
    quotes: NDArray[np.float64], has_before: NDArray[np.bool_], bars: NDArray[np.int64], count: int
) -> Column:
    """Columnar form: `quotes` (n, 4) as bid, amount, ask, amount; `has_before[i]` where quote i - 1
    is of the same book; `bars[i]` in [0, count) is the bar of quote i. One figure a bar.
    """
    bid, bid_amount, ask, ask_amount = quotes.T
    flows = np.zeros(len(quotes))
    flows[1:] += np.where(bid[1:] >= bid[:-1], bid_amount[1:], 0.0)
    flows[1:] -= np.where(bid[1:] <= bid[:-1], bid_amount[:-1], 0.0)
    flows[1:] -= np.where(ask[1:] <= ask[:-1], ask_amount[1:], 0.0)
    flows[1:] += np.where(ask[1:] >= ask[:-1], ask_amount[:-1], 0.0)
    total = np.bincount(bars, np.where(has_before, flows, 0.0), count)
    depth = np.bincount(bars, 0.5 * (bid_amount + ask_amount), count)
    number = np.bincount(bars, minlength=count)
    result, usual = np.zeros(count), 0.0
    for bar in np.flatnonzero(number).tolist():
        usual = _follow(usual, float(depth[bar] / number[bar]))
        result[bar] = total[bar] / usual if usual > 0.0 else 0.0
    return result
