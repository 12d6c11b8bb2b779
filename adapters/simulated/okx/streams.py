"""OKX's public channels: what the exchange publishes, to who subscribed.

Invariant: per channel and instrument the chain of `prevSeqId` has no hole, whoever joins when: a
snapshot is the book of the last push.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Protocol, final

from adapters.simulated.book import LevelSet
from adapters.simulated.exchange import Exchange
from adapters.simulated.level_windows import LevelWindow, Sides
from adapters.simulated.market import Market, Print, Top
from adapters.simulated.okx.market_api import BARS, MarketApi
from adapters.simulated.okx.pushes import (
    FIRST_SEQUENCE,
    arg_of,
    book_row,
    push,
    top_row,
    trade_row,
)
from adapters.simulated.okx.wire import candle_row
from bot3.domain.values import Side

Key = tuple[str, str]
Send = Callable[[Key, int], None]  # what is due of a key at a time in ns, if it is news
_BUY, _SELL = Side.BUY, Side.SELL  # looked up with every push of best prices
_NS_PER_MS: Final = 1_000_000
_HEARTBEAT_NS: Final = 60_000_000_000
_SECOND_MS: Final = 1_000
# In the order in which one connection is sent them: (levels, period in ms).
_BOOKS: Final = {
    "books-l2-tbt": (400, 10),
    "books50-l2-tbt": (50, 10),
    "books": (400, 100),
}
_TOPS: Final = {"bbo-tbt": (1, 10), "books5": (5, 100)}
_TICKERS_MS: Final = 100
# By the clock, in this order: the period in ms.
_PERIODS_MS: Final = {
    **{channel: period_ms for channel, (_, period_ms) in (_TOPS | _BOOKS).items()},
    "tickers": _TICKERS_MS,
}
CANDLE: Final = "candle"
PUBLIC: Final = frozenset({"tickers", "trades", "instruments", *_TOPS, *_BOOKS})
FOR_THE_FEW: Final = frozenset({"books-l2-tbt", "books50-l2-tbt"})  # by fee tier, after a login


class Follower(Protocol):
    """A connection that takes pushes."""

    def pushed(self, text: str) -> None: ...


@final
class _Book:
    """One incremental channel of one instrument."""

    def __init__(self, market: Market, channel: str, depth: int) -> None:
        self._market, self._arg = market, arg_of(channel, market)
        self._window = LevelWindow(market, depth)
        self._window.changes()
        self._sequence = self._window.update_id
        self._sent_ns = 0

    def whole(self, now_ns: int) -> str:
        """The snapshot of who joins."""
        row = book_row(self._market, self._window.whole(), now_ns, self._sequence, FIRST_SEQUENCE)
        return push(self._arg, [row], action="snapshot")

    def update(self, now_ns: int) -> str | None:
        """What has moved; after a minute without a move, nothing under the same number."""
        changes, previous = self._window.changes(), self._sequence
        self._sent_ns = self._sent_ns or now_ns
        if changes is None and now_ns - self._sent_ns < _HEARTBEAT_NS:
            return None
        self._sent_ns = now_ns
        if changes is not None:
            self._sequence = self._window.update_id
        sides = changes or self._window.whole()._replace(bids=[], asks=[])
        row = book_row(self._market, sides, now_ns, self._sequence, previous)
        return push(self._arg, [row], action="update")


@final
class PublicHub:
    """Listens to every market; `tick` sends what goes by the clock."""

    def __init__(self, exchange: Exchange, api: MarketApi) -> None:
        self._api, self._markets = api, api.markets
        self._followers: dict[Key, dict[Follower, None]] = {}
        self._books: dict[Key, _Book] = {}
        self._sent: dict[Key, object] = {}
        self._looked: dict[Key, int] = {}  # at which update id
        self._last_ms = 0
        self._clocked: tuple[tuple[int, Send, Key], ...] = ()
        for market in exchange.markets.values():
            market.listen(self)

    def knows(self, channel: str, name: str) -> bool:
        """Whether there is such a channel of such an instrument."""
        if channel == "instruments":
            return True
        return name in self._markets and (
            _is_bar(channel) or channel in PUBLIC or channel == "trades-all"
        )

    def join(self, key: Key, follower: Follower, now_ns: int) -> list[str]:
        """From now on; what it is sent first."""
        channel, name = key
        self._followers.setdefault(key, {})[follower] = None
        self._plan()
        if channel == "instruments":
            return []
        market = self._markets[name]
        if channel in _BOOKS:
            if key not in self._books:
                self._books[key] = _Book(market, channel, _BOOKS[channel][0])
            return [self._books[key].whole(now_ns)]
        if channel == "tickers":
            return [self._ticker(market, now_ns)]
        if channel in _TOPS:
            return [_top(market, channel, _sides(market, channel), now_ns)]
        return []

    def leave(self, key: Key, follower: Follower) -> None:
        """Harmless where it does not follow."""
        followers = self._followers.get(key, {})
        followers.pop(follower, None)
        if not followers:
            self._followers.pop(key, None)
            self._books.pop(key, None)
            self._sent.pop(key, None)
            self._looked.pop(key, None)
            self._plan()

    def traded(self, market: Market, trade: Print) -> None:
        """At once, before the book that it changed."""
        name = self._api.name_of(market)
        for channel in ("trades", "trades-all"):
            if (channel, name) in self._followers:
                row = trade_row(market, trade)
                if channel == "trades-all":
                    del row["count"], row["seqId"]
                self._send((channel, name), push(arg_of(channel, market), [row]))

    def book_changed(self, market: Market, changes: Sequence[LevelSet], ts_ns: int) -> None:
        """Books go by the clock."""

    def top_changed(self, market: Market, top: Top, ts_ns: int) -> None:
        """By the clock too."""

    def tick(self, now_ns: int) -> None:
        """What is due."""
        now_ms, last_ms = now_ns // _NS_PER_MS, self._last_ms
        self._last_ms = now_ms
        for period_ms, send, key in self._clocked:
            is_due = now_ms // period_ms != last_ms // period_ms
            if is_due and key in self._followers:  # one may leave when it is sent too much
                send(key, now_ns)

    def _plan(self) -> None:
        """Who is sent what by the clock; so no tick has to look for them."""
        channels = [
            (channel, period_ms, self._sender(channel))
            for channel, period_ms in _PERIODS_MS.items()
        ]
        self._clocked = (
            *(
                (period, send, key)
                for channel, period, send in channels
                for key in self._of(channel)
            ),
            *((_SECOND_MS, self._tick_candle, key) for key in self._followers if _is_bar(key[0])),
        )

    def _of(self, channel: str) -> list[Key]:
        return [key for key in self._followers if key[0] == channel]

    def _sender(self, channel: str) -> Send:
        if channel in _TOPS:
            return self._tick_top
        return self._tick_book if channel in _BOOKS else self._tick_ticker

    def _tick_top(self, key: Key, now_ns: int) -> None:
        channel, name = key
        market = self._markets[name]
        update_id = market.engine.update_id
        if self._looked.get(key) == update_id:
            return
        self._looked[key] = update_id
        sides = _sides(market, channel)
        if self._is_news(key, sides):
            self._send(key, _top(market, channel, sides, now_ns))

    def _tick_book(self, key: Key, now_ns: int) -> None:
        text = self._books[key].update(now_ns)
        if text is not None:
            self._send(key, text)

    def _tick_ticker(self, key: Key, now_ns: int) -> None:
        market = self._markets[key[1]]
        if self._is_news(key, (market.top(), market.last_price)):
            self._send(key, self._ticker(market, now_ns))

    def _tick_candle(self, key: Key, now_ns: int) -> None:
        """Bars that closed since, then the open one where it has changed."""
        channel, name = key
        market = self._markets[name]
        market.candles.roll(now_ns // _NS_PER_MS)
        candles = market.candles.newest(BARS[channel.removeprefix(CANDLE)], 2)
        if not candles:
            return
        arg, known = arg_of(channel, market), self._sent.get(key)
        if len(candles) > 1 and isinstance(known, tuple) and known[0] == candles[0].open_ms:
            self._send(key, push(arg, [candle_row(market, candles[0], is_closed=True)]))
        newest = candles[-1]
        if self._is_news(key, (newest.open_ms, newest.trades, newest.close)):
            self._send(key, push(arg, [candle_row(market, newest, is_closed=False)]))

    def _ticker(self, market: Market, now_ns: int) -> str:
        return push(arg_of("tickers", market), [self._api.ticker_of(market, now_ns)])

    def _is_news(self, key: Key, state: object) -> bool:
        is_news = self._sent.get(key) != state
        self._sent[key] = state
        return is_news

    def _send(self, key: Key, text: str) -> None:
        for follower in list(self._followers.get(key, ())):
            follower.pushed(text)


def _is_bar(channel: str) -> bool:
    return channel.startswith(CANDLE) and channel.removeprefix(CANDLE) in BARS


def _sides(market: Market, channel: str) -> Sides:
    """What the channel shows of the book."""
    engine, depth = market.engine, _TOPS[channel][0]
    return Sides(engine.top(_BUY, depth), engine.top(_SELL, depth))


def _top(market: Market, channel: str, sides: Sides, now_ns: int) -> str:
    """`books5` names its instrument in the row, `bbo-tbt` does not."""
    arg, row = arg_of(channel, market), top_row(market, sides, now_ns)
    return push(arg, [{**row, "instId": arg["instId"]} if channel == "books5" else row])
