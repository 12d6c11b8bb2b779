"""Names of Binance's market streams: `btcusdt@depth@100ms` and what they mean."""

from __future__ import annotations

import re
from typing import Literal

from attrs import frozen

from adapters.simulated.candles import INTERVALS_MS

Channel = Literal["trade", "bookTicker", "depth", "partial", "kline"]
_NAME = re.compile(
    r"(?P<symbol>[a-z0-9_.-]{1,20})@(?:(?P<plain>trade|bookTicker)"
    r"|depth(?P<levels>5|10|20)?(?:@(?P<speed>100|1000)ms)?|kline_(?P<interval>\w+))"
)


@frozen
class StreamName:
    """`detail` is the interval in ms of depth streams, levels of partial ones, a kline's name."""

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
        return None
    symbol = found["symbol"].upper()
    if found["plain"] is not None:
        return StreamName(text, symbol, "trade" if found["plain"] == "trade" else "bookTicker")
    if found["interval"] is not None:
        if found["interval"] not in INTERVALS_MS:
            return None
        return StreamName(text, symbol, "kline", interval=found["interval"])
    period_ms = int(found["speed"] or 1_000)
    if found["levels"] is None:
        return StreamName(text, symbol, "depth", period_ms)
    return StreamName(text, symbol, "partial", period_ms, levels=int(found["levels"]))
