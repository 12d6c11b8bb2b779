"""The parts of a price-time-priority book, in exact integers, and what can happen to it.

Invariant: a half's keys ascend from its best level; a level holds at least one order, in the order
of their arrival, and `lots` is their sum.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from enum import Enum, unique
from typing import final

import msgspec


@unique
class Ending(Enum):
    """Why what was left of an order is not in the book."""

    CANCELED = "canceled"
    SELF_TRADE = "self_trade"
    IOC_REST = "ioc_rest"
    FOK_UNFILLED = "fok_unfilled"
    NO_LIQUIDITY = "no_liquidity"
    WOULD_TAKE = "would_take"


@final
class Trade(msgspec.Struct, frozen=True, gc=False):
    """One match, at the maker's price. Owners above zero are accounts, others the market."""

    trade_id: int
    price: int
    lots: int
    maker_id: int
    maker_owner: int
    taker_id: int
    taker_owner: int
    is_buyer_maker: bool


@final
class LevelSet(msgspec.Struct, frozen=True, gc=False):
    """A level's new absolute amount, zero where it is gone."""

    update_id: int
    is_bid: bool
    price: int
    lots: int


@final
class Ended(msgspec.Struct, frozen=True, gc=False):
    """The rest of an order left, or never reached, the book; `lots` were unfilled."""

    order_id: int
    owner: int
    lots: int
    reason: Ending


OrderEvent = Trade | Ended
Event = OrderEvent | LevelSet


@final
class Resting:
    """An order in the book."""

    __slots__ = ("is_bid", "lots", "order_id", "owner", "price")

    def __init__(self, order_id: int, owner: int, *, is_bid: bool, price: int, lots: int) -> None:
        self.order_id = order_id
        self.owner = owner
        self.is_bid = is_bid
        self.price = price
        self.lots = lots


@final
class Level:
    """One price: orders by arrival (a dict keeps the order and deletes from anywhere)."""

    __slots__ = ("lots", "orders")

    def __init__(self) -> None:
        self.orders: dict[int, Resting] = {}
        self.lots = 0

    def lots_of(self, owner: int) -> int:
        """What an account (owners above zero) has here; zero for the market's own."""
        if owner <= 0:
            return 0
        return sum(order.lots for order in self.orders.values() if order.owner == owner)


@final
class Half:
    """One side. `keys` ascend from the best: a bid's key is its negative price."""

    __slots__ = ("keys", "levels", "sign")

    def __init__(self, sign: int) -> None:
        self.sign = sign
        self.keys: list[int] = []
        self.levels: dict[int, Level] = {}

    def level(self, key: int) -> Level:
        found = self.levels.get(key)
        if found is None:
            found = self.levels[key] = Level()
            insort(self.keys, key)
        return found

    def drop(self, key: int) -> None:
        """A level that has no order left."""
        del self.levels[key]
        del self.keys[bisect_left(self.keys, key)]
