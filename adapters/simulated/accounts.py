"""Balances per account and asset: free and held, exact.

Invariant: no account's free or held is below zero, and the sum over all accounts (the rest of the
market and the fee account included) of an asset changes only by a deposit.
"""

from __future__ import annotations

from collections import defaultdict
from decimal import ROUND_DOWN, ROUND_UP, Decimal
from typing import final

from bot3.domain.errors import LedgerError
from bot3.domain.values import ZERO, Asset

MARKET_ACCOUNT = 0
"""The rest of the market: the other side of our trades. It alone may owe."""
FEE_ACCOUNT = -1

_UNIT = Decimal("0.00000001")


def truncate(amount: Decimal) -> Decimal:
    """To eight decimals, toward zero: notionals and commissions."""
    return amount.quantize(_UNIT, ROUND_DOWN)


def round_up(amount: Decimal) -> Decimal:
    """To eight decimals, away from zero: what an order binds."""
    return amount.quantize(_UNIT, ROUND_UP)


class InsufficientBalanceError(LedgerError):
    """An account has not that much free."""


@final
class Accounts:
    """Moves amounts between accounts, and between free and held."""

    def __init__(self) -> None:
        self._free: defaultdict[tuple[int, Asset], Decimal] = defaultdict(Decimal)
        self._held: defaultdict[tuple[int, Asset], Decimal] = defaultdict(Decimal)

    def deposit(self, account: int, asset: Asset, amount: Decimal) -> None:
        """From outside; raises `ValueError` for a negative amount."""
        if amount < 0:
            raise ValueError(f"deposit of {amount} {asset}: want at least zero")
        self._free[account, asset] += amount

    def free(self, account: int, asset: Asset) -> Decimal:
        """What may be spent."""
        return self._free.get((account, asset), ZERO)

    def held(self, account: int, asset: Asset) -> Decimal:
        """What open orders bind."""
        return self._held.get((account, asset), ZERO)

    def assets(self, account: int) -> list[Asset]:
        """Every asset that the account ever had, by name."""
        return sorted({asset for owner, asset in self._free if owner == account})

    def hold(self, account: int, asset: Asset, amount: Decimal) -> None:
        """Free to held; raises `InsufficientBalanceError`."""
        free = self.free(account, asset)
        if amount > free:
            raise InsufficientBalanceError(f"{asset}: {amount} wanted, {free} free")
        self._free[account, asset] = free - amount
        self._held[account, asset] += amount

    def release(self, account: int, asset: Asset, amount: Decimal) -> None:
        """Held to free; raises `LedgerError` where less is held."""
        self._take_held(account, asset, amount)
        self._free[account, asset] += amount

    def pay_held(self, payer: int, receiver: int, asset: Asset, amount: Decimal) -> None:
        """The payer's held to the receiver's free; raises `LedgerError` where less is held."""
        self._take_held(payer, asset, amount)
        self._free[receiver, asset] += amount

    def pay_market(self, receiver: int, asset: Asset, amount: Decimal) -> None:
        """The rest of the market pays: it is the one account that may go below zero."""
        self._free[MARKET_ACCOUNT, asset] -= amount
        self._free[receiver, asset] += amount

    def charge(self, account: int, asset: Asset, amount: Decimal) -> None:
        """A commission, free to the fee account; raises `InsufficientBalanceError`."""
        free = self.free(account, asset)
        if amount > free:
            raise InsufficientBalanceError(f"{asset}: fee of {amount}, {free} free")
        self._free[account, asset] = free - amount
        self._free[FEE_ACCOUNT, asset] += amount

    def totals(self) -> dict[Asset, Decimal]:
        """Per asset, over all accounts, free and held."""
        sums: defaultdict[Asset, Decimal] = defaultdict(Decimal)
        for book in (self._free, self._held):
            for (_, asset), amount in book.items():
                sums[asset] += amount
        return dict(sums)

    def _take_held(self, account: int, asset: Asset, amount: Decimal) -> None:
        held = self.held(account, asset)
        if amount > held:
            raise LedgerError(f"{asset}: {amount} of account {account}, {held} held")
        self._held[account, asset] = held - amount
