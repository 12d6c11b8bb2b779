"""Values with units: prices, quantities and money never mix by accident.

Invariant: every amount here is a finite, exact decimal. Money is made from a price and a quantity,
never typed in; floats appear only in market statistics, never in an order, a fill or a balance.
"""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_UP, Decimal
from enum import Enum, unique
from typing import NamedTuple, NewType

from attrs import field, frozen

Asset = NewType("Asset", str)
Symbol = NewType("Symbol", str)
VenueName = NewType("VenueName", str)

ZERO = Decimal(0)


class InstrumentId(NamedTuple):
    """One instrument on one venue: `InstrumentId("binance", "BTC/USDT")`."""

    venue: VenueName
    symbol: Symbol

    def __str__(self) -> str:
        return f"{self.venue}:{self.symbol}"


@unique
class Side(Enum):
    """The side of an order, or of a trade's aggressor."""

    BUY = "buy"
    SELL = "sell"

    @property
    def sign(self) -> int:
        """+1 for BUY, -1 for SELL."""
        return 1 if self is Side.BUY else -1

    @property
    def opposite(self) -> Side:
        """The other side."""
        return Side.SELL if self is Side.BUY else Side.BUY


def _finite(_instance: object, attribute: object, value: Decimal) -> None:
    if not value.is_finite():
        raise ValueError(f"{attribute}: {value} is not a finite number")


def _not_negative(_instance: object, attribute: object, value: Decimal) -> None:
    if not value.is_finite() or value < 0:
        raise ValueError(f"{attribute}: {value} must be finite and not negative")


def _positive(_instance: object, attribute: object, value: Decimal) -> None:
    if not value.is_finite() or value <= 0:
        raise ValueError(f"{attribute}: {value} must be finite and positive")


@frozen(order=True)
class Money:
    """An amount of the quote asset; may be negative (a loss)."""

    amount: Decimal = field(validator=_finite)

    def __add__(self, other: Money) -> Money:
        return Money(self.amount + other.amount)

    def __sub__(self, other: Money) -> Money:
        return Money(self.amount - other.amount)


@frozen(order=True)
class Quantity:
    """An amount of the base asset, never negative."""

    amount: Decimal = field(validator=_not_negative)

    def __add__(self, other: Quantity) -> Quantity:
        return Quantity(self.amount + other.amount)

    def __sub__(self, other: Quantity) -> Quantity:
        return Quantity(self.amount - other.amount)

    @property
    def is_zero(self) -> bool:
        """True where nothing is left."""
        return self.amount == 0


@frozen(order=True)
class Price:
    """Quote asset per unit of base asset, always positive."""

    amount: Decimal = field(validator=_positive)

    def __mul__(self, quantity: Quantity) -> Money:
        return Money(self.amount * quantity.amount)


def floor_to_step(value: Decimal, step: Decimal) -> Decimal:
    """The largest multiple of `step` that is not above `value`; `step` 0 leaves it as it is."""
    return value if step == 0 else (value / step).to_integral_value(ROUND_DOWN) * step


def ceil_to_step(value: Decimal, step: Decimal) -> Decimal:
    """The smallest multiple of `step` that is not below `value`; `step` 0 leaves it as it is."""
    return value if step == 0 else (value / step).to_integral_value(ROUND_UP) * step


def round_to_step(value: Decimal, step: Decimal) -> Decimal:
    """The nearest multiple of `step`; `step` 0 leaves it as it is."""
    return value if step == 0 else (value / step).to_integral_value(ROUND_HALF_EVEN) * step


def decimal_of(value: float) -> Decimal:
    """A float as the shortest decimal that reads back as the same float."""
    return Decimal(repr(value))
