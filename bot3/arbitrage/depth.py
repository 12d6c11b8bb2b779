"""Sizing a loop over the depth of its books: how much goes round until the next unit gains nothing.

Invariant: every step is the best that is left, so that the amount is the optimum of the linear
program over the same levels and balances (books are convex, and a loop spends each asset once).
Nothing beyond a level's amount or a venue's balance is taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from attrs import define, frozen

from bot3.domain.book import Level
from bot3.domain.instrument import Instrument
from bot3.domain.values import Asset, Side, VenueName

ANY: Final = 1e30  # of a balance that nobody bounded
_TINY: Final = 1e-15

Balances = Mapping[tuple[VenueName, Asset], float]


@frozen
class Step:
    """A level as an exchange: `rate` out per in, after the fee; `capacity` of what goes in."""

    rate: float
    capacity: float
    instrument: Instrument
    side: Side
    price: float


@define
class Taken:
    """What goes in at one level."""

    step: Step
    amount: float


def steps_of(
    instrument: Instrument, source: Asset, levels: Iterable[Level], fee_rate: float
) -> list[Step]:
    """A side of a book: asks where `source` is its quote, bids where it is its base."""
    kept = 1.0 - fee_rate  # the fee is taken from what comes out
    if source == instrument.quote:
        return [
            Step(kept / price, amount * price, instrument, Side.BUY, price)
            for price, amount in levels
        ]
    return [Step(kept * price, amount, instrument, Side.SELL, price) for price, amount in levels]


def merged(sides: Iterable[Sequence[Step]]) -> list[Step]:
    """The levels of several books of one pair, the best first."""
    return sorted((step for side in sides for step in side), key=lambda step: -step.rate)


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
    first asset is under way. A venue that is not in `balances` is not bounded.
    """
    taken: list[list[Taken]] = [[] for _ in hops]
    if not all(hops):
        return taken
    at = [0] * len(hops)
    room = [steps[0].capacity for steps in hops]
    funds: list[dict[VenueName, float]] = [{} for _ in hops]
    left = size_max
    while left > 0.0:
        if not all(
            _ready(steps, at, room, hop, funds[hop], loop[hop], balances)
            for hop, steps in enumerate(hops)
        ):
            break
        rates = [steps[at[hop]].rate for hop, steps in enumerate(hops)]
        flow, gain = left, 1.0
        for hop, rate in enumerate(rates):
            flow = min(flow, _most(hops[hop][at[hop]], room[hop], funds[hop]) / gain)
            gain *= rate
        if gain <= 1.0 + gain_min:
            break
        left -= flow
        into = flow
        for hop, rate in enumerate(rates):
            _take(taken[hop], hops[hop][at[hop]], into, room, hop, funds[hop])
            into *= rate
    return taken


def _venue(step: Step) -> VenueName:
    return step.instrument.id.venue


def _most(step: Step, room: float, funds: Mapping[VenueName, float]) -> float:
    return min(room, funds[_venue(step)])


def _ready(
    steps: Sequence[Step],
    at: list[int],
    room: list[float],
    hop: int,
    funds: dict[VenueName, float],
    asset: Asset,
    balances: Balances,
) -> bool:
    """Moves on to a level that something can still be put in; False where there is none."""
    while at[hop] < len(steps):
        step = steps[at[hop]]
        venue = _venue(step)
        if venue not in funds:
            funds[venue] = balances.get((venue, asset), ANY)
        if _most(step, room[hop], funds) > step.capacity * _TINY:
            return True
        at[hop] += 1
        if at[hop] < len(steps):
            room[hop] = steps[at[hop]].capacity
    return False


def _take(
    taken: list[Taken],
    step: Step,
    amount: float,
    room: list[float],
    hop: int,
    funds: dict[VenueName, float],
) -> None:
    room[hop] = max(room[hop] - amount, 0.0)
    funds[_venue(step)] = max(funds[_venue(step)] - amount, 0.0)
    if taken and taken[-1].step is step:
        taken[-1].amount += amount
    else:
        taken.append(Taken(step, amount))
