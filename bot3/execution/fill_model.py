"""Which of our orders a real market would have filled: taken from its book, or its queue reached.

Invariant: no amount of the market is given to us twice; a resting order is filled only by a trade
that reaches it, or by a book that crosses it; without a book nothing is filled at all.

Queue position as hftbacktest's models have it (its documentation, "Order Fill"): we join at the
end of our level; trades at our price eat what is before us; of an amount that was cancelled,
the part before us is estimated.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import final

from attrs import define, frozen

from bot3.domain.book import Book, Level, Quote
from bot3.domain.fill import Liquidity
from bot3.domain.ids import ClientOrderId
from bot3.domain.values import ZERO, Side, decimal_of, floor_to_step

LEVELS = 400  # how deep one order may eat


@frozen
class FillSettings:
    """`queue_power` n estimates how much of a cancelled amount was behind us: back^n against
    front^n. None is the careful model: cancels are always behind us, as far as they can be.
    """

    queue_power: float | None = 3.0


@frozen
class Execution:
    """One fill of one order."""

    client_order_id: ClientOrderId
    price: Decimal
    amount: Decimal
    liquidity: Liquidity


@define
class RestingOrder:
    """Ours in the queue: `ahead` rests before it at its price."""

    client_order_id: ClientOrderId
    side: Side
    price: Decimal
    remaining: Decimal
    ahead: float = 0.0


@final
class FillModel:
    """One instrument; amounts are multiples of `lot_size`."""

    def __init__(self, settings: FillSettings, lot_size: Decimal) -> None:
        self._settings = settings
        self._lot = lot_size
        self._book = Book()
        self._has_book = False
        self._resting: dict[ClientOrderId, RestingOrder] = {}
        # What we ate of a level since the market last said its amount.
        self._eaten: dict[tuple[Side, float], Decimal] = {}
        # What trades ate of our levels since then: it was no cancel.
        self._traded: dict[tuple[Side, float], float] = {}

    @property
    def has_book(self) -> bool:
        """Whether anything can be filled now."""
        return self._has_book

    @property
    def quote(self) -> Quote | None:
        """The market's best prices; None without a book."""
        return self._book.quote() if self._has_book else None

    def crosses(self, side: Side, price: Decimal) -> bool:
        """Whether an order would take at once; False without a book."""
        quote = self.quote
        if quote is None:
            return False
        far = quote.ask if side is Side.BUY else quote.bid
        return side.sign * (price - decimal_of(far)) >= 0

    def available(self, side: Side, price: Decimal | None) -> Decimal:
        """What could be taken now, down to `price`."""
        return sum((amount for _, amount in self._reach(side, price)), ZERO)

    def take(
        self, client_order_id: ClientOrderId, side: Side, price: Decimal | None, amount: Decimal
    ) -> list[Execution]:
        """Eats the far side down to `price`; what is not filled is the caller's to end or rest."""
        executions = []
        for level, there in self._reach(side, price):
            part = min(amount, there)
            if not part:
                break
            amount -= part
            key = (side.opposite, level)
            self._eaten[key] = self._eaten.get(key, ZERO) + part
            executions.append(Execution(client_order_id, decimal_of(level), part, Liquidity.TAKER))
        return executions

    def rest(
        self, client_order_id: ClientOrderId, side: Side, price: Decimal, amount: Decimal
    ) -> None:
        """Joins the end of its level."""
        ahead = self._book.amount_at(side, float(price)) if self._has_book else 0.0
        self._resting[client_order_id] = RestingOrder(client_order_id, side, price, amount, ahead)

    def remove(self, client_order_id: ClientOrderId) -> None:
        """Cancelled, or unknown."""
        self._resting.pop(client_order_id, None)

    def lose(self) -> None:
        """The book is not the market's any more: nothing is filled until the next whole one."""
        self._has_book = False
        self._eaten.clear()
        self._traded.clear()

    def replace(self, bids: Iterable[Level], asks: Iterable[Level]) -> list[Execution]:
        """A whole book: our place in each queue is at most what is there now."""
        self._book.replace(bids, asks)
        self._has_book = True
        self._eaten.clear()
        self._traded.clear()
        for order in self._resting.values():
            there = self._book.amount_at(order.side, float(order.price))
            order.ahead = min(order.ahead, there)
        return self._crossed()

    def change(self, bids: list[Level], asks: list[Level]) -> list[Execution]:
        """Levels have new amounts."""
        if not self._has_book:
            return []
        for side, levels in ((Side.BUY, bids), (Side.SELL, asks)):
            for price, amount in levels:
                self._eaten.pop((side, price), None)
                if self._resting:
                    self._requeue(side, price, amount)
        self._book.change(bids, asks)
        return self._crossed() if self._resting else []

    def trade(self, price: float, amount: float, aggressor: Side) -> list[Execution]:
        """The market traded: what is left of it behind the queue before us is ours."""
        if not self._has_book or not self._resting:
            return []
        side, left = aggressor.opposite, amount
        executions: list[Execution] = []
        at = decimal_of(price)
        for order in [each for each in self._resting.values() if each.side is side]:
            distance = side.sign * (order.price - at)
            if distance < 0:
                continue
            if distance == 0:
                self._traded[side, price] = self._traded.get((side, price), 0.0) + left
                eaten = min(order.ahead, left)
                order.ahead -= eaten
                left -= eaten
            part = min(order.remaining, floor_to_step(decimal_of(max(left, 0.0)), self._lot))
            if part > 0:
                left -= float(part)
                executions.append(self._fill(order, part))
        return executions

    def _reach(self, side: Side, price: Decimal | None) -> list[tuple[float, Decimal]]:
        """Levels of the far side that an order meets, best first, less what we ate of them."""
        if not self._has_book:
            return []
        levels = self._book.asks(LEVELS) if side is Side.BUY else self._book.bids(LEVELS)
        reached = []
        for level, amount in levels:
            if price is not None and side.sign * (price - decimal_of(level)) < 0:
                break
            there = floor_to_step(decimal_of(amount), self._lot)
            there -= self._eaten.get((side.opposite, level), ZERO)
            if there > 0:
                reached.append((level, there))
        return reached

    def _requeue(self, side: Side, price: float, amount: float) -> None:
        before = self._book.amount_at(side, price)
        cancelled = before - amount - self._traded.pop((side, price), 0.0)
        for order in self._resting.values():
            if order.side is side and float(order.price) == price:
                if cancelled > 0:
                    order.ahead = self._after_cancel(order.ahead, before - order.ahead, cancelled)
                order.ahead = max(min(order.ahead, amount), 0.0)

    def _after_cancel(self, front: float, back: float, cancelled: float) -> float:
        """`PowerProbQueueModel`: the share of back^n in back^n + front^n was behind us."""
        power = self._settings.queue_power
        if power is None or front <= 0:
            return front
        weight: float = max(back, 0.0) ** power
        behind: float = weight / (weight + front**power)
        return front - (1 - behind) * cancelled + min(max(back, 0.0) - behind * cancelled, 0.0)

    def _crossed(self) -> list[Execution]:
        """A book that reaches our price without a trade that we saw: it trades with us."""
        executions: list[Execution] = []
        for order in list(self._resting.values()):
            if not self.crosses(order.side, order.price):
                continue
            for level, there in self._reach(order.side, order.price):
                part = min(order.remaining, there)
                key = (order.side.opposite, level)
                self._eaten[key] = self._eaten.get(key, ZERO) + part
                executions.append(self._fill(order, part))
                if order.client_order_id not in self._resting:
                    break
        return executions

    def _fill(self, order: RestingOrder, part: Decimal) -> Execution:
        order.remaining -= part
        if not order.remaining:
            del self._resting[order.client_order_id]
        return Execution(order.client_order_id, order.price, part, Liquidity.MAKER)
