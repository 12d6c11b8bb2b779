"""OKX's public market data behind `FeedPort`: trades and the book of 400 levels, no keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, final

from adapters.net.budget import Priority
from adapters.net.calls import Call
from adapters.net.network import Network
from adapters.net.stream_feed import FeedStream, SessionParts, StreamFeed
from adapters.net.stream_session import SessionSettings, StreamSession
from adapters.net.venue_settings import VenueSettings
from adapters.net.windows import WindowBudget
from adapters.okx.dialect import BUSINESS, PUBLIC, OkxDialect
from adapters.okx.rest import OkxRest
from adapters.okx.schemas import CandleRow, InstrumentRow
from adapters.okx.translate import NS_PER_MS, bar_name, bar_of, instruments_of, wire_symbol
from bot3.domain.bar import Bar
from bot3.domain.instrument import Instrument
from bot3.domain.values import InstrumentId, Symbol, VenueName
from bot3.messages.market import FeedEvent
from supervisors.clock import Clock
from supervisors.entropy import Dice

# Docs advise fewer than thirty deep books a connection.
SYMBOLS_PER_SOCKET: Final = 29
CANDLES_MAX: Final = 100
INSTRUMENTS: Final = Call("GET", "/api/v5/public/instruments", 1, Priority.DATA)
_CANDLES: Final = Call("GET", "/api/v5/market/history-candles", 1, Priority.DATA)


@final
class OkxFeed:
    """`FeedPort`. One `run` at a time; a shared `budget` makes one address keep one account."""

    def __init__(
        self,
        settings: VenueSettings,
        *,
        network: Network,
        clock: Clock,
        dice: Dice,
        budget: WindowBudget | None = None,
        symbols_per_socket: int = SYMBOLS_PER_SOCKET,
    ) -> None:
        self._settings = settings
        self._rest = OkxRest(settings, network=network, clock=clock, budget=budget)
        streams = feed_streams(settings, symbols_per_socket)
        self._stream = StreamFeed(settings.venue, streams, network=network, clock=clock, dice=dice)

    @property
    def venue(self) -> VenueName:
        """As configured."""
        return self._settings.venue

    def counts(self) -> Mapping[str, int]:
        """See `FeedPort.counts`."""
        return self._stream.counts()

    async def instruments(self, symbols: Sequence[Symbol]) -> tuple[Instrument, ...]:
        """Raises `VenueError` for a symbol that the venue does not trade."""
        return instruments_of(self.venue, symbols, await load_instruments(self._rest))

    async def bars(self, symbol: Symbol, interval_s: int, count: int) -> list[Bar]:
        """The last `count` closed bars by the venue's clock, oldest first; raises `VenueError`."""
        name, instrument = bar_name(interval_s), InstrumentId(self.venue, symbol)
        await self._rest.link.know_clock()
        step_ms = interval_s * 1_000
        end_ms = self._rest.link.venue_now_ns() // NS_PER_MS // step_ms * step_ms
        start_ms = max(end_ms - count * step_ms, 0)
        found: dict[int, Bar] = {}
        while start_ms < end_ms:
            page = {"before": str(start_ms - 1), "after": str(end_ms), "limit": str(CANDLES_MAX)}
            params = {"instId": wire_symbol(symbol), "bar": name, **page}
            rows = await self._rest.public(_CANDLES, params, CandleRow)
            bars = [bar_of(instrument, interval_s, row) for row in rows if row.confirm == "1"]
            found |= {bar.open_ns: bar for bar in bars}
            if len(rows) < CANDLES_MAX:
                break
            end_ms = min(row.open_ms for row in rows)
        return [found[open_ns] for open_ns in sorted(found)][-count:]

    async def run(
        self,
        symbols: Sequence[Symbol],
        publish: Callable[[FeedEvent], None],
        *,
        ready: Callable[[], None],
    ) -> None:
        """See `FeedPort.run`."""
        markets = {wire_symbol(symbol): InstrumentId(self.venue, symbol) for symbol in symbols}
        await self._stream.run(markets, publish, ready=ready)

    def resync(self, symbol: Symbol, reason: str) -> None:
        """See `FeedPort.resync`."""
        self._stream.resync(wire_symbol(symbol), reason)

    async def aclose(self) -> None:
        """Closes the HTTP connections, after the last call."""
        await self._rest.link.aclose()


def feed_streams(settings: VenueSettings, symbols_per_socket: int) -> list[FeedStream]:
    """Candles are served at `/business` alone; a server without that name has none."""
    waits = SessionSettings.of(settings)

    def stream(url: str, channels: Sequence[str], *, has_books: bool) -> FeedStream:
        def session(parts: SessionParts) -> StreamSession:
            return StreamSession(parts, dialect=OkxDialect(channels), settings=waits)

        return FeedStream(settings.connection(url), session, symbols_per_socket, has_books)

    streams = [stream(settings.ws_url, PUBLIC, has_books=True)]
    head, name, query = settings.ws_url.rpartition("/public")
    if name and (not query or query.startswith("?")):
        streams.append(stream(f"{head}/business{query}", BUSINESS, has_books=False))
    return streams


async def load_instruments(rest: OkxRest) -> list[InstrumentRow]:
    """Every spot pair: their list is one request whatever is wanted."""
    return await rest.public(INSTRUMENTS, {"instType": "SPOT"}, InstrumentRow)
