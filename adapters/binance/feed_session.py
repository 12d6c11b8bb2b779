"""One connection of the public feed: subscribe, pump, keep the books in step.

Invariant: everything is published as the socket is read, or from a snapshot's task,
in an order that rebuilds the books; when the session ends, every book it held is given up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final, final

import msgspec
import trio

from adapters.binance.book_sync import Action as BookAction
from adapters.binance.book_sync import (
    BookSync,
    Changed,
    FetchSnapshot,
    Lost,
    Replaced,
    SyncState,
)
from adapters.binance.rest import BinanceRest
from adapters.binance.schemas import (
    CHANNELS,
    CommandReply,
    DepthEvent,
    DepthSnapshot,
    KlineEvent,
    ServerShutdown,
    StreamEvent,
    TouchEvent,
    TradeEvent,
    decode_stream,
)
from adapters.binance.settings import BinanceSettings
from adapters.binance.signing import Param
from adapters.binance.translate import NS_PER_MS, book_of, candle_of, change_of, touch_of, trade_of
from adapters.net.budget import Priority
from adapters.net.calls import Call
from adapters.net.errors import ConnectionLostError
from adapters.net.feed_events import touch_of as quoted
from adapters.net.frames import MalformedFrame, UnknownFrame
from adapters.net.reconnect import Backoff
from adapters.net.stream_feed import SessionParts
from adapters.net.websocket import MessageSocket
from bot3.domain.errors import VenueError
from bot3.domain.values import InstrumentId
from bot3.messages.market import BookLost

SUBSCRIBE_ID: Final = 1
_DEPTH_WEIGHTS = ((100, 5), (500, 25), (1_000, 50), (5_000, 250))


class Market:
    """One instrument's place in the stream."""

    __slots__ = ("event_ms", "instrument", "sync", "trade_id", "wire")

    def __init__(self, instrument: InstrumentId, wire: str) -> None:
        self.instrument = instrument
        self.wire = wire
        self.sync = BookSync()
        self.trade_id: int | None = None
        self.event_ms = 0


