"""What execution, portfolio and risk tell one another about orders, positions and fills."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from bot3.domain.fill import Fill
from bot3.domain.ids import ClientOrderId
from bot3.domain.order import OrderStatus
from bot3.domain.values import Asset, InstrumentId, Price, VenueName


class PositionChanged(msgspec.Struct, frozen=True):
    """From portfolio, after each of our fills: the position with the fill that made it.

    Both at once, so that risk can move an amount from "open order" to "position" in one step.
    `realized` is net of fees charged in base or quote. A fill of a cross symbol moves two positions
    and is told with both, one after the other.
    """

    instrument: InstrumentId
    position: Decimal
    average_price: Price | None
    realized: Decimal
    fill: Fill

    @property
    def is_first(self) -> bool:
        """Whether the fill is news: true of one of the positions that it moves."""
        return self.instrument == self.fill.parts[0].instrument


class OrderClosed(msgspec.Struct, frozen=True):
    """From execution: final, and every fill the venue spoke of has been seen."""

    client_order_id: ClientOrderId
    instrument: InstrumentId
    status: OrderStatus
    filled: Decimal
    reason: str


class FetchFills(msgspec.Struct, frozen=True):
    """To a venue's reconciler: fills are missing; publish every one since `since_ns`."""

    instrument: InstrumentId
    since_ns: int
    reason: str


class Reconcile(msgspec.Struct, frozen=True):
    """To a venue's reconciler: publish every fill since `since_ns`, then the balances."""

    venue: VenueName
    since_ns: int
    reason: str


class ReconcileMismatch(msgspec.Struct, frozen=True, tag=True):
    """Venue and ledger differ, and asking the venue anew did not mend it: no entries there."""

    venue: VenueName
    asset: Asset
    ledger_total: Decimal
    venue_total: Decimal
    ts_ns: int

    @property
    def words(self) -> str:
        """What differs."""
        return (
            f"{self.venue} {self.asset}: the venue has {self.venue_total},"
            f" our books have {self.ledger_total}"
        )


class ReconcileMatched(msgspec.Struct, frozen=True, tag=True):
    """They agree again, or an operator took the venue's figure over."""

    venue: VenueName
    asset: Asset
    ts_ns: int


class BalancesCompared(msgspec.Struct, frozen=True):
    """From portfolio, at each mark: where venue and ledger differ, for two marks running."""

    mismatches: tuple[BalanceMismatch, ...]
    ts_ns: int


class BalanceMismatch(msgspec.Struct, frozen=True):
    """The venue's total of an asset is not the ledger's. `venue_total` less `ledger_total`
    is a deposit, a withdrawal, a foreign trade or a missed fill.
    """

    venue: VenueName
    asset: Asset
    ledger_total: Decimal
    venue_total: Decimal
