"""Instruments and bars, from Bybit's words into ours. Pure.

Invariant: values that the domain refuses raise `ValueError` or `ArithmeticError`
(`TRANSLATION_ERRORS`); callers at the edge make those an event.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from adapters.bybit.schemas import InstrumentRow, KlineRow
from adapters.net.decimals import finite, number, step
from adapters.net.listing import interval_of, joined, listed
from bot3.domain.bar import Bar
from bot3.domain.instrument import Instrument
from bot3.domain.values import ZERO, Asset, InstrumentId, Symbol, VenueName

NS_PER_MS: Final = 1_000_000
INTERVALS: Final[dict[int, str]] = {
    60: "1",
    180: "3",
    300: "5",
    900: "15",
    1_800: "30",
    3_600: "60",
    7_200: "120",
    14_400: "240",
    21_600: "360",
    43_200: "720",
    86_400: "D",
}


def wire_symbol(symbol: Symbol) -> str:
    """`BTC/USDT` as `BTCUSDT`; raises `VenueError` for what is not a pair."""
    return joined(symbol, "")


def interval_name(interval_s: int) -> str:
    """`60` as `1`; raises `NoSuchBarsError` for another length."""
    return interval_of(INTERVALS, interval_s)


def bar_of(instrument: InstrumentId, interval_s: int, row: KlineRow) -> Bar:
    """Bybit says neither what takers bought nor how many trades there were: half, and none."""
    return Bar(
        instrument,
        interval_s,
        row.open_ms * NS_PER_MS,
        row.open,
        row.high,
        row.low,
        row.close,
        row.volume,
        row.volume / 2,
        0,
    )


def instrument_of(id_: InstrumentId, row: InstrumentRow) -> Instrument:
    """The value of an order is the real minimum; the quantity's is checked all the same."""
    lot = row.lot_size_filter
    return Instrument(
        id=id_,
        base=Asset(row.base_coin),
        quote=Asset(row.quote_coin),
        tick_size=step(row.price_filter.tick_size),
        lot_size=step(lot.base_precision),
        amount_min=finite(lot.min_order_qty),
        amount_max=number(lot.max_limit_order_qty or lot.max_order_qty) or ZERO,
        notional_min=finite(lot.min_order_amt),
        is_trading=row.status == "Trading",
    )


def instruments_of(
    venue: VenueName, symbols: Sequence[Symbol], rows: Iterable[InstrumentRow]
) -> tuple[Instrument, ...]:
    """In the order asked for; raises `VenueError` naming what is not traded there."""
    found = {row.symbol: row for row in rows}
    return listed(venue, symbols, found, wire_symbol, instrument_of)
