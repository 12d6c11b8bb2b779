"""One account as both sides tell it, in the same plain words, so that they can be compared."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from attrs import field, frozen

ZERO = Decimal(0)


@frozen
class OrderBooked:
    """One order. `fate` is "open", "filled", "canceled", "expired", "rejected" or "unknown"."""

    client_order_id: str
    symbol: str
    side: str
    amount: Decimal
    filled: Decimal
    fate: str


@frozen
class FillBooked:
    """One fill; the two ids name it."""

    symbol: str
    trade_id: str
    client_order_id: str
    side: str
    price: Decimal
    amount: Decimal
    fee: Decimal
    fee_asset: str


@frozen
class VenueBooks:
    """What the venue says. `totals` are free and held, by asset."""

    orders: tuple[OrderBooked, ...]
    fills: tuple[FillBooked, ...]
    totals: Mapping[str, Decimal]


@frozen
class OurBooks:
    """What the journal says. `intents` are client order ids as often as they were recorded."""

    sequence: int
    intents: tuple[str, ...]
    orders: Mapping[str, OrderBooked]
    fills: tuple[FillBooked, ...]
    positions: Mapping[str, Decimal]
    kinds: Mapping[str, int] = field(factory=dict)
