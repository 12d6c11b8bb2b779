"""The last 24 hours and other windows of an instrument; its trades as aggregates (rest-api.md)."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from adapters.simulated.binance.wire import Json, ms
from adapters.simulated.candles import DAY_MS, Candle
from adapters.simulated.market import Market, Print, Scale

_OF_THE_DAY_ALONE = ("prevClosePrice", "lastQty", "bidPrice", "bidQty", "askPrice", "askQty")
_NOT_IN_BRIEF = ("priceChange", "priceChangePercent", "weightedAvgPrice")
_AVERAGE_MINUTES = 5
_HOUR_MS: Final = 3_600_000
WINDOWS_MS: Final = {"1h": _HOUR_MS, "4h": 4 * _HOUR_MS, "1d": DAY_MS}
_LETTERS: Final = {
    "p": "priceChange",
    "P": "priceChangePercent",
    "w": "weightedAvgPrice",
    "x": "prevClosePrice",
    "c": "lastPrice",
    "Q": "lastQty",
    "b": "bidPrice",
    "B": "bidQty",
    "a": "askPrice",
    "A": "askQty",
    "o": "openPrice",
    "h": "highPrice",
    "l": "lowPrice",
    "v": "volume",
    "q": "quoteVolume",
    "O": "openTime",
    "C": "closeTime",
    "F": "firstId",
    "L": "lastId",
    "n": "count",
}
_MINI_LETTERS: Final = ("c", "o", "h", "l", "v", "q")


def day_ticker(market: Market, now_ms: int, *, is_brief: bool) -> Json:
    """`GET /api/v3/ticker/24hr`: of the minutes that there are, a day of them at most."""
    day = market.candles.last_day(now_ms, market.reference_price())
    whole = _statistics(market, day, now_ms)
    return _without(whole, (*_NOT_IN_BRIEF, *_OF_THE_DAY_ALONE)) if is_brief else whole


def window_ticker(market: Market, start_ms: int, now_ms: int, *, is_brief: bool) -> Json:
    """`GET /api/v3/ticker` and `/tradingDay`: what began after `start_ms`, in whole minutes."""
    window = market.candles.since(start_ms, now_ms, market.reference_price())
    left_out = (*_NOT_IN_BRIEF, *_OF_THE_DAY_ALONE) if is_brief else _OF_THE_DAY_ALONE
    return _without(_statistics(market, window, now_ms), left_out)


def _statistics(market: Market, window: Candle, now_ms: int) -> Json:
    scale, top, open_ticks = market.scale, market.top(), window.open
    last = market.tape[-1] if market.tape else None
    change = scale.price(market.reference_price()) - scale.price(open_ticks)
    average = window.value // window.lots if window.lots else window.close
    return {
        "symbol": market.wire_symbol,
        "priceChange": f"{change:.8f}",
        "priceChangePercent": _percent(change, scale.price(open_ticks)),
        "weightedAvgPrice": scale.price_text(average),
        "prevClosePrice": scale.price_text(open_ticks),
        "lastPrice": scale.price_text(market.reference_price()),
        "lastQty": scale.amount_text(last.lots if last else 0),
        "bidPrice": scale.price_text(top.bid),
        "bidQty": scale.amount_text(top.bid_lots),
        "askPrice": scale.price_text(top.ask),
        "askQty": scale.amount_text(top.ask_lots),
        "openPrice": scale.price_text(open_ticks),
        "highPrice": scale.price_text(window.high),
        "lowPrice": scale.price_text(window.low),
        "volume": scale.amount_text(window.lots),
        "quoteVolume": scale.value_text(window.value),
        "openTime": window.open_ms,
        "closeTime": now_ms,
        "firstId": window.first_id,
        "lastId": window.last_id,
        "count": window.trades,
    }


def _without(whole: Json, names: tuple[str, ...]) -> Json:
    return {name: value for name, value in whole.items() if name not in names}


def _percent(change: Decimal, start: Decimal) -> str:
    return f"{change / start * 100:.3f}" if start else "0.000"


def day_event(market: Market, now_ms: int) -> Json:
    """`<symbol>@ticker`."""
    return _event("24hrTicker", day_ticker(market, now_ms, is_brief=False), now_ms)


def mini_event(market: Market, now_ms: int) -> Json:
    """`<symbol>@miniTicker`, and an element of `!miniTicker@arr`."""
    whole = _event("24hrMiniTicker", day_ticker(market, now_ms, is_brief=True), now_ms)
    return {name: whole[name] for name in ("e", "E", "s", *_MINI_LETTERS)}


def window_event(market: Market, window: str, now_ms: int) -> Json:
    """`<symbol>@ticker_<window>`, and an element of `!ticker_<window>@arr`."""
    told = window_ticker(market, now_ms - WINDOWS_MS[window], now_ms, is_brief=False)
    return _event(f"{window}Ticker", told, now_ms)


def _event(kind: str, told: Json, now_ms: int) -> Json:
    letters = {letter: told[name] for letter, name in _LETTERS.items() if name in told}
    return {"e": kind, "E": now_ms, "s": told["symbol"], **letters}


def average_price(market: Market, now_ms: int) -> Json:
    """`GET /api/v3/avgPrice`."""
    price = market.scale.price_text(_average(market))
    return {"mins": _AVERAGE_MINUTES, "price": price, "closeTime": now_ms}


def average_event(market: Market, now_ms: int) -> Json:
    """`<symbol>@avgPrice`."""
    last_ms = ms(market.tape[-1].ts_ns) if market.tape else now_ms
    return {
        "e": "avgPrice",
        "E": now_ms,
        "s": market.wire_symbol,
        "i": f"{_AVERAGE_MINUTES}m",
        "w": market.scale.price_text(_average(market)),
        "T": last_ms,
    }


def _average(market: Market) -> int:
    minutes = market.candles.newest("1m", _AVERAGE_MINUTES)
    lots = sum(candle.lots for candle in minutes)
    return sum(candle.value for candle in minutes) // lots if lots else market.reference_price()


def aggregate_trade(scale: Scale, trade: Print) -> Json:
    """An element of `GET /api/v3/aggTrades`: here each trade is an aggregate of one."""
    return {
        "a": trade.trade_id,
        "p": scale.price_text(trade.price),
        "q": scale.amount_text(trade.lots),
        "f": trade.trade_id,
        "l": trade.trade_id,
        "T": ms(trade.ts_ns),
        "m": trade.is_buyer_maker,
        "M": True,
    }
