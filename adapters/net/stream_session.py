"""One connection of a public feed whose books begin with a snapshot on the stream itself.

Invariant: everything is published as the socket is read, in an order that rebuilds the books; a
diff is published only where it follows the last one exactly; when the session ends, every book it
held is given up.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import final

import trio
from attrs import define, field, frozen

from adapters.net.errors import ConnectionLostError
from adapters.net.feed_events import book_of, change_of, touch_of, trade_of
from adapters.net.feed_frames import (
    BookFrame,
    CandleFrame,
    Command,
    CommandAnswered,
    EndAnnounced,
    FeedDialect,
    FeedFrame,
    Pong,
    TouchFrame,
    TradeFrame,
)
from adapters.net.frames import MalformedFrame, UnknownFrame
from adapters.net.reconnect import Backoff, BackoffPolicy
from adapters.net.stream_feed import SessionParts
from adapters.net.venue_settings import VenueSettings
from adapters.net.websocket import MessageSocket
from bot3.domain.values import InstrumentId
from bot3.messages.market import BookLost


@frozen
class SessionSettings:
    """Waits in seconds: for the answer to a command or a snapshot, and between two pings."""

    request_timeout_s: float
    ping_interval_s: float
    reconnect: BackoffPolicy

    @classmethod
    def of(cls, settings: VenueSettings) -> SessionSettings:
        """As the venue is configured."""
        return cls(settings.request_timeout_s, settings.ping_interval_s, settings.reconnect)


@define(eq=False)
class _Market:
    """One instrument's place in the stream; `number` None while its book is not known."""

    instrument: InstrumentId
    wire: str
    backoff: Backoff
    number: int | None = None
    trade_id: int = 0
    is_renewing: bool = False
    known: trio.Event = field(factory=trio.Event)


