"""A fill: part or all of an order executed, once, at one price.

Invariant: the parts of a fill move the same amounts of its base and quote as the fill itself, and
nothing of the accounting currency in between.
"""

from __future__ import annotations

from decimal import Decimal
from enum import Enum, unique

from attrs import evolve, frozen

from bot3.domain.conversion import Conversion
from bot3.domain.ids import ClientOrderId
from bot3.domain.values import ZERO, Asset, InstrumentId, Money, Price, Quantity, Side


@unique
class Liquidity(Enum):
    """Whether we rested (maker) or took (taker)."""

    MAKER = "maker"
    TAKER = "taker"


@frozen
class Fill:
    """`trade_id` is unique per instrument; the fee is in the asset charged.

    `conversion` is the order's, of a cross symbol; None of any other.
    """

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
    conversion: Conversion | None = None

    @property
    def notional(self) -> Money:
        """Price times amount, in the quote asset."""
        return self.price * self.amount

    @property
    def parts(self) -> tuple[Fill, ...]:
        """What it does to positions: itself; of a cross symbol, base against the accounting
        currency, then quote the other way for as much of it. A fee in quote is the second one's.
        """
        rate = self.conversion
        if rate is None:
            return (self,)
        base, _, quote = self.instrument.symbol.partition("/")
        is_fee_in_quote = self.fee_asset == quote
        first = evolve(
            self,
            instrument=rate.home(Asset(base)),
            price=Price(self.price.amount * rate.price.amount),
            fee=ZERO if is_fee_in_quote else self.fee,
            conversion=None,
        )
        second = evolve(
            self,
            instrument=rate.instrument,
            side=self.side.opposite,
            price=rate.price,
            amount=Quantity(self.notional.amount),
            fee=self.fee if is_fee_in_quote else ZERO,
            conversion=None,
        )
        return first, second
