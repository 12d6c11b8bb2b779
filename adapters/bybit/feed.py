"""Bybit's public market data behind `FeedPort`: trades and the book of 200 levels, no keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final, final

from adapters.bybit.dialect import BybitDialect
from adapters.bybit.rest import BybitRest
from adapters.bybit.schemas import InstrumentRow, KlineRow, Page
from adapters.bybit.translate import NS_PER_MS, bar_of, instruments_of, interval_name, wire_symbol
from adapters.net.budget import Priority
from adapters.net.calls import Call
from adapters.net.network import Network
from adapters.net.stream_feed import FeedStream, SessionParts, StreamFeed
from adapters.net.stream_session import SessionSettings, StreamSession
from adapters.net.venue_settings import VenueSettings
from adapters.net.windows import WindowBudget
from bot3.domain.bar import Bar
from bot3.domain.instrument import Instrument
from bot3.domain.values import InstrumentId, Symbol, VenueName
from bot3.messages.market import FeedEvent
from supervisors.clock import Clock
from supervisors.entropy import Dice

# The arguments of one connection may be 21,000 characters together.
SYMBOLS_PER_SOCKET: Final = 200
KLINES_MAX: Final = 1_000
_INSTRUMENTS: Final = Call("GET", "/v5/market/instruments-info", 1, Priority.DATA)
_KLINES: Final = Call("GET", "/v5/market/kline", 1, Priority.DATA)
_SPOT: Final = {"category": "spot"}


@final
class BybitFeed:
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
        self._rest = BybitRest(settings, network=network, clock=clock, budget=budget)
        stream = FeedStream(
            settings.connection(settings.ws_url),
            partial(_session, SessionSettings.of(settings)),
            symbols_per_socket,
        )
        self._stream = StreamFeed(
            settings.venue, (stream,), network=network, clock=clock, dice=dice
        )

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
        name, instrument = interval_name(interval_s), InstrumentId(self.venue, symbol)
        await self._rest.link.know_clock()
        step_ms = interval_s * 1_000
        end_ms = self._rest.link.venue_now_ns() // NS_PER_MS // step_ms * step_ms
        start_ms = max(end_ms - count * step_ms, 0)
        found: dict[int, Bar] = {}
        while start_ms < end_ms:
            stop_ms = min(start_ms + KLINES_MAX * step_ms, end_ms)
            span = {"start": str(start_ms), "end": str(stop_ms - 1), "limit": str(KLINES_MAX)}
            params = {**_SPOT, "symbol": wire_symbol(symbol), "interval": name, **span}
            page = await self._rest.public(_KLINES, params, Page[KlineRow])
            bars = [bar_of(instrument, interval_s, row) for row in page.rows]
            found |= {bar.open_ns: bar for bar in bars}
            start_ms = stop_ms
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


def _session(settings: SessionSettings, parts: SessionParts) -> StreamSession:
    return StreamSession(parts, dialect=BybitDialect(), settings=settings)


async def load_instruments(rest: BybitRest) -> list[InstrumentRow]:
    """Every spot pair: their list is one request whatever is wanted."""
    return (await rest.public(_INSTRUMENTS, _SPOT, Page[InstrumentRow])).rows
