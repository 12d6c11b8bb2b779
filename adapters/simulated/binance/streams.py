"""Binance's market streams: what the exchange publishes, to who subscribed.

Invariant: per symbol the ids of depth events are contiguous (`U` is the last `u` plus one), whether
anybody listens or not, and share one counter with snapshots and book tickers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, final

import msgspec

from adapters.simulated.binance.day import aggregate_trade
from adapters.simulated.binance.second_streams import second_event, second_events
from adapters.simulated.binance.stream_names import StreamName
from adapters.simulated.binance.wire import Json, depth, kline_event, ms, trade_event
from adapters.simulated.book import LevelSet
from adapters.simulated.candles import Candle
from adapters.simulated.exchange import Exchange
from adapters.simulated.market import Market, Print, Top

_DEPTH_PERIODS_MS = (100, 1_000)
_SECOND_MS = 1_000
_KLINE_PERIOD_S = 2


class Subscriber(Protocol):
    """A connection that takes events."""

    def event(self, stream: str, payload: str) -> None: ...


@final
class _Diff:
    """The level changes since the last flush; a level's last amount counts."""

    def __init__(self, market: Market, period_ms: int) -> None:
        base = f"{market.wire_symbol.lower()}@depth"
        self.names = [f"{base}@{period_ms}ms"]
        if period_ms == _SECOND_MS:
            self.names.append(base)
        self.last_sent_id = market.engine.update_id
        self.bids: dict[int, int] = {}
        self.asks: dict[int, int] = {}

    def add(self, changes: Sequence[LevelSet]) -> None:
        bids, asks = self.bids, self.asks
        for change in changes:
            (bids if change.is_bid else asks)[change.price] = change.lots

    @property
    def is_empty(self) -> bool:
        return not (self.bids or self.asks)

    def event(self, market: Market, now_ms: int) -> Json:
        return {
            "e": "depthUpdate",
            "E": now_ms,
            "s": market.wire_symbol,
            "U": self.last_sent_id + 1,
            "u": market.engine.update_id,
            "b": market.scale.level_texts(self.bids.items()),
            "a": market.scale.level_texts(self.asks.items()),
        }

    def flush(self, market: Market) -> None:
        self.last_sent_id = market.engine.update_id
        self.bids.clear()
        self.asks.clear()


