"""What each strategy made, as the faces show it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from bot3.domain.values import ZERO, InstrumentId, decimal_of
from bot3.portfolio.strategy_books import StrategyBook
from bot3.telemetry import formats
from bot3.telemetry.cards import InstrumentCard
from bot3.telemetry.status import StrategyStatus


def strategies_of(
    books: Mapping[str, StrategyBook], cards: Mapping[InstrumentId, InstrumentCard], quote: str
) -> dict[str, StrategyStatus]:
    """At the mids of the last quotes."""
    marks = {
        key: decimal_of(card.quote.quote.mid)
        for key, card in cards.items()
        if card.quote is not None
    }
    return {name: _status(book, marks, quote) for name, book in books.items()}


def _status(
    book: StrategyBook, marks: Mapping[InstrumentId, Decimal], quote: str
) -> StrategyStatus:
    profit = book.profit()
    return StrategyStatus(
        realized=profit.realized.get(quote, ZERO),
        unrealized=book.unrealized(marks),
        fees=profit.fees,
        fills=book.fills,
    )


def fees_of(books: Mapping[str, StrategyBook]) -> dict[str, Decimal]:
    """Of all of them, by the asset charged."""
    fees: dict[str, Decimal] = {}
    for book in books.values():
        for asset, fee in book.fees.items():
            fees[asset] = fees.get(asset, ZERO) + fee
    return fees


def strategy_words(state: StrategyStatus) -> str:
    """For people."""
    made = formats.signed_money(state.realized)
    open_ = "-" if state.unrealized is None else formats.signed_money(state.unrealized)
    return f"realized {made}, open {open_}, fees {fee_words(state.fees)}, {state.fills:,} fills"


def fee_words(fees: Mapping[str, Decimal]) -> str:
    """Exact, by asset."""
    paid = [f"{formats.amount(fee.normalize())} {asset}" for asset, fee in fees.items() if fee]
    return " + ".join(paid) or "none"
