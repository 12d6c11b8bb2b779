"""Price-time-priority matching in exact integers: prices in ticks, amounts in lots.

Invariant: both sides are sorted, the best bid is below the best ask, every order and level is
positive, and each change of a level takes the next update id, without a hole.

A pure state machine: each operation returns what happened, in order, and calls nobody.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import final

from adapters.simulated.book import Ended, Ending, Event, Half, LevelSet, Resting, Trade
from bot3.domain.order import OrderType, TimeInForce
from bot3.domain.values import Side

# Looked up with every order.
_BUY, _POST_ONLY, _MARKET = Side.BUY, OrderType.POST_ONLY, OrderType.MARKET
_GTC, _FOK = TimeInForce.GTC, TimeInForce.FOK
_CANCELED, _IOC_REST = Ending.CANCELED, Ending.IOC_REST


@final
class MatchingEngine:
    """The book of one instrument. Ids below zero are the market's own, chosen by the caller."""

    def __init__(self, *, first_update_id: int = 1, first_trade_id: int = 1) -> None:
        self._bids, self._asks = Half(-1), Half(1)
        self._orders: dict[int, Resting] = {}
        self.update_id = first_update_id - 1
        self.trade_id = first_trade_id - 1

    def __contains__(self, order_id: int) -> bool:
        return order_id in self._orders

    def __len__(self) -> int:
        return len(self._orders)

    def place(
        self,
        order_id: int,
        owner: int,
        side: Side,
        lots: int,
        price: int | None,
        *,
        kind: OrderType = OrderType.LIMIT,
        tif: TimeInForce = TimeInForce.GTC,
    ) -> list[Event]:
        """Matches, then rests what is left where the type allows; `price` None takes any price.

        An own resting order in the way is removed (self-trade prevention EXPIRE_MAKER).
        """
        events: list[Event] = []
        left, takes = lots, price is None or self.would_take(side, price)
        if takes and price is not None and kind is _POST_ONLY:
            return [Ended(order_id, owner, lots, Ending.WOULD_TAKE)]
        if tif is _FOK and self.sweep(side, lots, price, owner)[0] < lots:
            return [Ended(order_id, owner, lots, Ending.FOK_UNFILLED)]
        if takes:
            left = self._take(order_id, owner, side, lots, price=price, events=events)
            if not left:
                return events
        if price is None or kind is _MARKET:
            events.append(Ended(order_id, owner, left, Ending.NO_LIQUIDITY))
        elif tif is not _GTC:
            events.append(Ended(order_id, owner, left, _IOC_REST))
        else:
            resting = Resting(order_id, owner, is_bid=side is _BUY, price=price, lots=left)
            events.append(self._rest(resting))
        return events

    def cancel(self, order_id: int) -> list[Event]:
        """Takes it off the book; nothing happens where it is not in it."""
        order = self._orders.get(order_id)
        if order is None:
            return []
        return self._remove(order, _CANCELED)

    def reduce(self, order_id: int, lots: int) -> list[Event]:
        """Takes `lots` off a resting order, which keeps its place; all of it cancels it."""
        order = self._orders[order_id]
        if lots >= order.lots:
            return self._remove(order, _CANCELED)
        half = self._half(is_bid=order.is_bid)
        level = half.levels[half.sign * order.price]
        order.lots -= lots
        level.lots -= lots
        return [self._level_set(order.price, level.lots, is_bid=order.is_bid)]

    def fill(self, order_id: int, lots: int, taker_id: int) -> list[Event]:
        """A trade of the market against this resting order alone, at its price (a replay's)."""
        order = self._orders[order_id]
        events: list[Event] = []
        done = min(lots, order.lots)
        self._trade(order, done, taker_id, 0, events)
        half = self._half(is_bid=order.is_bid)
        key = half.sign * order.price
        self._settle_level(half, key, events)
        return events

    def print_trade(self, price: int, lots: int, *, is_buyer_maker: bool) -> Trade:
        """A trade between others that leaves the book as it is (a replay's)."""
        self.trade_id += 1
        return Trade(self.trade_id, price, lots, 0, 0, 0, 0, is_buyer_maker)

    def rotate(self, order_id: int, lots: int, new_id: int) -> None:
        """Moves `lots` of a resting order behind its level's last, as `new_id` if only a part."""
        order = self._orders[order_id]
        half = self._half(is_bid=order.is_bid)
        queue = half.levels[half.sign * order.price].orders
        if lots >= order.lots:
            del queue[order_id]
            queue[order_id] = order
            return
        order.lots -= lots
        part = Resting(new_id, order.owner, is_bid=order.is_bid, price=order.price, lots=lots)
        queue[new_id] = self._orders[new_id] = part

    def would_take(self, side: Side, price: int) -> bool:
        """True where a limit order at `price` would meet the other side."""
        other = self._asks if side is _BUY else self._bids
        return bool(other.keys) and other.keys[0] <= other.sign * price

    def sweep(
        self, side: Side, lots: int, price: int | None = None, owner: int = 0
    ) -> tuple[int, int]:
        """(lots, sum of ticks x lots) that an order of `owner` would take now."""
        done = cost = 0
        other = self._asks if side is _BUY else self._bids
        for key in other.keys:
            if done == lots or (price is not None and key > other.sign * price):
                break
            level = other.levels[key]
            there = level.lots - level.lots_of(owner)
            part = min(lots - done, there)
            done += part
            cost += part * abs(key)
        return done, cost

    def lots_for(self, side: Side, budget: int, owner: int = 0) -> int:
        """The most lots whose sum of ticks x lots stays within `budget`."""
        done = 0
        other = self._asks if side is _BUY else self._bids
        for key in other.keys:
            level = other.levels[key]
            there = level.lots - level.lots_of(owner)
            part = min(there, budget // abs(key))
            done += part
            budget -= part * abs(key)
            if part < there:
                break
        return done

    def best(self, side: Side) -> int | None:
        """The best price of a side, None where it is empty."""
        half = self._bids if side is _BUY else self._asks
        return half.sign * half.keys[0] if half.keys else None

    def top(self, side: Side, depth: int) -> list[tuple[int, int]]:
        """The best `depth` levels of a side as (price, lots), best first."""
        half = self._bids if side is _BUY else self._asks
        sign, levels = half.sign, half.levels
        return [(sign * key, levels[key].lots) for key in half.keys[:depth]]

    def best_level(self, side: Side) -> tuple[int, int]:
        """The best (price, lots) of a side, zeros where it is empty."""
        half = self._bids if side is _BUY else self._asks
        if not half.keys:
            return 0, 0
        key = half.keys[0]
        return half.sign * key, half.levels[key].lots

    def orders_at(self, side: Side, price: int) -> list[Resting]:
        """The orders of one level, first in time first."""
        half = self._bids if side is _BUY else self._asks
        level = half.levels.get(half.sign * price)
        return list(level.orders.values()) if level else []

    def prices(self, side: Side) -> Iterator[int]:
        """Every price of a side, best first."""
        half = self._bids if side is _BUY else self._asks
        return (half.sign * key for key in list(half.keys))

    def orders(self) -> Iterator[Resting]:
        """Every order in the book."""
        return iter(self._orders.values())

    def _take(
        self,
        order_id: int,
        owner: int,
        side: Side,
        lots: int,
        *,
        price: int | None,
        events: list[Event],
    ) -> int:
        other = self._asks if side is _BUY else self._bids
        while lots and other.keys and (price is None or other.keys[0] <= other.sign * price):
            key = other.keys[0]
            orders = other.levels[key].orders
            while lots and orders:
                maker = next(iter(orders.values()))
                if owner > 0 and maker.owner == owner:
                    self._forget(other, maker)
                    events.append(Ended(maker.order_id, owner, maker.lots, Ending.SELF_TRADE))
                    continue
                done = min(lots, maker.lots)
                self._trade(maker, done, order_id, owner, events)
                lots -= done
            self._settle_level(other, key, events)
        return lots

    def _trade(
        self, maker: Resting, lots: int, taker_id: int, taker_owner: int, events: list[Event]
    ) -> None:
        half = self._half(is_bid=maker.is_bid)
        self.trade_id += 1
        maker.lots -= lots
        half.levels[half.sign * maker.price].lots -= lots
        if not maker.lots:
            self._forget(half, maker)
        events.append(
            Trade(
                self.trade_id,
                maker.price,
                lots,
                maker.order_id,
                maker.owner,
                taker_id,
                taker_owner,
                maker.is_bid,
            )
        )

    def _rest(self, order: Resting) -> LevelSet:
        is_bid, price = order.is_bid, order.price
        half = self._bids if is_bid else self._asks
        level = half.level(half.sign * price)
        level.orders[order.order_id] = self._orders[order.order_id] = order
        level.lots += order.lots
        self.update_id += 1
        return LevelSet(self.update_id, is_bid, price, level.lots)

    def _remove(self, order: Resting, reason: Ending) -> list[Event]:
        is_bid, price = order.is_bid, order.price
        half = self._bids if is_bid else self._asks
        level = half.levels[half.sign * price]
        level.lots -= order.lots
        del level.orders[order.order_id]
        del self._orders[order.order_id]
        if not level.lots:
            half.drop(half.sign * price)
        self.update_id += 1
        return [
            Ended(order.order_id, order.owner, order.lots, reason),
            LevelSet(self.update_id, is_bid, price, level.lots),
        ]

    def _forget(self, half: Half, order: Resting) -> None:
        level = half.levels[half.sign * order.price]
        level.lots -= order.lots
        del level.orders[order.order_id]
        del self._orders[order.order_id]

    def _settle_level(self, half: Half, key: int, events: list[Event]) -> None:
        lots = half.levels[key].lots
        if not lots:
            half.drop(key)
        self.update_id += 1
        events.append(LevelSet(self.update_id, half is self._bids, half.sign * key, lots))

    def _level_set(self, price: int, lots: int, *, is_bid: bool) -> LevelSet:
        self.update_id += 1
        return LevelSet(self.update_id, is_bid, price, lots)

    def _half(self, *, is_bid: bool) -> Half:
        return self._bids if is_bid else self._asks