@final
class StreamHub:
    """Listens to every market; `tick` sends what goes by the clock."""

    def __init__(self, exchange: Exchange) -> None:
        self._markets = {market.wire_symbol: market for market in exchange.markets.values()}
        self._subscribers: dict[str, dict[Subscriber, None]] = {}
        self._names: dict[str, StreamName] = {}
        self._partials: list[StreamName] = []
        self._diffs = {
            (symbol, period_ms): _Diff(market, period_ms)
            for symbol, market in self._markets.items()
            for period_ms in _DEPTH_PERIODS_MS
        }
        self._kline_open_ms: dict[str, int] = {}
        self._last_ms = 0
        for market in self._markets.values():
            market.listen(self)

    def subscribe(self, name: StreamName, subscriber: Subscriber) -> None:
        """Twice is harmless; a symbol that does not exist stays silent."""
        self._subscribers.setdefault(name.text, {})[subscriber] = None
        self._names[name.text] = name
        self._find_partials()

    def unsubscribe(self, text: str, subscriber: Subscriber) -> None:
        """Harmless where it is not subscribed."""
        subscribers = self._subscribers.get(text, {})
        subscribers.pop(subscriber, None)
        if not subscribers:
            self._subscribers.pop(text, None)
            self._names.pop(text, None)
            self._kline_open_ms.pop(text, None)
            self._find_partials()

    def _find_partials(self) -> None:
        self._partials = [name for name in self._names.values() if name.channel == "partial"]

    def traded(self, market: Market, trade: Print) -> None:
        """`<symbol>@trade` and `<symbol>@aggTrade`."""
        base = market.wire_symbol.lower()
        if (stream := f"{base}@trade") in self._subscribers:
            self._send(stream, trade_event(market, trade))
        if (stream := f"{base}@aggTrade") in self._subscribers:
            head: Json = {"e": "aggTrade", "E": ms(trade.ts_ns), "s": market.wire_symbol}
            self._send(stream, {**head, **aggregate_trade(market.scale, trade)})

    def book_changed(self, market: Market, changes: Sequence[LevelSet], ts_ns: int) -> None:
        """Into the next depth event."""
        del ts_ns
        for period_ms in _DEPTH_PERIODS_MS:
            self._diffs[market.wire_symbol, period_ms].add(changes)

    def top_changed(self, market: Market, top: Top, ts_ns: int) -> None:
        """`<symbol>@bookTicker`; silent while a side is empty."""
        del ts_ns
        stream = f"{market.wire_symbol.lower()}@bookTicker"
        if stream not in self._subscribers or not (top.bid and top.ask):
            return
        scale = market.scale
        event: Json = {
            "u": market.engine.update_id,
            "s": market.wire_symbol,
            "b": scale.price_text(top.bid),
            "B": scale.amount_text(top.bid_lots),
            "a": scale.price_text(top.ask),
            "A": scale.amount_text(top.ask_lots),
        }
        self._send(stream, event)

    def tick(self, now_ns: int) -> None:
        """Sends what is due at this time; call it at least every 100 ms."""
        now_ms, last_ms = ms(now_ns), self._last_ms
        self._last_ms = now_ms
        for (symbol, period_ms), diff in self._diffs.items():
            if now_ms // period_ms != last_ms // period_ms:
                self._send_depth(self._markets[symbol], diff, now_ms)
        is_new_second = now_ms // _SECOND_MS != last_ms // _SECOND_MS
        for name in list(self._names.values()) if is_new_second else self._partials:
            if is_new_second:
                self._send_second(name, now_ms)
            if name.channel == "partial" and now_ms // name.period_ms != last_ms // name.period_ms:
                market = self._markets.get(name.wire_symbol)
                if market is not None:
                    self._send(name.text, depth(market, name.levels))

    def _send_second(self, name: StreamName, now_ms: int) -> None:
        if not name.wire_symbol:
            events = second_events(name, self._markets.values(), now_ms)
            if events:
                self._send(name.text, events)
            return
        market = self._markets.get(name.wire_symbol)
        if market is None:
            return
        if name.channel == "kline":
            self._send_klines(market, name, now_ms)
        elif (event := second_event(name, market, now_ms)) is not None:
            self._send(name.text, event)

    def _send_depth(self, market: Market, diff: _Diff, now_ms: int) -> None:
        if diff.is_empty:
            return
        names = [name for name in diff.names if name in self._subscribers]
        if names:
            event = diff.event(market, now_ms)
            for stream in names:
                self._send(stream, event)
        diff.flush(market)

    def _send_klines(self, market: Market, name: StreamName, now_ms: int) -> None:
        """Each candle once when it is closed, and the open one every two seconds."""
        market.candles.roll(now_ms)
        candles = market.candles.newest(name.interval, 1 + _KLINE_PERIOD_S)
        if not candles:
            return
        known_ms = self._kline_open_ms.setdefault(name.text, candles[-1].open_ms)
        for candle in candles[:-1]:
            if candle.open_ms >= known_ms:
                self._send_kline(market, candle, name, now_ms, is_closed=True)
        self._kline_open_ms[name.text] = candles[-1].open_ms
        is_due = now_ms // _SECOND_MS % _KLINE_PERIOD_S == 0
        if name.interval != "1s" and is_due:
            self._send_kline(market, candles[-1], name, now_ms, is_closed=False)

    def _send_kline(
        self, market: Market, candle: Candle, name: StreamName, now_ms: int, *, is_closed: bool
    ) -> None:
        event = kline_event(market, candle, name.interval, now_ms, is_closed=is_closed)
        self._send(name.text, event)

    def _send(self, stream: str, event: Json | list[Json]) -> None:
        payload = msgspec.json.encode(event).decode()
        for subscriber in list(self._subscribers.get(stream, ())):
            subscriber.event(stream, payload)
