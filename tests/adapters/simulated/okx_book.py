"""A book that is kept by the rules of OKX's channels, with nothing forgiven."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from adapters.simulated.market import Market
from bot3.domain.values import Side


class Follower:
    """A book kept by the rules of the protocol."""

    def __init__(self) -> None:
        self.bids: dict[Decimal, Decimal] = {}
        self.asks: dict[Decimal, Decimal] = {}
        self.last = -2

    def take(self, messages: list[Any]) -> None:
        for message in messages:
            (row,) = message["data"]
            if message["action"] == "snapshot":
                self.bids, self.asks = {}, {}
                assert row["prevSeqId"] == -1
            else:
                assert row["prevSeqId"] == self.last
            self.last = row["seqId"]
            for side, levels in ((self.bids, row["bids"]), (self.asks, row["asks"])):
                for price, size, _, _ in levels:
                    if size == "0":
                        del side[Decimal(price)]  # nothing unknown is deleted
                    else:
                        side[Decimal(price)] = Decimal(size)

    def assert_is(self, market: Market, depth: int) -> None:
        scale = market.scale
        for side, levels in ((Side.BUY, self.bids), (Side.SELL, self.asks)):
            top = market.engine.top(side, depth)
            assert levels == {scale.price(p): scale.amount(a) for p, a in top}
