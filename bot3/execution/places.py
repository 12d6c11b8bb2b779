"""Where one symbol may be traded, as a plan sees it: one place per venue, and their sums.

Invariant: what is before the gate, in flight, of unknown outcome or still to be reported counts as
done in every sum, so no amount is planned twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from bot3.domain.book import Level, Quote
from bot3.domain.instrument import Instrument
from bot3.domain.order import Order, OrderStatus
from bot3.domain.values import ZERO, Side
from bot3.execution.venue_record import VenueRecord

# Nobody can tell when one of these ends: the others need not wait for it.
STUCK = (OrderStatus.UNKNOWN, OrderStatus.CANCEL_PENDING)


class Holding(NamedTuple):
    """Where we are: the position of the fills seen, and signed fills that are known to come."""

    position: Decimal
    missing: Decimal = ZERO

    @property
    def expected(self) -> Decimal:
        """The position when all of them are in."""
        return self.position + self.missing

    @property
    def sellable(self) -> Decimal:
        """What may be sold for sure: no buy that is not seen, every sell that may have been."""
        return max(self.position + min(self.missing, ZERO), ZERO)


class Place(NamedTuple):
    """One instrument of the symbol.

    `target` is what its own strategy asked for, `position_max` the most that may be held there
    (never less than the target). `proposed` is signed: an order before the gate. `funds` is free
    quote, None where nobody told. `bids` and `asks` are levels, best first, as of the last sample;
    empty where there was none. `is_open` says that it may take a new order now.
    """

    instrument: Instrument
    target: Decimal
    holding: Holding
    record: VenueRecord
    position_max: Decimal = ZERO
    live: tuple[Order, ...] = ()
    proposed: Decimal = ZERO
    quote: Quote | None = None
    bids: Sequence[Level] = ()
    asks: Sequence[Level] = ()
    funds: Decimal | None = None
    volatility_bps: float = 0.0
    is_open: bool = True

    @property
    def is_free(self) -> bool:
        """Whether it can take an order: nothing under way, and a sound quote."""
        if not self.is_open or self.live or self.proposed or self.quote is None:
            return False
        return 0 < self.quote.bid < self.quote.ask

    @property
    def is_busy(self) -> bool:
        """Whether something is under way that will soon have ended, or rests as it should."""
        return bool(self.proposed) or any(order.status not in STUCK for order in self.live)

    def room(self, side: Side) -> Decimal:
        """Base that may be bought or sold there."""
        if side is Side.SELL:
            return self.holding.sellable
        most = max(self.position_max, self.target)
        return max(most - max(self.holding.expected, ZERO), ZERO)


def total_target(places: Sequence[Place]) -> Decimal:
    """What all strategies of the symbol want together; spot: none less than nothing."""
    total = ZERO
    for place in places:
        if place.target >= 0:
            total += place.target
    return total


def total_expected(places: Sequence[Place]) -> Decimal:
    """What is held when every stated fill is in."""
    total = ZERO
    for place in places:
        total += place.holding.expected
    return total


def working_of(order: Order) -> Decimal:
    """Signed: what it may still add to the position."""
    return order.intent.side.sign * order.working
