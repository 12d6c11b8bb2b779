"""A local order book: levels as floats, best first, replaced or changed level by level.

Invariant: both sides sorted, every amount positive. Floats because a book is statistics here:
an order's price is made from it by rounding to the tick (`Instrument.nearest_price`).
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable
from typing import NamedTuple

from bot3.domain.values import Side

Level = tuple[float, float]


class Quote(NamedTuple):
    """Best bid and ask with their amounts."""

    bid: float
    bid_amount: float
    ask: float
    ask_amount: float

    @property
    def mid(self) -> float:
        """The middle of bid and ask."""
        return (self.bid + self.ask) / 2

    @property
    def is_crossed(self) -> bool:
        """True where the best bid is not below the best ask: the book is wrong."""
        return self.bid >= self.ask


class _Half:
    """One side: `prices` ascending by key (bids are keyed by the negative price)."""

    __slots__ = ("amounts", "keys", "sign")

    def __init__(self, sign: float) -> None:
        self.sign = sign
        self.keys: list[float] = []
        self.amounts: dict[float, float] = {}

    def replace(self, levels: Iterable[Level]) -> None:
        self.amounts = {self.sign * price: amount for price, amount in levels if amount > 0}
        self.keys = sorted(self.amounts)

    def change(self, levels: Iterable[Level]) -> None:
        for price, amount in levels:
            key = self.sign * price
            if amount > 0:
                if key not in self.amounts:
                    insort(self.keys, key)
                self.amounts[key] = amount
            elif key in self.amounts:
                del self.amounts[key]
                del self.keys[bisect_left(self.keys, key)]

    def top(self, depth: int) -> list[Level]:
        return [(self.sign * key, self.amounts[key]) for key in self.keys[:depth]]


class Book:
    """Price levels of one instrument."""

    __slots__ = ("_asks", "_bids")

    def __init__(self) -> None:
        self._bids, self._asks = _Half(-1.0), _Half(1.0)

    def replace(self, bids: Iterable[Level], asks: Iterable[Level]) -> None:
        """Forgets everything and takes these levels."""
        self._bids.replace(bids)
        self._asks.replace(asks)

    def change(self, bids: Iterable[Level], asks: Iterable[Level]) -> None:
        """Sets levels to their absolute amounts; zero removes, unknown removals are normal."""
        self._bids.change(bids)
        self._asks.change(asks)

    def quote(self) -> Quote | None:
        """Best bid and ask, None while a side is empty."""
        if not (self._bids.keys and self._asks.keys):
            return None
        bid, ask = self._bids.keys[0], self._asks.keys[0]
        return Quote(-bid, self._bids.amounts[bid], ask, self._asks.amounts[ask])

    def amount_at(self, side: Side, price: float) -> float:
        """What rests at a price of one side (BUY: the bids); 0 where nothing does."""
        half = self._bids if side is Side.BUY else self._asks
        return half.amounts.get(half.sign * price, 0.0)

    def bids(self, depth: int) -> list[Level]:
        """The best `depth` bids, high to low."""
        return self._bids.top(depth)

    def asks(self, depth: int) -> list[Level]:
        """The best `depth` asks, low to high."""
        return self._asks.top(depth)
