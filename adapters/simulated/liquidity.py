"""Recorded liquidity in a live book: anonymous levels set to what was recorded, around our orders.

Invariant: after `set_level` the anonymous amount of that level is what was asked for, less what
crossed our own orders; a printed trade never changes an anonymous amount, only our queue place.
"""

from __future__ import annotations

from typing import final

from adapters.simulated.book import Event, Resting
from adapters.simulated.matching import MatchingEngine
from bot3.domain.values import Side

MARKET_OWNER = 0


@final
class RecordedLiquidity:
    """Writes recorded levels and trades into an engine. Anonymous order ids count down from -1."""

    def __init__(self, engine: MatchingEngine) -> None:
        self._engine = engine
        self._last_id = 0

    def set_level(self, side: Side, price: int, lots: int) -> list[Event]:
        """Makes the anonymous amount of a level `lots`: cuts the youngest, or adds behind.

        An added amount that crosses our resting orders trades with them first; what the
        recording knew before on the other side is older news and gives way.
        """
        there = self._anonymous(side, price)
        change = lots - sum(order.lots for order in there)
        if change < 0:
            return self._cut(there, -change)
        if change == 0:
            return []
        events = self._clear_crossed(side, price)
        self._last_id -= 1
        events += self._engine.place(self._last_id, MARKET_OWNER, side, change, price)
        return events

    def lots_at(self, side: Side, price: int) -> int:
        """The anonymous amount of a level."""
        return sum(order.lots for order in self._anonymous(side, price))

    def print_trade(self, price: int, lots: int, *, is_buyer_maker: bool) -> list[Event]:
        """A recorded trade: our orders at better prices fill, then those whose turn it is at
        `price`; what is left prints as a trade between others.
        """
        side = Side.BUY if is_buyer_maker else Side.SELL
        events: list[Event] = []
        for order in self._own_through(side, price):
            if lots:
                done = min(lots, order.lots)
                events += self._engine.fill(order.order_id, done, 0)
                lots -= done
        lots -= self._pass_queue(side, price, lots, events)
        if lots:
            events.append(self._engine.print_trade(price, lots, is_buyer_maker=is_buyer_maker))
        return events

    def _pass_queue(self, side: Side, price: int, lots: int, events: list[Event]) -> int:
        """Walks the level first in time first; returns what our orders took of it."""
        orders = self._engine.orders_at(side, price)
        if all(order.owner <= MARKET_OWNER for order in orders):
            return 0
        ours = 0
        for order in orders:
            done = min(lots, order.lots)
            if not done:
                break
            lots -= done
            if order.owner > MARKET_OWNER:
                events += self._engine.fill(order.order_id, done, 0)
                ours += done
            else:
                self._last_id -= 1
                self._engine.rotate(order.order_id, done, self._last_id)
        return ours

    def _anonymous(self, side: Side, price: int) -> list[Resting]:
        orders = self._engine.orders_at(side, price)
        return [order for order in orders if order.owner <= MARKET_OWNER]

    def _cut(self, orders: list[Resting], lots: int) -> list[Event]:
        events: list[Event] = []
        for order in reversed(orders):
            if not lots:
                break
            done = min(lots, order.lots)
            lots -= done
            events += self._engine.reduce(order.order_id, done)
        return events

    def _clear_crossed(self, side: Side, price: int) -> list[Event]:
        events: list[Event] = []
        if not self._engine.would_take(side, price):
            return events
        for other_price in self._engine.prices(side.opposite):
            if (other_price - price) * side.sign > 0:
                break
            for order in self._anonymous(side.opposite, other_price):
                events += self._engine.cancel(order.order_id)
        return events

    def _own_through(self, side: Side, price: int) -> list[Resting]:
        found = []
        for own_price in self._engine.prices(side):
            if (own_price - price) * side.sign <= 0:
                break
            orders = self._engine.orders_at(side, own_price)
            found += [order for order in orders if order.owner > MARKET_OWNER]
        return found
