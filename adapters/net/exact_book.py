"""A book of exact decimals, as the wire wrote them: for recordings and their checksums.

Invariant: prices ascending, every amount positive.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable
from decimal import Decimal
from typing import final

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
