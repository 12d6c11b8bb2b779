"""Double entry: every asset on every venue, where it came from and where it went.

Invariant: each entry balances to zero per venue and asset, so all accounts of an asset sum to zero
for ever; our own accounts (free, held) are never below zero. An entry is posted whole or not.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from enum import Enum, unique
from typing import final

from attrs import frozen

from bot3.domain.errors import LedgerError
from bot3.domain.fill import Fill
from bot3.domain.values import ZERO, Asset, Side, VenueName


@unique
class Account(Enum):
    """Where an amount is. FREE and HELD are ours; the others are what stands against them."""

    FREE = "free"
    HELD = "held"
    EXTERNAL = "external"
    TRADING = "trading"
    FEES = "fees"


OWN = frozenset({Account.FREE, Account.HELD})


@frozen
class Posting:
    """`amount` onto one account; negative takes from it."""

    venue: VenueName
    asset: Asset
    account: Account
    amount: Decimal


@frozen
class Entry:
    """Postings that belong together; `reference` says what they are (`fill 17`, `opening`)."""

    reference: str
    postings: tuple[Posting, ...]


def transfer(
    reference: str, venue: VenueName, asset: Asset, amount: Decimal, *, out: Account, into: Account
) -> Entry:
    """One amount out of an account into another; a negative one goes the other way."""
    return Entry(
        reference, (Posting(venue, asset, into, amount), Posting(venue, asset, out, -amount))
    )


def fill_entry(fill: Fill, base: Asset, quote: Asset, *, source: Account = Account.FREE) -> Entry:
    """What a fill moves: base, quote, and the fee in the asset charged.

    `source` is where the asset given away was: HELD where the order's funds were held.
    """
    venue, notional = fill.instrument.venue, fill.notional.amount
    bought, paid = (base, quote) if fill.side is Side.BUY else (quote, base)
    gain, cost = (
        (fill.amount.amount, notional) if fill.side is Side.BUY else (notional, fill.amount.amount)
    )
    postings = [
        Posting(venue, bought, Account.FREE, gain),
        Posting(venue, bought, Account.TRADING, -gain),
        Posting(venue, paid, source, -cost),
        Posting(venue, paid, Account.TRADING, cost),
    ]
    if fill.fee:
        postings.append(Posting(venue, fill.fee_asset, Account.FREE, -fill.fee))
        postings.append(Posting(venue, fill.fee_asset, Account.FEES, fill.fee))
    return Entry(f"fill {fill.instrument} {fill.trade_id}", tuple(postings))


def only_assets(entry: Entry, assets: Iterable[Asset]) -> Entry:
    """The part of an entry in these assets; it balances, because the whole does per asset."""
    wanted = frozenset(assets)
    return Entry(entry.reference, tuple(p for p in entry.postings if p.asset in wanted))


@final
class Ledger:
    """The sums of all entries."""

    __slots__ = ("_amounts",)

    def __init__(self) -> None:
        self._amounts: dict[tuple[VenueName, Asset, Account], Decimal] = {}

    def post(self, entry: Entry) -> None:
        """Raises `LedgerError`, changing nothing, where it is unbalanced or overdraws us."""
        sums: dict[tuple[VenueName, Asset], Decimal] = {}
        after: dict[tuple[VenueName, Asset, Account], Decimal] = {}
        for posting in entry.postings:
            pot = (posting.venue, posting.asset)
            sums[pot] = sums.get(pot, ZERO) + posting.amount
            key = (*pot, posting.account)
            after[key] = after.get(key, self._amounts.get(key, ZERO)) + posting.amount
        for (venue, asset), total in sums.items():
            if total != 0:
                raise LedgerError(
                    f"{entry.reference}: postings of {asset} on {venue} sum to {total}, want 0"
                )
        for (venue, asset, account), amount in after.items():
            if account in OWN and amount < 0:
                raise LedgerError(
                    f"{entry.reference}: {asset} {account.value} on {venue} would be {amount};"
                    " reconcile the balances with the venue"
                )
        self._amounts.update(after)

    def amount(self, venue: VenueName, asset: Asset, account: Account) -> Decimal:
        """What stands on one account."""
        return self._amounts.get((venue, asset, account), ZERO)

    def total(self, venue: VenueName, asset: Asset) -> Decimal:
        """What is ours: free plus held."""
        return self.amount(venue, asset, Account.FREE) + self.amount(venue, asset, Account.HELD)

    def assets(self, venue: VenueName) -> frozenset[Asset]:
        """The assets with an entry on this venue."""
        return frozenset(asset for held_by, asset, _ in self._amounts if held_by == venue)
