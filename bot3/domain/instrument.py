"""An instrument and its venue's filters: what may be sent, and how to round to it.

Invariant: `refusal_of` says exactly what the venue would refuse, before anything is sent.
"""

from __future__ import annotations

from decimal import Decimal
from enum import Enum, unique

from attrs import field, frozen

from bot3.domain.values import (
    ZERO,
    Asset,
    InstrumentId,
    Price,
    Quantity,
    Side,
    ceil_to_step,
    floor_to_step,
    round_to_step,
)


@unique
class FilterRefusal(Enum):
    """Why a venue's filters would refuse an order."""

    PRICE_OFF_TICK = "price_off_tick"
    PRICE_OUT_OF_RANGE = "price_out_of_range"
    AMOUNT_OFF_LOT = "amount_off_lot"
    AMOUNT_TOO_SMALL = "amount_too_small"
    AMOUNT_TOO_LARGE = "amount_too_large"
    NOTIONAL_TOO_SMALL = "notional_too_small"
    NOTIONAL_TOO_LARGE = "notional_too_large"
    NOT_TRADING = "not_trading"


@frozen
class Instrument:
    """A spot pair as its venue trades it. A bound of zero means "no such rule"."""

    id: InstrumentId
    base: Asset
    quote: Asset
    tick_size: Decimal
    lot_size: Decimal
    price_min: Decimal = ZERO
    price_max: Decimal = ZERO
    amount_min: Decimal = ZERO
    amount_max: Decimal = ZERO
    notional_min: Decimal = ZERO
    notional_max: Decimal = ZERO
    maker_fee_rate: Decimal = Decimal("0.001")
    taker_fee_rate: Decimal = Decimal("0.001")
    is_trading: bool = field(default=True)

    def round_price(self, price: Decimal, side: Side) -> Price:
        """Onto the tick, away from the market: buys round down, sells round up."""
        step = floor_to_step if side is Side.BUY else ceil_to_step
        return Price(step(price, self.tick_size))

    def nearest_price(self, price: Decimal) -> Price:
        """Onto the nearest tick."""
        return Price(round_to_step(price, self.tick_size))

    def round_amount(self, amount: Decimal) -> Quantity:
        """Down onto the lot, so that no more is sent than was asked for."""
        return Quantity(floor_to_step(max(amount, ZERO), self.lot_size))

    def refusal_of(
        self, amount: Quantity, price: Price, *, is_market: bool = False
    ) -> FilterRefusal | None:
        """The first filter that would refuse; `price` is the reference price of a market order."""
        if not self.is_trading:
            return FilterRefusal.NOT_TRADING
        if not is_market and (refused := self._price_refusal(price)) is not None:
            return refused
        return self._amount_refusal(amount) or self._notional_refusal(amount, price)

    def _price_refusal(self, price: Price) -> FilterRefusal | None:
        if self.tick_size and price.amount % self.tick_size:
            return FilterRefusal.PRICE_OFF_TICK
        too_low = price.amount < self.price_min
        too_high = bool(self.price_max) and price.amount > self.price_max
        return FilterRefusal.PRICE_OUT_OF_RANGE if too_low or too_high else None

    def _amount_refusal(self, amount: Quantity) -> FilterRefusal | None:
        if amount.amount <= 0 or amount.amount < self.amount_min:
            return FilterRefusal.AMOUNT_TOO_SMALL
        if self.amount_max and amount.amount > self.amount_max:
            return FilterRefusal.AMOUNT_TOO_LARGE
        if self.lot_size and amount.amount % self.lot_size:
            return FilterRefusal.AMOUNT_OFF_LOT
        return None

    def _notional_refusal(self, amount: Quantity, price: Price) -> FilterRefusal | None:
        notional = (price * amount).amount
        if notional < self.notional_min:
            return FilterRefusal.NOTIONAL_TOO_SMALL
        if self.notional_max and notional > self.notional_max:
            return FilterRefusal.NOTIONAL_TOO_LARGE
        return None
