"""Bybit's public topics: what the exchange publishes, to who subscribed.

Invariant: `u` of a topic counts up by one with every message, whoever joins when: a snapshot is the
book of the last message; a level is never deleted that was not sent.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Protocol, final

from adapters.simulated.book import LevelSet
from adapters.simulated.bybit.market_api import INTERVALS, MarketApi
from adapters.simulated.bybit.pushes import book_data, kline_row, push, trade_row
from adapters.simulated.bybit.wire import Json, ticker
from adapters.simulated.exchange import Exchange
from adapters.simulated.level_windows import LevelWindow, Sides
from adapters.simulated.market import Market, Print, Top

Send = Callable[[str, int], None]  # what is due of a topic at a time in ns, if it is news
_NS_PER_MS: Final = 1_000_000
_REPEAT_NS: Final = 3_000_000_000
_SECOND_MS: Final = 1_000
_TICKERS_MS: Final = 50
PERIODS_MS: Final = {1: 10, 50: 20, 200: 100, 1_000: 200}


class Follower(Protocol):
    """A connection that takes pushes."""

    def pushed(self, text: str) -> None: ...


@final
class _Book:
    """One depth of one instrument."""

    def __init__(self, topic: str, market: Market, depth: int, now_ns: int) -> None:
        self._topic, self._market, self._depth = topic, market, depth
        self._window = LevelWindow(market, depth)
        self._window.changes()
        self._number = market.engine.update_id
        self._sent_ns = now_ns

    def whole(self, now_ns: int) -> str:
        """The snapshot of who joins."""
        data = self._data(self._window.whole())
        return push(self._topic, "snapshot", data, now_ns, cts=now_ns // _NS_PER_MS)

    def update(self, now_ns: int) -> str | None:
        """What has moved. The best level alone is always whole, and repeated every 3 s."""
        changes = self._window.changes()
        is_top = self._depth == 1
        if changes is None and not (is_top and now_ns - self._sent_ns >= _REPEAT_NS):
            return None
        self._sent_ns = now_ns
        if changes is not None:
            self._number += 1
        if changes is None or is_top:
            return self.whole(now_ns)
        data = self._data(changes)
        return push(self._topic, "delta", data, now_ns, cts=now_ns // _NS_PER_MS)

    def _data(self, sides: Sides) -> Json:
        return book_data(self._market, sides, self._number, self._window.update_id)


@final
class PublicHub:
    """Listens to every market; `tick` sends what goes by the clock."""

    def __init__(self, exchange: Exchange, api: MarketApi) -> None:
        self._markets = api.markets
        self._followers: dict[str, dict[Follower, None]] = {}
        self._books: dict[str, _Book] = {}
        self._sent: dict[str, object] = {}
        self._last_ms = 0
        self._clocked: tuple[tuple[int, Send, str], ...] = ()
        for market in exchange.markets.values():
            market.listen(self)

    def complaint(self, topic: str) -> str:
        """Why there is no such topic; empty where there is."""
        family, *middle, symbol = topic.split(".") if "." in topic else (topic, "", "")
        detail = middle[0] if len(middle) == 1 else ""
        if family == "kline":
            if detail not in INTERVALS:
                return f"Invalid kline type :[{topic}]"
        elif family == "orderbook":
            if detail not in {str(depth) for depth in PERIODS_MS}:
                return f"error:handler not found,topic:{topic}"
        elif family not in {"publicTrade", "tickers"} or middle:
            return f"error:handler not found,topic:{topic}"
        return "" if symbol in self._markets else f"Invalid symbol :[{topic}]"

    def join(self, topic: str, follower: Follower, now_ns: int) -> list[str]:
        """From now on; what it is sent first."""
        self._followers.setdefault(topic, {})[follower] = None
        self._plan()
        family, market = topic.partition(".")[0], self._market(topic)
        if family == "orderbook":
            if topic not in self._books:
                depth = int(topic.split(".")[1])
                self._books[topic] = _Book(topic, market, depth, now_ns)
            return [self._books[topic].whole(now_ns)]
        return [self._ticker(topic, market, now_ns)] if family == "tickers" else []

    def leave(self, topic: str, follower: Follower) -> None:
        """Harmless where it does not follow."""
        followers = self._followers.get(topic, {})
        followers.pop(follower, None)
        if not followers:
            self._followers.pop(topic, None)
            self._books.pop(topic, None)
            self._sent.pop(topic, None)
            self._plan()

    def traded(self, market: Market, trade: Print) -> None:
        """At once, before the book that it changed."""
        topic = f"publicTrade.{market.wire_symbol}"
        if topic in self._followers:
            row = trade_row(market, trade)
            self._send(topic, push(topic, "snapshot", [row], trade.ts_ns))

    def book_changed(self, market: Market, changes: Sequence[LevelSet], ts_ns: int) -> None:
        """Books go by the clock."""

    def top_changed(self, market: Market, top: Top, ts_ns: int) -> None:
        """By the clock too."""

    def tick(self, now_ns: int) -> None:
        """What is due."""
        now_ms, last_ms = now_ns // _NS_PER_MS, self._last_ms
        self._last_ms = now_ms
        for period_ms, send, topic in self._clocked:
            is_due = now_ms // period_ms != last_ms // period_ms
            if is_due and topic in self._followers:  # one may leave when it is sent too much
                send(topic, now_ns)

    def _plan(self) -> None:
        """Who is sent what by the clock, in the order of joining; so no tick has to look."""
        planned = [(*self._period_of(topic), topic) for topic in self._followers]
        self._clocked = tuple(each for each in planned if each[0])

    def _period_of(self, topic: str) -> tuple[int, Send]:
        """In ms, and who sends; zero for what comes at once."""
        family, _, rest = topic.partition(".")
        if family == "orderbook":
            return PERIODS_MS[int(rest.partition(".")[0])], self._tick_book
        if family == "kline":
            return _SECOND_MS, self._tick_kline
        return _TICKERS_MS if family == "tickers" else 0, self._tick_ticker

    def _tick_book(self, topic: str, now_ns: int) -> None:
        text = self._books[topic].update(now_ns)
        if text is not None:
            self._send(topic, text)

    def _tick_ticker(self, topic: str, now_ns: int) -> None:
        market = self._market(topic)
        if self._is_news(topic, (market.last_price, len(market.tape), market.top())):
            self._send(topic, self._ticker(topic, market, now_ns))

    def _tick_kline(self, topic: str, now_ns: int) -> None:
        """Bars that closed since, then the open one where it has changed."""
        interval, market = topic.split(".")[1], self._market(topic)
        market.candles.roll(now_ns // _NS_PER_MS)
        candles = market.candles.newest(INTERVALS[interval], 2)
        if not candles:
            return
        known, newest = self._sent.get(topic), candles[-1]
        if len(candles) > 1 and isinstance(known, tuple) and known[0] == candles[0].open_ms:
            row = kline_row(market, candles[0], interval, now_ns, is_closed=True)
            self._send(topic, push(topic, "snapshot", [row], now_ns))
        if self._is_news(topic, (newest.open_ms, newest.trades, newest.close)):
            row = kline_row(market, newest, interval, now_ns, is_closed=False)
            self._send(topic, push(topic, "snapshot", [row], now_ns))

    def _ticker(self, topic: str, market: Market, now_ns: int) -> str:
        day = market.candles.last_day(now_ns // _NS_PER_MS, market.reference_price())
        row = {
            name: value
            for name, value in ticker(market, day).items()
            if not name.startswith(("bid1", "ask1"))
        }
        return push(topic, "snapshot", row, now_ns, cs=market.engine.update_id)

    def _market(self, topic: str) -> Market:
        return self._markets[topic.rpartition(".")[2]]

    def _is_news(self, topic: str, state: object) -> bool:
        is_news = self._sent.get(topic) != state
        self._sent[topic] = state
        return is_news

    def _send(self, topic: str, text: str) -> None:
        for follower in list(self._followers.get(topic, ())):
            follower.pushed(text)
