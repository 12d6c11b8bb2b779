"""OKX's public market data by REST. Raises `OkxApiError`."""

from __future__ import annotations

from typing import final

from adapters.simulated.candles import INTERVALS_MS
from adapters.simulated.exchange import Exchange
from adapters.simulated.market import Market
from adapters.simulated.numbers import ms_text
from adapters.simulated.okx.errors import NO_INSTRUMENT, OkxApiError, bad
from adapters.simulated.okx.wire import (
    Json,
    book,
    candle_row,
    inst_id,
    instrument,
    public_trade,
    ticker,
)
from adapters.simulated.text_params import Params
from supervisors.clock import Clock

FIRST_CODE = 1_000_000_000
_NS_PER_MS = 1_000_000
BARS = {
    **{name: name for name in ("1s", "1m", "3m", "5m", "15m", "30m")},
    **{f"{hours}H": f"{hours}h" for hours in (1, 2, 4)},
    **{f"{hours}Hutc": f"{hours}h" for hours in (6, 12)},
    "1Dutc": "1d",
    "1Wutc": "1w",
    "1Mutc": "1M",
}


@final
class MarketApi:
    """Every method reads parameters and returns the items of `data`."""

    def __init__(self, exchange: Exchange, clock: Clock) -> None:
        self._clock = clock
        self.markets = {inst_id(market): market for market in exchange.markets.values()}
        self._names = {market.symbol: name for name, market in self.markets.items()}
        self.codes = {name: FIRST_CODE + n for n, name in enumerate(self.markets)}
        self._coded = {str(code): name for name, code in self.codes.items()}

    def now_ns(self) -> int:
        """The venue's clock."""
        return self._clock.now_ns()

    def market(self, params: Params) -> Market:
        """Of `instId`; raises `OkxApiError` 51001."""
        found = self.markets.get(params.needed("instId"))
        if found is None:
            raise OkxApiError(*NO_INSTRUMENT)
        return found

    def time(self, _params: Params) -> list[Json]:
        return [{"ts": ms_text(self.now_ns())}]

    def instruments(self, params: Params) -> list[Json]:
        if params.needed("instType") != "SPOT":
            return []
        chosen = [self.market(params)] if params.get("instId") else self.markets.values()
        return [instrument(market, self.codes[inst_id(market)]) for market in chosen]

    def books(self, params: Params) -> list[Json]:
        depth = min(max(params.whole("sz", 1), 1), 400)
        return [book(self.market(params), depth, self.now_ns())]

    def ticker(self, params: Params) -> list[Json]:
        return [self.ticker_of(self.market(params), self.now_ns())]

    def tickers(self, params: Params) -> list[Json]:
        if params.needed("instType") != "SPOT":
            return []
        now_ns = self.now_ns()
        return [self.ticker_of(market, now_ns) for market in self.markets.values()]

    def trades(self, params: Params) -> list[Json]:
        market, count = self.market(params), params.whole("limit", 100)
        return [public_trade(market, trade) for trade in reversed(list(market.tape)[-count:])]

    def history_trades(self, params: Params) -> list[Json]:
        """Newest first; `after` means older than this id, `before` newer than it."""
        market = self.market(params)
        if params.get("type") not in {"", "1"}:
            raise bad("type")
        after, before = params.whole("after", 1 << 62), params.whole("before", -1)
        found = [trade for trade in market.tape if before < trade.trade_id < after]
        count = min(params.whole("limit", 100), 100)
        return [public_trade(market, trade) for trade in reversed(found[-count:])]

    def candles(self, params: Params) -> list[list[str]]:
        """Newest first; `after` means older than, `before` newer than, both exclusive."""
        market, bar = self.market(params), params.get("bar") or "1m"
        interval = BARS.get(bar)
        if interval is None:
            raise bad("bar")
        now_ms = self.now_ns() // _NS_PER_MS
        market.candles.roll(now_ms)
        after, before = params.whole("after", 1 << 62), params.whole("before", -1)
        found = [c for c in market.candles.of(interval) if before < c.open_ms < after]
        count = min(params.whole("limit", 100), 300)
        length = INTERVALS_MS[interval]
        return [
            candle_row(market, candle, is_closed=candle.open_ms + length <= now_ms)
            for candle in reversed(found[-count:])
        ]

    def name_of(self, market: Market) -> str:
        """Its `instId`."""
        return self._names[market.symbol]

    def name_of_code(self, code: str) -> str:
        """The `instId` of an `instIdCode`; raises `OkxApiError` 51001."""
        found = self._coded.get(code)
        if found is None:
            raise OkxApiError(*NO_INSTRUMENT)
        return found

    def ticker_of(self, market: Market, now_ns: int) -> Json:
        """Of the last 24 hours."""
        day = market.candles.last_day(now_ns // _NS_PER_MS, market.reference_price())
        return ticker(market, day, now_ns)
