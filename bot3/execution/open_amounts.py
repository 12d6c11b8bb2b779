"""What a group of legs has changed of each asset, in amounts and money, and for how long.

Invariant: amounts and cash are the sums of the fills taken, fees included where they are in an
asset of the group or in the accounting currency.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final, final

from attrs import frozen

from bot3.domain.fill import Fill
from bot3.domain.values import ZERO, Symbol

_NS_PER_S: Final = 1_000_000_000


@frozen
class Home:
    """Of one symbol: what its strategies want to hold over all venues; less than this of the base
    asset is nothing; what an amount is valued at.
    """

    target: Decimal
    tolerance: Decimal
    price: Decimal


@final
class OpenAmounts:
    """By symbol, each against the accounting currency. `left` are those that the group has given
    over to their strategies: what is traded there from then on is none of the group's.
    """

    def __init__(self, homes: Mapping[Symbol, Home]) -> None:
        self.homes = dict(homes)
        self.left: set[Symbol] = set()
        self._amounts = dict.fromkeys(homes, ZERO)
        self._worst = ZERO
        self._cash = ZERO
        self._is_touched = False
        self._since_ns: int | None = None
        self._open_ns = 0

    def __getitem__(self, symbol: Symbol) -> Decimal:
        return self._amounts[symbol]

    @property
    def is_touched(self) -> bool:
        """Whether anything was filled."""
        return self._is_touched

    @property
    def is_any(self) -> bool:
        """Whether more is open than nothing, of an asset that the group still answers for."""
        return any(
            abs(amount) > self.homes[symbol].tolerance
            for symbol, amount in self._amounts.items()
            if symbol not in self.left
        )

    @property
    def worst(self) -> Decimal:
        """The most that was open of one asset, in the accounting currency."""
        return self._worst

    @property
    def realized(self) -> Decimal:
        """Cash, and what is open at its price."""
        worth = (amount * self.homes[symbol].price for symbol, amount in self._amounts.items())
        return self._cash + sum(worth, ZERO)

    @property
    def open_s(self) -> float:
        """For how long anything was, up to the last word."""
        return self._open_ns / _NS_PER_S

    def take(self, fill: Fill, now_ns: int) -> None:
        """One fill, of whatever symbol; what it moves of others is none of the group's."""
        for part in fill.parts:
            self._take(part)
        self.pass_time(now_ns)
        for symbol, amount in self._amounts.items():
            self._worst = max(self._worst, abs(amount) * self.homes[symbol].price)

    def _take(self, fill: Fill) -> None:
        symbol = fill.instrument.symbol
        if symbol not in self._amounts or symbol in self.left:
            return
        self._is_touched = True
        change = fill.side.sign * fill.amount.amount
        cash = -fill.side.sign * fill.notional.amount
        base, _, quote = symbol.partition("/")
        if fill.fee_asset == base:
            change -= fill.fee
        elif fill.fee_asset == quote:
            cash -= fill.fee  # one in a third asset is not known here
        self._amounts[symbol] += change
        self._cash += cash

    def pass_time(self, now_ns: int, *, is_over: bool = False) -> None:
        """Counts while anything is open."""
        is_open = self.is_any and not is_over
        if is_open and self._since_ns is None:
            self._since_ns = now_ns
        elif not is_open and self._since_ns is not None:
            self._open_ns += now_ns - self._since_ns
            self._since_ns = None
