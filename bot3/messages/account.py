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
    `realized` is net of fees charged in base or quote.
    """

    instrument: InstrumentId
    position: Decimal
    average_price: Price | None
    realized: Decimal
    fill: Fill


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
