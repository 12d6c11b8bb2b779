"""Who hears of a venue's news once it is durable.

Invariant: portfolio hears of a fill before execution does: risk then learns of the position before
it learns that the order is closed.
"""

from __future__ import annotations

from typing import Any

from attrs import frozen

from bot3.messages.orders import (
    AccountEvent,
    AccountLost,
    AccountRestored,
    Adopted,
    BalanceAdopted,
    BalanceChanged,
    DeadManChanged,
    OrderAdopted,
    OrderFilled,
)
from supervisors.actor import Address


@frozen
class AccountEars:
    """Those who may be concerned. `arbitrage` is there where it is wanted."""

    portfolio: Address[Any]
    risk: Address[Any]
    execution: Address[Any]
    board: Address[Any]
    arbitrage: tuple[Address[Any], ...]

    def of(self, event: AccountEvent | Adopted) -> tuple[Address[Any], ...]:
        """Whom this one concerns, in the order in which they should hear it."""
        found: tuple[Address[Any], ...]
        match event:
            case OrderFilled() | BalanceAdopted():
                found = (self.portfolio, self.execution)
            case BalanceChanged():
                found = (self.portfolio, self.risk, self.execution, *self.arbitrage)
            case AccountLost():
                found = (self.risk, self.board)
            case DeadManChanged():
                found = (self.board,)
            case OrderAdopted():
                found = (self.portfolio, self.risk, self.execution, self.board)
            case AccountRestored():
                found = (self.portfolio, self.risk, self.execution, self.board)
            case _:
                found = (self.execution, self.board)
        return found
