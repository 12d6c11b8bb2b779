"""Where to trade: over all venues, the next unit goes where it is cheapest with its fee.

Invariant: the parts sum to the amount asked for, down onto the lots; nothing goes to a stale book.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import final

from attrs import frozen

from bot3.domain.book import Level
from bot3.domain.instrument import Instrument
from bot3.domain.values import ZERO, InstrumentId, Price, Quantity, Side, decimal_of

SECOND_NS = 1_000_000_000


@frozen
class Candidate:
    """One venue's side of the book that we would take from, best level first."""

    instrument: Instrument
    levels: Sequence[Level]
    ts_local_ns: int


@frozen
class Leg:
    """A part of the amount for one venue; `price` is its last level, without the fee."""

    instrument: InstrumentId
    amount: Quantity
    price: Price


@final
class SmartOrderRouter:
    """Splits a taking order by marginal all-in price: price times (1 +- the venue's taker fee)."""

    def __init__(self, *, book_age_max_s: float) -> None:
        self._age_max_ns = int(book_age_max_s * SECOND_NS)

    def route(
        self, side: Side, amount: Decimal, candidates: Iterable[Candidate], now_ns: int
    ) -> list[Leg]:
        """Legs, best first; less than `amount` where fresh books show less, or legs are too small.

        Parts too small for their venue go to the venue with the best touch, within its depth.
        """
        fresh = {
            each.instrument.id: each
            for each in candidates
            if now_ns - each.ts_local_ns <= self._age_max_ns and each.instrument.is_trading
        }
        while fresh:
            legs = self._split(side, amount, list(fresh.values()))
            small = [
                leg.instrument
                for leg in legs
                if fresh[leg.instrument].instrument.refusal_of(leg.amount, leg.price) is not None
            ]
            if not small:
                return legs
            del fresh[small[-1]]  # the dearest of the small ones; its part moves to the others
        return []

    @staticmethod
    def _split(side: Side, amount: Decimal, candidates: Sequence[Candidate]) -> list[Leg]:
        """Takes level after level by all-in price, ties by venue name."""
        steps = sorted(
            (
                (
                    side.sign
                    * decimal_of(price)
                    * (1 + side.sign * each.instrument.taker_fee_rate),
                    each.instrument.id,
                    decimal_of(price),
                    decimal_of(depth),
                    each.instrument,
                )
                for each in candidates
                for price, depth in each.levels
            ),
            key=lambda step: step[:2],
        )
        taken: dict[InstrumentId, tuple[Decimal, Decimal, Instrument]] = {}
        left = amount
        for _, key, price, depth, instrument in steps:
            part = min(left, depth)
            if part <= 0:
                break
            taken[key] = (taken.get(key, (ZERO, ZERO, instrument))[0] + part, price, instrument)
            left -= part
        return [
            Leg(key, instrument.round_amount(part), instrument.nearest_price(price))
            for key, (part, price, instrument) in taken.items()
        ]