@final
class FeedSession:
    """Lives as long as its socket."""

    def __init__(
        self, parts: SessionParts, *, settings: BinanceSettings, rest: BinanceRest
    ) -> None:
        self.markets: Mapping[str, Market] = {
            wire: Market(instrument, wire) for wire, instrument in parts.markets.items()
        }
        self._publish = parts.publish
        self._settings = settings
        self._rest = rest
        self._clock = parts.clock
        self._dice = parts.dice
        self._statistics = parts.statistics
        self._checks = parts.checks
        self._nursery: trio.Nursery | None = None
        self._is_subscribed = False
        self._is_ending = False
        weight = next(w for limit, w in _DEPTH_WEIGHTS if settings.depth_limit <= limit)
        self._depth_call = Call("GET", "/api/v3/depth", weight, Priority.DATA)

    async def run(self, socket: MessageSocket, live: Callable[[], None]) -> str:
        """Until the connection ends; why it did. `live` is called once subscribed."""
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            try:
                await self._subscribe(socket)
                live()
                for market in self.markets.values():
                    self._perform(market, market.sync.start())
                if not self._is_ending:
                    await socket.pump(self._take)
                reason = "the server shuts down"
            except ConnectionLostError as error:
                reason = str(error)
            finally:
                self._nursery = None
                nursery.cancel_scope.cancel()
        return reason

    def abandon(self, reason: str) -> None:
        """Gives every book up, after `run`."""
        for market in self.markets.values():
            market.trade_id = None
            self._perform(market, market.sync.disconnect(reason))

    def resync(self, wire: str, reason: str) -> None:
        """Asks for the book again; nothing to do where no session runs, for the next one does."""
        market = self.markets.get(wire)
        if market is not None and self._nursery is not None:
            self._perform(market, market.sync.lose(reason))

    async def _subscribe(self, socket: MessageSocket) -> None:
        """All streams in one command: the venue takes five a second. Data may precede the reply."""
        names = [
            f"{market.wire.lower()}@{kind}" for market in self.markets.values() for kind in CHANNELS
        ]
        command = {"method": "SUBSCRIBE", "params": names, "id": SUBSCRIBE_ID}
        limit_s = self._settings.request_timeout_s
        with trio.move_on_after(limit_s):
            await socket.send(msgspec.json.encode(command).decode())
            while not self._is_subscribed:
                self._take(await socket.receive_batch())
        if not self._is_subscribed:
            raise ConnectionLostError(f"no answer to SUBSCRIBE within {limit_s:g} s")

    def _take(self, batch: Iterable[str | bytes]) -> bool:
        """A burst is one turn: no checkpoint between its frames. True when it was the last."""
        local_ns = self._clock.now_ns()
        self._statistics.last_message_ns = local_ns
        for message in batch:
            self._statistics.messages += 1
            self._on_event(decode_stream(message), local_ns)
        return self._is_ending

    def _on_event(self, event: StreamEvent, local_ns: int) -> None:
        match event:
            case DepthEvent():
                self._on_depth(event, local_ns)
            case TradeEvent():
                self._on_trade(event, local_ns)
            case TouchEvent():
                self._on_touch(event, local_ns)
            case KlineEvent():
                self._on_candle(event)
            case MalformedFrame():
                self._statistics.malformed += 1
            case UnknownFrame():
                self._statistics.unknown += 1
            case CommandReply():
                if event.error is not None:
                    raise ConnectionLostError(f"SUBSCRIBE refused: {event.error.msg}")
                self._is_subscribed = self._is_subscribed or event.id == SUBSCRIBE_ID
            case ServerShutdown():
                self._is_ending = True

    def _on_depth(self, event: DepthEvent, local_ns: int) -> None:
        market = self.markets.get(event.symbol)
        if market is None:
            self._statistics.unknown += 1
            return
        market.event_ms = event.event_ms
        for action in market.sync.on_event(event):
            if isinstance(action, Changed):
                self._publish(change_of(market.instrument, event, local_ns))
            else:
                self._statistics.book_gaps += isinstance(action, Lost)
                self._perform(market, (action,))

    def _on_trade(self, event: TradeEvent, local_ns: int) -> None:
        """Ids count up by one: what came before is not sent twice, what is missing is counted."""
        market = self.markets.get(event.symbol)
        if market is None:
            self._statistics.unknown += 1
            return
        if market.trade_id is not None:
            if event.trade_id <= market.trade_id:
                return
            self._statistics.trade_gaps += event.trade_id > market.trade_id + 1
        market.trade_id = event.trade_id
        self._checks.trade(event.symbol, event.trade_ms, event.amount)
        self._publish(trade_of(market.instrument, event, local_ns))

    def _on_touch(self, event: TouchEvent, local_ns: int) -> None:
        """Only beside a book: without one nobody may trade on it."""
        market = self.markets.get(event.symbol)
        if market is None:
            self._statistics.unknown += 1
        elif market.sync.state is SyncState.SYNCED:
            touch = touch_of(event, market.event_ms)
            self._publish(quoted(market.instrument, touch, local_ns))

    def _on_candle(self, event: KlineEvent) -> None:
        if event.symbol in self.markets:
            self._checks.candle(candle_of(event))
        else:
            self._statistics.unknown += 1

    def _perform(self, market: Market, actions: Iterable[BookAction]) -> None:
        local_ns = self._clock.now_ns()
        for action in actions:
            match action:
                case Changed(event):
                    self._publish(change_of(market.instrument, event, local_ns))
                case Replaced(snapshot):
                    venue_ns = market.event_ms * NS_PER_MS or self._rest.venue_now_ns()
                    self._publish(book_of(market.instrument, snapshot, venue_ns, local_ns))
                case Lost(reason):
                    self._publish(BookLost(market.instrument, reason, local_ns))
                case FetchSnapshot():
                    assert self._nursery is not None
                    self._nursery.start_soon(self._fetch, market)

    async def _fetch(self, market: Market) -> None:
        """One snapshot that fits the stream, however often that takes."""
        backoff = Backoff(self._settings.reconnect, self._dice)
        params: dict[str, Param] = {"symbol": market.wire, "limit": self._settings.depth_limit}
        while True:
            try:
                snapshot = await self._rest.public(self._depth_call, params, DepthSnapshot)
            except VenueError as error:
                self._statistics.snapshot_failures += 1
                self._statistics.last_failure = str(error)
            else:
                self._statistics.snapshots += 1
                actions = market.sync.on_snapshot(snapshot)
                if not any(isinstance(action, FetchSnapshot) for action in actions):
                    self._perform(market, actions)
                    return
            await trio.sleep(backoff.next_s())
