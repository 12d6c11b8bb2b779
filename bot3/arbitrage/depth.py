"""Sizing a loop over the depth of its books: how much goes round until the next unit gains nothing.

Invariant: every step is the best that is left, so that the amount is the optimum of the linear
program over the same levels and balances (books are convex, and a loop spends each asset once).
Nothing beyond a level's amount or a venue's balance is taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from bot3.domain.book import Level
from bot3.domain.instrument import Instrument
from bot3.domain.values import Asset, Side, VenueName

ANY: Final = 1e30  # of a balance that nobody bounded
_TINY: Final = 1e-15

Balances = Mapping[tuple[VenueName, Asset], float]


class Step(NamedTuple):
    """A level as an exchange: `rate` out per in, after the fee; `capacity` of what goes in."""

    rate: float
    capacity: float
    instrument: Instrument
    side: Side
    price: float


class Taken(NamedTuple):
    """What goes in at one level."""

    step: Step
    amount: float


def steps_of(
    instrument: Instrument,
    source: Asset,
    levels: Iterable[Level],
    fee_rate: float,
    rate_min: float = 0.0,
) -> list[Step]:
    """A side of a book: asks where `source` is its quote, bids where it is its base.

    Levels with a rate below `rate_min` are left out, and all behind them.
    """
    kept = 1.0 - fee_rate  # the fee is taken from what comes out
    is_buy = source == instrument.quote
    side = Side.BUY if is_buy else Side.SELL
    found: list[Step] = []
    for price, amount in levels:
        rate = kept / price if is_buy else kept * price
        if rate < rate_min:
            break
        found.append(Step(rate, amount * price if is_buy else amount, instrument, side, price))
    return found


def merged(sides: Iterable[Sequence[Step]]) -> list[Step]:
    """The levels of several books of one pair, the best first."""
    steps = [step for side in sides for step in side]
    steps.sort(key=_rate, reverse=True)
    return steps


def _rate(step: Step) -> float:
    return step.rate


class _Hop:
    """One exchange of the loop under way: the level that is used, what it and its venue still
    give, and what was taken.
    """

    __slots__ = ("amounts", "asset", "at", "balances", "funds", "left", "rate", "steps", "venue")

    def __init__(self, steps: Sequence[Step], asset: Asset, balances: Balances) -> None:
        self.steps, self.asset, self.balances = steps, asset, balances
        self.amounts = [0.0] * len(steps)
        self.funds: dict[VenueName, float] = {}
        self.at = -1
        self.left = self.rate = 0.0
        self.venue = VenueName("")

    def moves_on(self) -> bool:
        """To the next level that something can be put in; False where there is none."""
        while True:
            self.at += 1
            if self.at >= len(self.steps):
                return False
            self.rate, capacity, instrument, _, _ = self.steps[self.at]
            self.venue = venue = instrument.id.venue
            if venue not in self.funds:
                self.funds[venue] = self.balances.get((venue, self.asset), ANY)
            self.left = min(capacity, self.funds[venue])
            if self.left > capacity * _TINY:
                return True

    def take(self, amount: float) -> bool:
        """False where nothing can be put in any more."""
        self.amounts[self.at] += amount
        self.funds[self.venue] -= amount
        self.left -= amount
        return self.left > self.steps[self.at].capacity * _TINY or self.moves_on()

    def taken(self) -> list[Taken]:
        """The levels that something was put in."""
        return [
            Taken(step, amount)
            for step, amount in zip(self.steps, self.amounts, strict=True)
            if amount > 0.0
        ]


def walk(
    hops: Sequence[Sequence[Step]],
    loop: Sequence[Asset],
    balances: Balances,
    *,
    gain_min: float = 0.0,
    size_max: float = ANY,
) -> list[list[Taken]]:
    """What goes in at each level of each hop; hop `i` spends `loop[i]`.

    It stops where a unit would come back as less than 1 + `gain_min`, or where `size_max` of the
    first asset has gone in or come back: either may be what is left open where a leg fails. A venue
    that is not in `balances` is not bounded.
    """
    under_way = [_Hop(steps, asset, balances) for steps, asset in zip(hops, loop, strict=True)]
    left = left_back = size_max
    is_open = all(hop.moves_on() for hop in under_way)
    while is_open and left > 0.0:
        flow, gain = left, 1.0
        for hop in under_way:
            most = hop.left / gain
            flow = min(flow, most)
            gain *= hop.rate
        if gain <= 1.0 + gain_min:
            break
        flow = min(flow, left_back / gain)
        left -= flow
        left_back -= flow * gain
        is_open = left_back > size_max * _TINY
        into = flow
        for hop in under_way:
            rate = hop.rate
            is_open = hop.take(into) and is_open
            into *= rate
    return [hop.taken() for hop in under_way]
