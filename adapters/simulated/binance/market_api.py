"""Binance's public market data, as REST and the WS-API share it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import final

import msgspec

from adapters.simulated.binance.day import (
    aggregate_trade,
    average_price,
    day_ticker,
    window_ticker,
)
from adapters.simulated.binance.errors import INVALID_SYMBOL, ApiError, missing
from adapters.simulated.binance.info import exchange_info
from adapters.simulated.binance.limits import Limits
from adapters.simulated.binance.params import Params
from adapters.simulated.binance.wire import (
    Json,
    book_ticker,
    depth,
    kline_row,
    ms,
    public_trade,
)
from adapters.simulated.candles import DAY_MS, INTERVALS_MS, MINUTE_MS
from adapters.simulated.exchange import Exchange
from adapters.simulated.market import Market
from supervisors.clock import Clock

_UNITS_MS = {"m": MINUTE_MS, "h": 60 * MINUTE_MS, "d": DAY_MS}
_WINDOW_MAX = {"m": 59, "h": 23, "d": 7}


@final
class MarketApi:
    """Every method reads parameters and returns what goes into JSON; raises `ApiError`."""

    def __init__(self, exchange: Exchange, limits: Limits, clock: Clock) -> None:
        self._limits, self._clock = limits, clock
        self.markets = {market.wire_symbol: market for market in exchange.markets.values()}

    def now_ms(self) -> int:
        """The venue's clock."""
        return ms(self._clock.now_ns())

    def market(self, params: Params) -> Market:
        """Of the parameter `symbol`; raises `ApiError` -1102, -1121."""
        found = self.markets.get(params.text("symbol"))
        if found is None:
            raise ApiError(*INVALID_SYMBOL)
        return found

    def ping(self, _params: Params) -> Json:
        return {}

    def time(self, _params: Params) -> Json:
        return {"serverTime": self.now_ms()}

    def exchange_info(self, params: Params) -> Json:
        markets, _ = self._chosen(params)
        kinds = params.optional("permissions")
        is_spot = kinds is None or "SPOT" in kinds
        return exchange_info(markets if is_spot else [], self._limits, self.now_ms())

    def depth(self, params: Params) -> Json:
        return depth(self.market(params), params.limit(100, 5_000))

    def trades(self, params: Params) -> list[Json]:
        market = self.market(params)
        newest = list(market.tape)[-params.limit(500, 1_000) :]
        return [public_trade(market.scale, trade) for trade in newest]

    def historical_trades(self, params: Params) -> list[Json]:
        """As far back as the tape goes."""
        first_id = params.integer("fromId")
        if first_id is None:
            return self.trades(params)
        market, limit = self.market(params), params.limit(500, 1_000)
        found = [trade for trade in market.tape if trade.trade_id >= first_id]
        return [public_trade(market.scale, trade) for trade in found[:limit]]

    def aggregate_trades(self, params: Params) -> list[Json]:
        market, limit = self.market(params), params.limit(500, 1_000)
        first_id, start = params.integer("fromId"), params.integer("startTime")
        end = params.integer("endTime")
        if first_id is not None and (start is not None or end is not None):
            raise ApiError(-1128, "Combination of optional parameters invalid.")
        found = [
            trade
            for trade in market.tape
            if trade.trade_id >= (first_id or 0)
            and ms(trade.ts_ns) >= (start or 0)
            and (end is None or ms(trade.ts_ns) <= end)
        ]
        is_forward = first_id is not None or start is not None
        page = found[:limit] if is_forward else found[-limit:]
        return [aggregate_trade(market.scale, trade) for trade in page]

    def ticker_day(self, params: Params) -> Json | list[Json]:
        is_brief, now_ms = _is_brief(params), self.now_ms()
        return self._one_or_all(
            params, lambda market: day_ticker(market, now_ms, is_brief=is_brief)
        )

    def ticker_window(self, params: Params) -> Json | list[Json]:
        """Over the last `windowSize`."""
        text = params.optional("windowSize") or "1d"
        found = re.fullmatch(r"([1-9][0-9]?)([mhd])", text)
        if found is None or int(found[1]) > _WINDOW_MAX[found[2]]:
            raise ApiError(-1130, "Data sent for parameter 'windowSize' is not valid.")
        now_ms = self.now_ms()
        return self._windows(params, now_ms - int(found[1]) * _UNITS_MS[found[2]], now_ms)

    def ticker_trading_day(self, params: Params) -> Json | list[Json]:
        """Since midnight, UTC."""
        now_ms = self.now_ms()
        return self._windows(params, now_ms - now_ms % DAY_MS - 1, now_ms)

    def _windows(self, params: Params, start_ms: int, now_ms: int) -> Json | list[Json]:
        if not (params.has("symbol") or params.has("symbols")):
            raise missing("symbol")
        _refuse_time_zone(params)
        is_brief = _is_brief(params)
        return self._one_or_all(
            params, lambda market: window_ticker(market, start_ms, now_ms, is_brief=is_brief)
        )

    def klines(self, params: Params) -> list[list[object]]:
        market = self.market(params)
        interval = params.text("interval")
        if interval not in INTERVALS_MS:
            raise ApiError(-1120, "Invalid interval.")
        _refuse_time_zone(params)
        limit = params.limit(500, 1_000)
        start, end = params.integer("startTime"), params.integer("endTime")
        market.candles.roll(self.now_ms())
        if start is None and end is None:
            candles = market.candles.newest(interval, limit)
        else:
            candles = [
                candle
                for candle in market.candles.of(interval)
                if (start is None or candle.open_ms >= start)
                and (end is None or candle.open_ms <= end)
            ]
            candles = candles[:limit] if start is not None else candles[-limit:]
        return [kline_row(market.scale, candle) for candle in candles]

    def average_price(self, params: Params) -> Json:
        return average_price(self.market(params), self.now_ms())

    def ticker_price(self, params: Params) -> Json | list[Json]:
        return self._one_or_all(params, _price)

    def ticker_book(self, params: Params) -> Json | list[Json]:
        return self._one_or_all(params, lambda market: book_ticker(market, market.top()))

    def _one_or_all(self, params: Params, shape: Callable[[Market], Json]) -> Json | list[Json]:
        markets, is_one = self._chosen(params)
        shaped = [shape(market) for market in markets]
        return shaped[0] if is_one else shaped

    def _chosen(self, params: Params) -> tuple[list[Market], bool]:
        """The markets of `symbol`, `symbols` or neither, and whether it was `symbol`."""
        if params.has("symbol") and params.has("symbols"):
            raise ApiError(-1128, "Combination of optional parameters invalid.")
        if params.has("symbol"):
            return [self.market(params)], True
        if not params.has("symbols"):
            return list(self.markets.values()), False
        try:
            names = msgspec.json.decode(params.text("symbols"), type=list[str])
        except msgspec.DecodeError:
            raise missing("symbols") from None
        if len(set(names)) != len(names):
            raise ApiError(-1151, "Symbol is present multiple times in the list.")
        if any(name not in self.markets for name in names):
            raise ApiError(*INVALID_SYMBOL)
        return [self.markets[name] for name in names], False


def _is_brief(params: Params) -> bool:
    kind = params.optional("type") or "FULL"
    if kind not in {"FULL", "MINI"}:
        raise ApiError(-1130, "Data sent for parameter 'type' is not valid.")
    return kind == "MINI"


def _refuse_time_zone(params: Params) -> None:
    """Days begin at midnight UTC here."""
    if params.optional("timeZone") not in {None, "0"}:
        raise ApiError(-1130, "Data sent for parameter 'timeZone' is not valid.")


def _price(market: Market) -> Json:
    price = market.scale.price_text(market.reference_price())
    return {"symbol": market.wire_symbol, "price": price}
