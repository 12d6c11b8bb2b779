"""Instruments and books by hand."""

from __future__ import annotations

from decimal import Decimal

from bot3.arbitrage.matrix import ArbitrageMatrix, MatrixSettings
from bot3.arbitrage.opportunity import Opportunity
from bot3.domain.instrument import Instrument
from bot3.domain.values import Asset, InstrumentId, Symbol, VenueName

SECOND = 1_000_000_000


def instrument(
    venue: str,
    symbol: str,
    *,
    fee: str = "0.001",
    lot: str = "0",
    tick: str = "0",
    notional_min: str = "0",
) -> Instrument:
    base, quote = symbol.split("/")
    return Instrument(
        id=InstrumentId(VenueName(venue), Symbol(symbol)),
        base=Asset(base),
        quote=Asset(quote),
        tick_size=Decimal(tick),
        lot_size=Decimal(lot),
        notional_min=Decimal(notional_min),
        taker_fee_rate=Decimal(fee),
    )


class Market:
    """A matrix, and books told by venue and symbol."""

    def __init__(self, settings: MatrixSettings | None = None, **terms: str) -> None:
        self.matrix = ArbitrageMatrix(settings or MatrixSettings())
        self._terms = terms

    def tell(
        self,
        venue: str,
        symbol: str,
        bids: list[tuple[float, float]],
        asks: list[tuple[float, float]],
        ts_ns: int = SECOND,
    ) -> list[Opportunity]:
        known = instrument(venue, symbol, **self._terms)
        self.matrix.on_instrument(known)
        return self.matrix.on_book(known.id, bids, asks, ts_ns)
