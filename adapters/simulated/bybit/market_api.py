"""Bybit's public market data by REST. Raises `BybitApiError`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

from adapters.simulated.bybit.errors import NO_SYMBOL, BybitApiError, bad
from adapters.simulated.bybit.wire import (
    Json,
    book,
    candle_row,
    instrument,
    public_trade,
    ticker,
)
from adapters.simulated.exchange import Exchange
from adapters.simulated.market import Market
from adapters.simulated.numbers import ms_text
from adapters.simulated.text_params import Params
from supervisors.clock import Clock

_NS_PER_MS = 1_000_000
_NS_PER_S = 1_000_000_000
INTERVALS = {
    **{minutes: f"{minutes}m" for minutes in ("1", "3", "5", "15", "30")},
    **{str(60 * hours): f"{hours}h" for hours in (1, 2, 4, 6, 12)},
    "D": "1d",
    "W": "1w",
    "M": "1M",
}


@final
class MarketApi:
    """Every method reads parameters and returns the `result`."""

    def __init__(self, exchange: Exchange, clock: Clock) -> None:
        self._clock = clock
        self.markets = {market.wire_symbol: market for market in exchange.markets.values()}

    def now_ns(self) -> int:
        """The venue's clock."""
        return self._clock.now_ns()

    def market(self, params: Params) -> Market:
        """Of `symbol`; raises `BybitApiError` 10001."""
        found = self.markets.get(params.needed("symbol"))
        if found is None:
            raise BybitApiError(*NO_SYMBOL)
        return found

    def time(self, _params: Params) -> Json:
        now_ns = self.now_ns()
        return {"timeSecond": str(now_ns // _NS_PER_S), "timeNano": str(now_ns)}

    def instruments(self, params: Params) -> Json:
        chosen = self._chosen(params)
        rows = [instrument(market, number) for number, market in enumerate(chosen, 1)]
        return {"category": params.get("category"), "list": rows, "nextPageCursor": ""}

    def order_book(self, params: Params) -> Json:
        depth = min(max(params.whole("limit", 1), 1), 1_000)
        return book(self.market(params), depth, self.now_ns())

    def trades(self, params: Params) -> Json:
        market, count = self.market(params), min(params.whole("limit", 60), 60)
        newest = reversed(list(market.tape)[-count:])
        return {"category": "spot", "list": [public_trade(market, trade) for trade in newest]}

    def tickers(self, params: Params) -> Json:
        now_ms = self.now_ns() // _NS_PER_MS
        rows = [
            ticker(market, market.candles.last_day(now_ms, market.reference_price()))
            for market in self._chosen(params)
        ]
        return {"category": params.get("category"), "list": rows}

    def klines(self, params: Params) -> Json:
        """Newest first; with `start` alone the rows that follow it."""
        market, interval = self.market(params), INTERVALS.get(params.needed("interval"))
        if interval is None:
            raise bad("interval")
        market.candles.roll(self.now_ns() // _NS_PER_MS)
        start, end = params.whole("start", 0), params.whole("end", 1 << 62)
        found = [c for c in market.candles.of(interval) if start <= c.open_ms <= end]
        count = min(params.whole("limit", 200), 1_000)
        page = found[:count] if params.get("start") else found[-count:]
        rows = [candle_row(market, candle) for candle in reversed(page)]
        return {"symbol": market.wire_symbol, "category": "spot", "list": rows}

    def price_limit(self, params: Params) -> Json:
        market = self.market(params)
        last = market.scale.price(market.reference_price())
        band = {"buyLmt": str(last * 5), "sellLmt": str(last / 5)}
        return {"symbol": market.wire_symbol, **band, "ts": ms_text(self.now_ns())}

    def _chosen(self, params: Params) -> Sequence[Market]:
        """Spot is what there is: other categories list nothing."""
        if params.needed("category") != "spot":
            return []
        return [self.market(params)] if params.get("symbol") else [*self.markets.values()]
