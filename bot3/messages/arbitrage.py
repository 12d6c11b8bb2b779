"""Arbitrage: what was seen, what is to be traded as one group, and how a group ended."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum, unique

import msgspec

from bot3.domain.values import InstrumentId, Price, Side, Symbol


class ArbitrageLeg(msgspec.Struct, frozen=True):
    """One order of a group: taken at `limit` or better at once, or not at all."""

    instrument: InstrumentId
    side: Side
    amount: Decimal
    limit: Price
    price: Price


class TradeArbitrage(msgspec.Struct, frozen=True):
    """To execution: legs of one symbol on several venues, the most fragile first.

    What they sell must be held; what goes wrong is brought back to the position before.
    `profit` is what is expected of it, in quote, after fees.
    """

    symbol: Symbol
    legs: tuple[ArbitrageLeg, ...]
    profit: float
    ts_ns: int
    origin_ns: int


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
    and what was left open at the group's first price; `exposure_max` the most that was open on one
    side, in quote, and `exposed_s` for how long anything was.
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
