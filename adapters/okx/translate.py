"""Instruments and bars, from OKX's words into ours. Pure.

Invariant: values that the domain refuses raise `ValueError` or `ArithmeticError`
(`TRANSLATION_ERRORS`); callers at the edge make those an event.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from adapters.net.decimals import number, step
from adapters.net.listing import interval_of, joined, listed
from adapters.okx.schemas import CandleRow, InstrumentRow
from bot3.domain.bar import Bar
from bot3.domain.instrument import Instrument
from bot3.domain.values import ZERO, Asset, InstrumentId, Symbol, VenueName

NS_PER_MS: Final = 1_000_000
# Days and weeks begin at midnight UTC under these names, not in Hong Kong.
BARS: Final[dict[int, str]] = {
    1: "1s",
    60: "1m",
    180: "3m",
    300: "5m",
    900: "15m",
    1_800: "30m",
    3_600: "1H",
    7_200: "2H",
    14_400: "4H",
    21_600: "6Hutc",
    43_200: "12Hutc",
    86_400: "1Dutc",
}


def wire_symbol(symbol: Symbol) -> str:
    """`BTC/USDT` as `BTC-USDT`; raises `VenueError` for what is not a pair."""
    return joined(symbol, "-")


def bar_name(interval_s: int) -> str:
    """`60` as `1m`; raises `NoSuchBarsError` for another length."""
    return interval_of(BARS, interval_s)


def bar_of(instrument: InstrumentId, interval_s: int, row: CandleRow) -> Bar:
    """OKX says neither what takers bought nor how many trades there were: half, and none."""
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
    """No least notional is listed: a size below `minSz` is what is too small."""
    return Instrument(
        id=id_,
        base=Asset(row.base_ccy),
        quote=Asset(row.quote_ccy),
        tick_size=step(row.tick_sz),
        lot_size=step(row.lot_sz),
        amount_min=step(row.min_sz),
        amount_max=number(row.max_lmt_sz) or ZERO,
        is_trading=row.state == "live",
    )


def instruments_of(
    venue: VenueName, symbols: Sequence[Symbol], rows: Iterable[InstrumentRow]
) -> tuple[Instrument, ...]:
    """In the order asked for; raises `VenueError` naming what is not traded there."""
    found = {row.inst_id: row for row in rows}
    return listed(venue, symbols, found, wire_symbol, instrument_of)
