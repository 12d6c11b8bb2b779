"""Names of Binance's market streams: `btcusdt@depth@100ms` and what they mean.

`!ticker@arr` is not among them: Binance retired it on 2026-03-26.
"""

from __future__ import annotations

import re
from typing import Literal, get_args

from attrs import frozen

from adapters.simulated.binance.day import WINDOWS_MS
from adapters.simulated.candles import INTERVALS_MS

Plain = Literal["trade", "aggTrade", "bookTicker", "ticker", "miniTicker", "avgPrice"]
Channel = Plain | Literal["depth", "partial", "kline", "window"]
_PLAIN: dict[str, Plain] = {name: name for name in get_args(Plain)}
_NAME = re.compile(
    rf"(?P<symbol>[a-z0-9_.-]{{1,20}})@(?:(?P<plain>{'|'.join(_PLAIN)})"
    r"|depth(?P<levels>5|10|20)?(?:@(?P<speed>100|1000)ms)?|kline_(?P<interval>\w+)"
    rf"|ticker_(?P<window>{'|'.join(WINDOWS_MS)}))"
)
_OF_ALL = re.compile(
    rf"!(?:miniTicker@arr(?:@1000ms)?|ticker_(?P<window>{'|'.join(WINDOWS_MS)})@arr)"
)


@frozen
class StreamName:
    """`wire_symbol` is "" for a stream of all; `interval` a kline's, or a ticker's window."""

    text: str
    wire_symbol: str
    channel: Channel
    period_ms: int = 0
    levels: int = 0
    interval: str = ""


def parse_stream_name(text: str) -> StreamName | None:
    """None for a malformed name; the symbol need not exist."""
    found = _NAME.fullmatch(text)
    if found is None:
        return _of_all(text)
    symbol = found["symbol"].upper()
    if found["plain"] is not None:
        return StreamName(text, symbol, _PLAIN[found["plain"]])
    if found["window"] is not None:
        return StreamName(text, symbol, "window", interval=found["window"])
    if found["interval"] is None:
        return _of_depth(text, symbol, int(found["speed"] or 1_000), int(found["levels"] or 0))
    known = found["interval"] in INTERVALS_MS
    return StreamName(text, symbol, "kline", interval=found["interval"]) if known else None


def _of_depth(text: str, symbol: str, period_ms: int, levels: int) -> StreamName:
    return StreamName(text, symbol, "partial" if levels else "depth", period_ms, levels)


def _of_all(text: str) -> StreamName | None:
    found = _OF_ALL.fullmatch(text)
    if found is None:
        return None
    if found["window"] is None:
        return StreamName(text, "", "miniTicker")
    return StreamName(text, "", "window", interval=found["window"])
