"""A fill: part or all of an order executed, once, at one price."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum, unique

from attrs import frozen

from bot3.domain.ids import ClientOrderId
from bot3.domain.values import Asset, InstrumentId, Money, Price, Quantity, Side


@unique
class Liquidity(Enum):
    """Whether we rested (maker) or took (taker)."""

    MAKER = "maker"
    TAKER = "taker"


@frozen
class Fill:
    """`trade_id` is unique per instrument; the fee is in the asset charged."""

    trade_id: str
    client_order_id: ClientOrderId
    venue_order_id: str
    instrument: InstrumentId
    side: Side
    price: Price
    amount: Quantity
    fee: Decimal
    fee_asset: Asset
    liquidity: Liquidity
    ts_venue_ns: int
    ts_local_ns: int

    @property
    def notional(self) -> Money:
        """Price times amount, in the quote asset."""
        return self.price * self.amount
