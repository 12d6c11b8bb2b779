"""A book that is kept by the rules of Bybit's topics, with nothing forgiven."""

from __future__ import annotations

from decimal import Decimal
from typing import Any


class Follower:
    """Both sides, by exact prices."""

    def __init__(self) -> None:
        self.bids: dict[Decimal, Decimal] = {}
        self.asks: dict[Decimal, Decimal] = {}
        self.number = 0

    def take(self, messages: list[Any]) -> None:
        for message in messages:
            data = message["data"]
            if message["type"] == "snapshot":
                self.bids, self.asks = {}, {}
            else:
                assert data["u"] == self.number + 1
            self.number = data["u"]
            for side, levels in ((self.bids, data["b"]), (self.asks, data["a"])):
                for price, size in levels:
                    if size == "0":
                        del side[Decimal(price)]  # nothing unknown is deleted
                    else:
                        side[Decimal(price)] = Decimal(size)