@final
class StreamSession:
    """Lives as long as its socket."""

    def __init__(
        self, parts: SessionParts, *, dialect: FeedDialect, settings: SessionSettings
    ) -> None:
        self._markets = {
            wire: _Market(instrument, wire, Backoff(settings.reconnect, parts.dice))
            for wire, instrument in parts.markets.items()
        }
        self._publish = parts.publish
        self._dialect, self._settings = dialect, settings
        self._clock, self._statistics = parts.clock, parts.statistics
        self._checks = parts.checks
        self._nursery: trio.Nursery | None = None
        self._socket: MessageSocket | None = None
        self._awaited: dict[str, list[trio.Event]] = {}
        self._ending = ""

    async def run(self, socket: MessageSocket, live: Callable[[], None]) -> str:
        """Until the connection ends; why it did. `live` is called once subscribed."""
        async with trio.open_nursery() as nursery:
            self._nursery, self._socket = nursery, socket
            try:
                self._start(partial(self._begin, live))
                self._start(self._ping)
                await socket.pump(self._take)
            except ConnectionLostError as error:
                self._ending = str(error)
            finally:
                self._nursery = self._socket = None
                nursery.cancel_scope.cancel()
        return self._ending

    def abandon(self, reason: str) -> None:
        """Gives every book up, after `run`."""
        for market in self._markets.values():
            self._give_up(market, reason)

    def resync(self, wire: str, reason: str) -> None:
        """Asks for the book again; nothing to do where no session runs, for the next one does."""
        market = self._markets.get(wire)
        if market is not None and self._nursery is not None:
            self._lose(market, reason)

    def _start(self, part: Callable[[], Awaitable[None]]) -> None:
        assert self._nursery is not None
        self._nursery.start_soon(self._guarded, part, self._nursery.cancel_scope)

    async def _guarded(self, part: Callable[[], Awaitable[None]], scope: trio.CancelScope) -> None:
        """A part that fails ends the connection."""
        try:
            await part()
        except ConnectionLostError as error:
            self._ending = self._ending or str(error)
            scope.cancel()

    async def _begin(self, live: Callable[[], None]) -> None:
        for command in self._dialect.subscribe(list(self._markets)):
            await self._perform(command)
        live()

    async def _ping(self) -> None:
        assert self._socket is not None
        while True:
            await trio.sleep(self._settings.ping_interval_s)
            await self._socket.send(self._dialect.ping)

    async def _perform(self, command: Command) -> None:
        """Sends it and waits for every answer; raises `ConnectionLostError`."""
        assert self._socket is not None
        events = [trio.Event() for _ in range(command.answers)]
        self._awaited[command.number] = list(events)
        limit_s = self._settings.request_timeout_s
        with trio.move_on_after(limit_s) as scope:
            await self._socket.send(command.text)
            for event in events:
                await event.wait()
        self._awaited.pop(command.number, None)
        if scope.cancelled_caught:
            raise ConnectionLostError(f"no answer to a subscription within {limit_s:g} s")

    def _take(self, batch: Iterable[str | bytes]) -> bool:
        """A burst is one turn: no checkpoint between its frames. True when it was the last."""
        local_ns = self._clock.now_ns()
        self._statistics.last_message_ns = local_ns
        for message in batch:
            self._statistics.messages += 1
            for frame in self._dialect.decode(message):
                self._on_frame(frame, local_ns)
        return bool(self._ending)

    def _on_frame(self, frame: FeedFrame, local_ns: int) -> None:
        match frame:
            case BookFrame():
                self._on_book(frame, local_ns)
            case TradeFrame():
                self._on_trade(frame, local_ns)
            case TouchFrame():
                self._on_touch(frame, local_ns)
            case CandleFrame():
                self._on_candle(frame)
            case CommandAnswered():
                self._on_answer(frame)
            case Pong():
                pass
            case EndAnnounced(reason):
                self._ending = reason
            case MalformedFrame():
                self._on_malformed(frame)
            case UnknownFrame():
                self._statistics.unknown += 1

    def _on_malformed(self, frame: MalformedFrame) -> None:
        """It may have been a diff: the next one will not fit then."""
        self._statistics.malformed += 1
        self._statistics.last_failure = frame.reason

    def _on_answer(self, frame: CommandAnswered) -> None:
        if frame.refusal:
            raise ConnectionLostError(f"subscription refused: {frame.refusal}")
        events = self._awaited.get(frame.number)
        if events:
            events.pop().set()

    def _on_book(self, frame: BookFrame, local_ns: int) -> None:
        market = self._markets.get(frame.wire)
        if market is None:
            self._statistics.unknown += 1
            return
        if frame.previous is None:
            self._on_whole(market, frame, local_ns)
        elif market.number is None:
            return  # what comes before the snapshot is of no use
        elif frame.previous == market.number:
            market.number = frame.number
            self._publish(change_of(market.instrument, frame, local_ns))
        elif frame.number > market.number or frame.previous > market.number:
            self._statistics.book_gaps += 1
            self._lose(market, f"gap: {frame.previous} after {market.number}")

    def _on_whole(self, market: _Market, frame: BookFrame, local_ns: int) -> None:
        market.number = frame.number
        market.known.set()
        self._statistics.snapshots += 1
        self._publish(book_of(market.instrument, frame, local_ns))

    def _on_trade(self, frame: TradeFrame, local_ns: int) -> None:
        """What came before is not sent twice; what is missing is counted where ids tell it."""
        market = self._markets.get(frame.wire)
        if market is None:
            self._statistics.unknown += 1
            return
        if market.trade_id:
            if frame.trade_id <= market.trade_id:
                return
            first_id = frame.trade_id - frame.count + 1
            self._statistics.trade_gaps += bool(frame.count) and first_id > market.trade_id + 1
        market.trade_id = frame.trade_id
        self._checks.trade(frame.wire, frame.trade_ms, frame.amount)
        self._publish(trade_of(market.instrument, frame, local_ns))

    def _on_touch(self, frame: TouchFrame, local_ns: int) -> None:
        """Only beside a book: without one nobody may trade on it."""
        market = self._markets.get(frame.wire)
        if market is None:
            self._statistics.unknown += 1
        elif market.number is not None:
            self._publish(touch_of(market.instrument, frame, local_ns))

    def _on_candle(self, frame: CandleFrame) -> None:
        if frame.wire in self._markets:
            self._checks.candle(frame)
        else:
            self._statistics.unknown += 1

    def _give_up(self, market: _Market, reason: str) -> None:
        if market.number is not None:
            market.number = None
            self._publish(BookLost(market.instrument, reason, self._clock.now_ns()))

    def _lose(self, market: _Market, reason: str) -> None:
        self._give_up(market, reason)
        if not market.is_renewing:
            market.is_renewing = True
            self._start(partial(self._renew, market))

    async def _renew(self, market: _Market) -> None:
        """Until a whole book came that was not lost again; a failure costs the connection."""
        limit_s = self._settings.request_timeout_s
        while market.number is None:
            market.known = trio.Event()
            for command in self._dialect.renew_book(market.wire):
                await self._perform(command)
            with trio.move_on_after(limit_s):
                await market.known.wait()
            if market.number is None and not market.known.is_set():
                raise ConnectionLostError(f"{market.instrument}: no book within {limit_s:g} s")
            await trio.sleep(market.backoff.next_s())
        market.backoff.reset()
        market.is_renewing = False
