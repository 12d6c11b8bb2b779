"""Whether both sides' books agree. Knows nothing of how the bot works.

Invariant: an empty answer means that at most one order stands at the venue for each intent, that
each order has its intent and the same fate on both sides, and that positions, fills and balances
are the same to the last digit.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from decimal import Decimal

from tests.chaos.books import ZERO, FillBooked, OrderBooked, OurBooks, VenueBooks


def differences(ours: OurBooks, theirs: VenueBooks, funding: Mapping[str, Decimal]) -> list[str]:
    """Every disagreement, one a line. `funding` is what the account began with."""
    return [
        *_doubles(ours, theirs),
        *_fates(ours, theirs),
        *_missing_fills(ours, theirs),
        *_money(ours, theirs, funding),
    ]


def _doubles(ours: OurBooks, theirs: VenueBooks) -> Iterator[str]:
    for key, count in Counter(ours.intents).items():
        if count > 1:
            yield f"{key}: its intent is recorded {count} times"
    for key, count in Counter(order.client_order_id for order in theirs.orders).items():
        if count > 1:
            yield f"{key}: {count} orders at the venue for one intent"


def _fates(ours: OurBooks, theirs: VenueBooks) -> Iterator[str]:
    at_venue = {order.client_order_id: order for order in theirs.orders}
    for key, order in at_venue.items():
        if key not in ours.orders:
            yield f"{key}: at the venue without an intent: {order}"
    for key, order in ours.orders.items():
        found = at_venue.get(key)
        if found is None and order.fate != "rejected":
            yield f"{key}: {order.fate} here, and the venue never had it"
        elif found is not None and found != order:
            yield f"{key}: here {_terms(order)}, at the venue {_terms(found)}"


def _terms(order: OrderBooked) -> str:
    return f"{order.fate} {order.side} {order.filled} of {order.amount} {order.symbol}"


def _missing_fills(ours: OurBooks, theirs: VenueBooks) -> Iterator[str]:
    here, there = set(ours.fills), set(theirs.fills)
    for fill in sorted(there - here, key=str):
        yield f"not here: {fill}"
    for fill in sorted(here - there, key=str):
        yield f"not at the venue: {fill}"


def _money(ours: OurBooks, theirs: VenueBooks, funding: Mapping[str, Decimal]) -> Iterator[str]:
    """Balances are the funding and the sum of the fills; positions are the balances in base."""
    due = _after(theirs.fills, funding)
    for asset in sorted({*due, *theirs.totals}):
        held, sum_of_fills = theirs.totals.get(asset, ZERO), due.get(asset, ZERO)
        if held != sum_of_fills:
            yield f"{asset}: {held} at the venue, its fills make {sum_of_fills}"
    for symbol in sorted({*ours.positions, *(fill.symbol for fill in theirs.fills)}):
        position, held = ours.positions.get(symbol, ZERO), due.get(symbol.partition("/")[0], ZERO)
        if position != held:
            yield f"{symbol}: a position of {position}, the venue's fills make {held}"


def _after(fills: tuple[FillBooked, ...], funding: Mapping[str, Decimal]) -> dict[str, Decimal]:
    totals = defaultdict(Decimal, funding)
    for fill in fills:
        base, _, quote = fill.symbol.partition("/")
        sign = 1 if fill.side == "buy" else -1
        totals[base] += sign * fill.amount
        totals[quote] -= sign * fill.price * fill.amount
        totals[fill.fee_asset] -= fill.fee
    return dict(totals)
