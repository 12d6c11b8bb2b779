"""What a loop would earn, and what it would cost if one of its legs failed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum, unique

from attrs import frozen

from bot3.arbitrage.legs import Leg
from bot3.domain.book import Level, Quote
from bot3.domain.values import Asset, InstrumentId, Side

Sides = tuple[Sequence[Level], Sequence[Level]]


@unique
class ArbitrageKind(Enum):
    """One pair over several venues; three pairs of one venue; any other loop."""

    CROSS_VENUE = "cross_venue"
    TRIANGULAR = "triangular"
    CYCLE = "cycle"


@frozen
class Opportunity:
    """A loop in whole lots, as the books were at `ts_ns`.

    Amounts are in `quote`, the asset that the loop begins and ends with: `size` is what goes in,
    `profit` what comes back above it after all fees, with nothing for what is left over on the way.
    `leg_loss` is what it would cost to get out of where the failure of the worst leg leaves us.
    """

    ts_ns: int
    kind: ArbitrageKind
    quote: Asset
    legs: tuple[Leg, ...]
    size: float
    profit: float
    gross_bps: float
    leg_loss: float

    @property
    def net_bps(self) -> float:
        """Of the size."""
        return 1e4 * self.profit / self.size

    @property
    def instruments(self) -> frozenset[InstrumentId]:
        """The books that it uses."""
        return frozenset(leg.instrument.id for leg in self.legs)


def opportunity_of(
    ts_ns: int,
    loop: Sequence[Asset],
    hops: Sequence[Sequence[Leg]],
    quotes: Mapping[InstrumentId, Quote],
) -> Opportunity:
    """Of legs by hop, the first of which spends `loop[0]`."""
    size = sum(leg.paid for leg in hops[0])
    profit = sum(leg.got for leg in hops[-1]) - size
    gross = 1.0
    for legs in hops:
        before_fee = sum(leg.got / (1.0 - leg.fee_rate) for leg in legs)
        gross *= before_fee / sum(leg.paid for leg in legs)
    legs = tuple(leg for hop in hops for leg in hop)
    return Opportunity(
        ts_ns=ts_ns,
        kind=_kind(legs),
        quote=loop[0],
        legs=legs,
        size=size,
        profit=profit,
        gross_bps=1e4 * (gross - 1.0),
        leg_loss=max(_share(leg, hops, size) * _unwind_cost(leg, quotes) for leg in legs),
    )


def _kind(legs: Sequence[Leg]) -> ArbitrageKind:
    ids = [leg.instrument.id for leg in legs]
    if len({key.symbol for key in ids}) == 1:
        return ArbitrageKind.CROSS_VENUE
    if len(ids) == 3 and len({key.venue for key in ids}) == 1:
        return ArbitrageKind.TRIANGULAR
    return ArbitrageKind.CYCLE


def _share(leg: Leg, hops: Sequence[Sequence[Leg]], size: float) -> float:
    """What goes through this leg, in the loop's first asset: its part of its hop's whole."""
    hop = next(legs for legs in hops if leg in legs)
    return size * leg.paid / sum(each.paid for each in hop)


def _unwind_cost(leg: Leg, quotes: Mapping[InstrumentId, Quote]) -> float:
    """As a share: the spread and two fees, for the failed leg's exchange made up for elsewhere.

    The other legs stand, so that an amount is missing of what this one should have brought. It is
    bought at the touch that is left, with nothing of the loop's gain, and sold when all is over.
    """
    quote = quotes.get(leg.instrument.id)
    spread = 0.0 if quote is None else (quote.ask - quote.bid) / quote.mid
    return spread + 2.0 * leg.fee_rate


def profit_after(found: Opportunity, books: Mapping[InstrumentId, Sides]) -> float:
    """What is left of the profit where the legs meet these later books, each at its own limit.

    What all legs fill earns its part; by how much one filled more than another, that costs as a
    failed leg does.
    """
    shares = [_filled(leg, books.get(leg.instrument.id, ((), ()))) for leg in found.legs]
    least, most = min(shares), max(shares)
    return found.profit * least - found.leg_loss * (most - least)


def _filled(leg: Leg, sides: Sides) -> float:
    """The share of it that rests at its limit or better."""
    limit, is_buy = float(leg.limit.amount), leg.side is Side.BUY
    levels = sides[1] if is_buy else sides[0]
    there = sum(amount for price, amount in levels if (price <= limit) == is_buy or price == limit)
    return min(there / float(leg.amount), 1.0)
