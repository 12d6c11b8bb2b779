"""From amounts at levels to orders: whole lots, the venues' minimums, and what is left over.

Invariant: no leg sells more than the legs before it bring in, in whole lots of every book; what is
left over of an asset on the way counts for nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from attrs import define, frozen

from bot3.arbitrage.depth import Taken
from bot3.domain.instrument import Instrument
from bot3.domain.values import (
    ZERO,
    Price,
    Quantity,
    Side,
    ceil_to_step,
    decimal_of,
    floor_to_step,
)


@frozen
class Leg:
    """One order of the group: `price` is its average, `limit` the worst level that it reaches."""

    instrument: Instrument
    side: Side
    amount: Decimal
    price: float
    limit: Price
    fee_rate: float

    @property
    def notional(self) -> float:
        """In its quote asset, before the fee."""
        return float(self.amount) * self.price

    @property
    def paid(self) -> float:
        """What goes in: quote of a buy, base of a sell."""
        return self.notional if self.side is Side.BUY else float(self.amount)

    @property
    def got(self) -> float:
        """What comes out, after the fee."""
        before = float(self.amount) if self.side is Side.BUY else self.notional
        return before * (1.0 - self.fee_rate)

    @property
    def is_refused(self) -> bool:
        """Whether its venue would refuse it for its size or price."""
        return self.instrument.refusal_of(Quantity(self.amount), self.limit) is not None


@define
class _Order:
    """One book's share of a hop: levels with base amounts, the best first."""

    instrument: Instrument
    side: Side
    fee_rate: float
    levels: list[tuple[float, float]]  # price, base amount
    amount: Decimal = ZERO

    @property
    def limit(self) -> float:
        return self.levels[-1][0]

    def average(self, amount: float) -> float:
        """Over the levels that `amount` reaches."""
        left, notional = amount, 0.0
        for price, there in self.levels:
            part = min(left, there)
            notional += part * price
            left -= part
        return (notional + max(left, 0.0) * self.limit) / amount

    def in_of(self, amount: Decimal) -> float:
        base = float(amount)
        return base * self.average(base) if self.side is Side.BUY and base else base

    def out_of(self, amount: Decimal) -> float:
        base = float(amount)
        if not base:
            return 0.0
        before = base if self.side is Side.BUY else base * self.average(base)
        return before * (1.0 - self.fee_rate)


def legs_of(hops: Sequence[Sequence[Taken]]) -> list[list[Leg]] | None:
    """The legs of each hop, or None where a hop has nothing left in whole lots."""
    orders = [_orders(hop) for hop in hops]
    into: float | None = None
    for hop in orders:  # forward: nothing is put in that did not come out before
        _fit(hop, into)
        into = sum(order.out_of(order.amount) for order in hop)
        if into <= 0.0:
            return None
    for at in range(len(orders) - 2, -1, -1):  # backward: nothing is bought that is not used
        needed = sum(order.in_of(order.amount) for order in orders[at + 1])
        _trim(orders[at], needed)
    legs = [[_leg(order) for order in hop if order.amount > 0] for hop in orders]
    return legs if all(legs) else None


def _orders(hop: Sequence[Taken]) -> list[_Order]:
    found: dict[object, _Order] = {}
    for taken in hop:
        step = taken.step
        is_buy = step.side is Side.BUY
        fee_rate = 1.0 - (step.rate * step.price if is_buy else step.rate / step.price)
        order = found.setdefault(
            step.instrument.id, _Order(step.instrument, step.side, fee_rate, [])
        )
        order.levels.append((step.price, taken.amount / step.price if is_buy else taken.amount))
    for order in found.values():
        whole = sum(amount for _, amount in order.levels)
        lot = order.instrument.lot_size
        # A lot that is whole but for the last bit of a float is whole.
        order.amount = floor_to_step(decimal_of(whole * (1 + 1e-12) if lot else whole), lot)
    return list(found.values())


def _fit(hop: Sequence[_Order], into: float | None) -> None:
    """Takes lots off the dearest order until no more goes in than came out before."""
    if into is None:
        return
    for order in reversed(hop):
        over = sum(each.in_of(each.amount) for each in hop) - into
        if over <= into * 1e-12:
            return
        unit = order.limit if order.side is Side.BUY else 1.0
        less = ceil_to_step(decimal_of(over / unit), order.instrument.lot_size)
        order.amount = max(order.amount - less, ZERO)


def _trim(hop: Sequence[_Order], needed: float) -> None:
    """Takes off, in whole lots and from the dearest order, what comes out and is not needed."""
    for order in reversed(hop):
        over = sum(each.out_of(each.amount) for each in hop) - needed
        if over <= 0.0:
            return
        kept = 1.0 - order.fee_rate
        unit = kept if order.side is Side.BUY else order.limit * kept
        less = floor_to_step(decimal_of(over / unit), order.instrument.lot_size)
        if order.instrument.lot_size == 0:
            less = min(less, order.amount)
        order.amount = max(order.amount - less, ZERO)


def _leg(order: _Order) -> Leg:
    base = float(order.amount)
    left, worst = base, order.levels[0][0]
    for price, there in order.levels:
        if left <= 0.0:
            break
        worst, left = price, left - there
    tick = order.instrument.tick_size
    exact = decimal_of(worst)
    # A limit off the tick is moved away from the market, where it still reaches the level.
    rounded = (ceil_to_step if order.side is Side.BUY else floor_to_step)(exact, tick)
    return Leg(
        order.instrument, order.side, order.amount, order.average(base), Price(rounded),
        order.fee_rate,
    )  # fmt: skip
