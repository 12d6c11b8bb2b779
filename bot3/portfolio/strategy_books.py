"""What each strategy made: its own positions, and the fees it paid in whatever asset.

Invariant: over all strategies realized and unrealized profit sum to the account's; a fee in a third
asset is in `fees` alone, for it has no price here.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import final

from attrs import Factory, define

from bot3.domain.fill import Fill
from bot3.domain.ids import ADOPTED_BALANCE
from bot3.domain.order import Order
from bot3.domain.values import ZERO, Asset, InstrumentId
from bot3.portfolio.positions import FLAT, Position, after_fill, base_and_quote
from bot3.portfolio.report_rows import Profit

FOREIGN, ADOPTED = "foreign", "adopted"  # in the place of a strategy's name


def strategy_of(fill: Fill, order: Order | None) -> str:
    """Whose fill it is; `order` is what is known of its order."""
    if order is not None:
        return order.intent.strategy
    return ADOPTED if fill.client_order_id == ADOPTED_BALANCE else FOREIGN


@define
class StrategyBook:
    """One strategy's."""

    fills: int = 0
    fees: dict[Asset, Decimal] = Factory(dict)
    positions: dict[InstrumentId, Position] = Factory(dict)

    def take(self, fill: Fill) -> None:
        """A fill of its order, once."""
        self.fills += 1
        for part in fill.parts:
            before = self.positions.get(part.instrument, FLAT)
            self.positions[part.instrument] = after_fill(before, part)
        self.fees[fill.fee_asset] = self.fees.get(fill.fee_asset, ZERO) + fill.fee

    def profit(self) -> Profit:
        """Of what it closed; by the asset in which it is counted."""
        realized: dict[str, Decimal] = {}
        for instrument, position in self.positions.items():
            quote = base_and_quote(instrument)[1]
            realized[quote] = realized.get(quote, ZERO) + position.realized
        return Profit(realized, {str(asset): fee for asset, fee in self.fees.items()}, self.fills)

    def unrealized(self, marks: Mapping[InstrumentId, Decimal]) -> Decimal | None:
        """Of what it holds; None where something held has no mark."""
        held = {key: one for key, one in self.positions.items() if one.amount}
        if not held.keys() <= marks.keys():
            return None
        return sum((one.unrealized(marks[key]) for key, one in held.items()), ZERO)


@final
class StrategyBooks:
    """By the strategy's name."""

    def __init__(self) -> None:
        self.books: dict[str, StrategyBook] = {}

    def take(self, strategy: str, fill: Fill) -> None:
        """Told once of each fill."""
        self.books.setdefault(strategy, StrategyBook()).take(fill)
