"""What Binance's streams say once a second: tickers of the day and of windows, average prices.

Invariant: a stream of all instruments tells of those alone that traded within its second, and is
silent where none did.
"""

from __future__ import annotations

from collections.abc import Iterable

from adapters.simulated.binance.day import average_event, day_event, mini_event, window_event
from adapters.simulated.binance.stream_names import StreamName
from adapters.simulated.binance.wire import Json, ms
from adapters.simulated.market import Market

_SECOND_MS = 1_000


def second_event(name: StreamName, market: Market, now_ms: int) -> Json | None:
    """None for a channel that does not go by the second."""
    match name.channel:
        case "ticker":
            return day_event(market, now_ms)
        case "miniTicker":
            return mini_event(market, now_ms)
        case "window":
            return window_event(market, name.interval, now_ms)
        case "avgPrice":
            return average_event(market, now_ms)
        case _:
            return None


def second_events(name: StreamName, markets: Iterable[Market], now_ms: int) -> list[Json]:
    """Of a stream of all instruments."""
    moved = [market for market in markets if _has_traded(market, now_ms)]
    told = [second_event(name, market, now_ms) for market in moved]
    return [event for event in told if event is not None]


def _has_traded(market: Market, now_ms: int) -> bool:
    return bool(market.tape) and ms(market.tape[-1].ts_ns) > now_ms - _SECOND_MS
