"""What a recorded book tells a strategy, and what one may wish for.

Invariant: amounts that are wished for are exact decimals; those of the market are as recorded.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple, Protocol, runtime_checkable

from bot3.domain.book import Level, Quote
from bot3.domain.values import Side


class BookEvent(NamedTuple):
    """Levels as (price, amount); a snapshot is the whole book."""

    ts_ns: int
    bids: list[Level]
    asks: list[Level]
    is_snapshot: bool


class TradeEvent(NamedTuple):
    """`aggressor`: who took."""

    ts_ns: int
    price: float
    amount: float
    aggressor: Side


MarketEvent = BookEvent | TradeEvent


class Wish(NamedTuple):
    """An order: without a price it crosses; with one it is cancelled after `patience_ns`."""

    side: Side
    amount: Decimal
    price: Decimal | None = None
    patience_ns: int = 0


@runtime_checkable
class BookStrategy(Protocol):
    """Asked after every event while no order of its is on its way or resting."""

    name: str

    def decide(self, now_ns: int, quote: Quote, held: Decimal, cash: Decimal) -> Wish | None:
        """What to order now, if anything."""
        ...
