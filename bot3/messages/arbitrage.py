"""Arbitrage: what was seen, what is to be traded as one group, and how a group ended."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum, unique

import msgspec

from bot3.domain.values import Asset, InstrumentId, Price, Side, Symbol


class ArbitrageLeg(msgspec.Struct, frozen=True):
    """One order of a group: taken at `limit` or better at once, or not at all."""

    instrument: InstrumentId
    side: Side
    amount: Decimal
    limit: Price
    price: Price


class TradeArbitrage(msgspec.Struct, frozen=True):
    """To execution: legs of one symbol on several venues, or round a loop of assets that begins and
    ends with `quote`, the accounting currency; the most fragile first.

    What they give must be held; what goes wrong is brought back to the positions before. `profit`
    is what is expected of it, in quote, after fees.
    """

    quote: Asset
    legs: tuple[ArbitrageLeg, ...]
    profit: float
    ts_ns: int
    origin_ns: int
    kind: str = "cross_venue"

    @property
    def symbols(self) -> tuple[Symbol, ...]:
        """Of the legs, each once."""
        return (*dict.fromkeys(leg.instrument.symbol for leg in self.legs),)

    def homes_of(self, leg: ArbitrageLeg) -> tuple[Symbol, ...]:
        """The symbols whose positions a leg moves: its own, or where it is a cross symbol's, those
        of its base and quote against `quote`.
        """
        base, _, quote = leg.instrument.symbol.partition("/")
        if quote == self.quote:
            return (leg.instrument.symbol,)
        return Symbol(f"{base}/{self.quote}"), Symbol(f"{quote}/{self.quote}")


class ArbitrageSeen(msgspec.Struct, frozen=True):
    """The best that the books allow after all costs, whether or not it is traded."""

    kind: str
    venues: tuple[str, ...]
    symbols: tuple[str, ...]
    quote: str
    net_bps: float
    size: float
    profit: float
    ts_ns: int


@unique
class GroupOutcome(Enum):
    """How a group ended.

    DENIED: not one leg was sent. EMPTY: none was filled. HEDGED: the legs met each other. MENDED:
    what was left open was traded back. SUPERSEDED: a strategy wanted another position meanwhile.
    LEFT: something stayed open past the deadline, or less than a venue takes.
    """

    DENIED = "denied"
    EMPTY = "empty"
    HEDGED = "hedged"
    MENDED = "mended"
    SUPERSEDED = "superseded"
    LEFT = "left"


class ArbitrageClosed(msgspec.Struct, frozen=True, tag=True):
    """A group is over. `planned` and `realized` in quote, the latter of its fills with their fees
    and what was left open at the group's first prices; `exposure_max` the most that was open of one
    asset, in quote, and `exposed_s` for how long anything was. `kind` is that of the loop, `others`
    are the symbols besides the first that nobody else could order on meanwhile.
    """

    symbol: Symbol
    outcome: GroupOutcome
    legs: int
    filled: int
    planned: float
    realized: float
    exposure_max: float
    exposed_s: float
    ts_ns: int
    kind: str = "cross_venue"
    others: tuple[Symbol, ...] = ()

    @property
    def symbols(self) -> tuple[Symbol, ...]:
        """All that it held."""
        return self.symbol, *self.others
