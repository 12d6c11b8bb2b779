"""What Bybit's websockets push, as texts: envelopes and the rows that REST does not have. Pure."""

from __future__ import annotations

from typing import Final

import msgspec

from adapters.simulated.bybit.wire import Json, public_trade
from adapters.simulated.candles import Candle
from adapters.simulated.level_windows import Levels, Sides
from adapters.simulated.market import Market, Print
from adapters.simulated.numbers import plain

_NS_PER_MS: Final = 1_000_000


def text_of(body: Json) -> str:
    """JSON."""
    return msgspec.json.encode(body).decode()


def push(topic: str, kind: str, data: object, now_ns: int, **more: object) -> str:
    """`{"topic":…, "ts":…, "type":…, "data":…}`."""
    ts_ms = now_ns // _NS_PER_MS
    return text_of({"topic": topic, "ts": ts_ms, "type": kind, "data": data, **more})


def levels(market: Market, side: Levels) -> list[list[str]]:
    """`[price, size]`; a size of "0" removes."""
    texts = market.scale.plain_texts
    return [[*texts(ticks, lots)] for ticks, lots in side]


def book_data(market: Market, sides: Sides, number: int, sequence: int) -> Json:
    """Of `orderbook`; `number` is `u`, and `sequence` the engine's of this very state."""
    return {
        "s": market.wire_symbol,
        "b": levels(market, sides.bids),
        "a": levels(market, sides.asks),
        "u": number,
        "seq": sequence,
    }


def trade_row(market: Market, trade: Print) -> Json:
    """Of `publicTrade`: the same as by REST, under short names."""
    row = public_trade(market, trade)
    return {
        "i": row["execId"],
        "T": trade.ts_ns // _NS_PER_MS,
        "p": row["price"],
        "v": row["size"],
        "S": row["side"],
        "seq": market.engine.update_id,
        "s": market.wire_symbol,
        "BT": False,
        "RPI": False,
    }


def kline_row(
    market: Market, candle: Candle, interval: str, now_ns: int, *, is_closed: bool
) -> Json:
    """Of `kline`; `end` is the last millisecond."""
    scale = market.scale
    return {
        "start": candle.open_ms,
        "end": candle.close_ms,
        "interval": interval,
        "open": plain(scale.price(candle.open)),
        "close": plain(scale.price(candle.close)),
        "high": plain(scale.price(candle.high)),
        "low": plain(scale.price(candle.low)),
        "volume": plain(scale.amount(candle.lots)),
        "turnover": scale.value_text(candle.value),
        "confirm": is_closed,
        "timestamp": now_ns // _NS_PER_MS,
    }
