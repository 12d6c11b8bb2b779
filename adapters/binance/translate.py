"""Market data and instruments, from Binance's words into ours. Pure.

Invariant: nothing here waits, counts or remembers. Values that the domain refuses raise
`ValueError` or `ArithmeticError` (`TRANSLATION_ERRORS`); callers at the edge make those an event.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from adapters.binance.account_schemas import ExchangeInfo, Filter, SymbolInfo
from adapters.binance.schemas import (
    DepthEvent,
    DepthSnapshot,
    Kline,
    KlineEvent,
    TouchEvent,
    TradeEvent,
)
from adapters.net.feed_frames import CandleFrame, TouchFrame
from adapters.net.listing import interval_of, joined, listed
from bot3.domain.bar import Bar
from bot3.domain.instrument import Instrument
from bot3.domain.values import Asset, InstrumentId, Side, Symbol, VenueName
from bot3.messages.market import BookChanged, BookReplaced, TradePrinted

NS_PER_MS = 1_000_000

INTERVALS: Final[dict[int, str]] = {
    1: "1s",
    60: "1m",
    180: "3m",
    300: "5m",
    900: "15m",
    1_800: "30m",
    3_600: "1h",
    7_200: "2h",
    14_400: "4h",
    21_600: "6h",
    28_800: "8h",
    43_200: "12h",
    86_400: "1d",
}


def wire_symbol(symbol: Symbol) -> str:
    """`BTC/USDT` as `BTCUSDT`; raises `VenueError` for what is not a pair."""
    return joined(symbol, "")


def interval_name(interval_s: int) -> str:
    """`60` as `1m`; raises `NoSuchBarsError` for another length."""
    return interval_of(INTERVALS, interval_s)


def trade_of(instrument: InstrumentId, event: TradeEvent, local_ns: int) -> TradePrinted:
    """A print. The buyer being the maker means that the aggressor sold."""
    return TradePrinted(
        instrument,
        event.trade_id,
        event.price,
        event.amount,
        Side.SELL if event.is_buyer_maker else Side.BUY,
        event.trade_ms * NS_PER_MS,
        local_ns,
    )


def change_of(instrument: InstrumentId, event: DepthEvent, local_ns: int) -> BookChanged:
    """A diff; its levels are handed on as they are."""
    return BookChanged(
        instrument, event.bids, event.asks, event.last_id, event.event_ms * NS_PER_MS, local_ns
    )


def book_of(
    instrument: InstrumentId, snapshot: DepthSnapshot, venue_ns: int, local_ns: int
) -> BookReplaced:
    """A whole book. Snapshots carry no time: `venue_ns` is the last event's, or our estimate."""
    return BookReplaced(
        instrument, snapshot.bids, snapshot.asks, snapshot.last_id, venue_ns, local_ns
    )


def touch_of(event: TouchEvent, event_ms: int) -> TouchFrame:
    """The best prices. They have no time: `event_ms` is that of the last event that had."""
    return TouchFrame(
        event.symbol,
        event.bid,
        event.bid_amount,
        event.ask,
        event.ask_amount,
        event.update_id,
        event_ms,
    )


def candle_of(event: KlineEvent) -> CandleFrame:
    """What the check of trades against candles wants."""
    candle = event.candle
    return CandleFrame(event.symbol, candle.open_ms, candle.volume, candle.is_closed)


def bar_of(instrument: InstrumentId, interval_s: int, row: Kline) -> Bar:
    """A bar with the volume that takers bought."""
    return Bar(
        instrument,
        interval_s,
        row.open_ms * NS_PER_MS,
        row.open,
        row.high,
        row.low,
        row.close,
        row.volume,
        row.buy_volume,
        row.trades,
    )


def instrument_of(id_: InstrumentId, info: SymbolInfo) -> Instrument:
    """Filters by filters.md; raises `ValueError` where tick or lot are missing."""
    filters = {row.filter_type: row for row in info.filters}
    try:
        price, lot = filters["PRICE_FILTER"], filters["LOT_SIZE"]
    except KeyError as error:
        raise ValueError(f"{info.symbol}: no filter {error}") from None
    notional = filters.get("NOTIONAL") or filters.get("MIN_NOTIONAL") or Filter("NONE")
    return Instrument(
        id=id_,
        base=Asset(info.base_asset),
        quote=Asset(info.quote_asset),
        tick_size=_shortest(price.tick_size),
        lot_size=_shortest(lot.step_size),
        price_min=_shortest(price.min_price),
        price_max=_shortest(price.max_price),
        amount_min=_shortest(lot.min_qty),
        amount_max=_shortest(lot.max_qty),
        notional_min=_shortest(notional.min_notional),
        notional_max=_shortest(notional.max_notional),
        is_trading=info.status == "TRADING",
    )


def instruments_of(
    venue: VenueName, symbols: Sequence[Symbol], info: ExchangeInfo
) -> tuple[Instrument, ...]:
    """In the order asked for; raises `VenueError` naming what is not traded there."""
    found = {row.symbol: row for row in info.symbols}
    return listed(venue, symbols, found, wire_symbol, instrument_of)


def plain(value: Decimal) -> str:
    """Digits and a point, nothing else: `1E-5` is refused there with -1100."""
    return format(_shortest(value), "f")


def _shortest(value: Decimal) -> Decimal:
    """Without the zeros that the venue pads to eight places; raises for what is not finite."""
    if not value.is_finite():
        raise ValueError(f"{value} is not a finite number")
    short = value.normalize()
    return short if short.as_tuple().exponent in range(-64, 1) else short.quantize(Decimal(1))
