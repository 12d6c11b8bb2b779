"""The last 24 hours of an instrument, and its trades as aggregates (rest-api.md)."""

from __future__ import annotations

from decimal import Decimal

from adapters.simulated.binance.wire import Json, ms
from adapters.simulated.market import Market, Print, Scale

_BRIEF_LEAVES_OUT = frozenset(
    (
        *("priceChange", "priceChangePercent", "weightedAvgPrice", "prevClosePrice", "lastQty"),
        *("bidPrice", "bidQty", "askPrice", "askQty"),
    )
)


def day_ticker(market: Market, now_ms: int, *, is_brief: bool) -> Json:
    """`GET /api/v3/ticker/24hr`: of the minutes that there are, a day of them at most."""
    day = market.candles.last_day(now_ms, market.reference_price())
    scale, top, open_ticks = market.scale, market.top(), day.open
    last = market.tape[-1] if market.tape else None
    change = scale.price(market.reference_price()) - scale.price(open_ticks)
    whole: Json = {
        "symbol": market.wire_symbol,
        "priceChange": f"{change:.8f}",
        "priceChangePercent": _percent(change, scale.price(open_ticks)),
        "weightedAvgPrice": scale.price_text(day.value // day.lots if day.lots else day.close),
        "prevClosePrice": scale.price_text(open_ticks),
        "lastPrice": scale.price_text(market.reference_price()),
        "lastQty": scale.amount_text(last.lots if last else 0),
        "bidPrice": scale.price_text(top.bid),
        "bidQty": scale.amount_text(top.bid_lots),
        "askPrice": scale.price_text(top.ask),
        "askQty": scale.amount_text(top.ask_lots),
        "openPrice": scale.price_text(open_ticks),
        "highPrice": scale.price_text(day.high),
        "lowPrice": scale.price_text(day.low),
        "volume": scale.amount_text(day.lots),
        "quoteVolume": scale.value_text(day.value),
        "openTime": day.open_ms,
        "closeTime": now_ms,
        "firstId": day.first_id,
        "lastId": day.last_id,
        "count": day.trades,
    }
    if is_brief:
        return {name: value for name, value in whole.items() if name not in _BRIEF_LEAVES_OUT}
    return whole


def _percent(change: Decimal, start: Decimal) -> str:
    return f"{change / start * 100:.3f}" if start else "0.000"


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
