"""Binance's public market data behind `FeedPort`: trades and the whole book, no keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, final

import msgspec

from adapters.binance.account_schemas import ExchangeInfo
from adapters.binance.errors import INVALID_SYMBOL, BinanceError
from adapters.binance.feed_session import FeedSession
from adapters.binance.rest import EXCHANGE_INFO, SERVER_TIME, BinanceRest
from adapters.binance.schemas import CHANNELS, Kline, ServerTime
from adapters.binance.settings import BinanceSettings
from adapters.binance.signing import Param
from adapters.binance.translate import bar_of, instruments_of, interval_name, wire_symbol
from adapters.net.budget import Priority, WeightBudget
from adapters.net.calls import Call
from adapters.net.network import Network
from adapters.net.stream_feed import FeedStream, SessionParts, StreamFeed
from bot3.domain.bar import Bar
from bot3.domain.errors import VenueError
from bot3.domain.instrument import Instrument
from bot3.domain.values import InstrumentId, Symbol, VenueName
from bot3.messages.market import FeedEvent
from supervisors.clock import Clock
from supervisors.entropy import Dice

STREAMS_MAX: Final = 1_024  # of one connection
SYMBOLS_PER_SOCKET: Final = STREAMS_MAX // len(CHANNELS)
KLINES_MAX: Final = 1_000
_KLINES = Call("GET", "/api/v3/klines", 2, Priority.DATA)


@final
class BinanceFeed:
    """`FeedPort`. One `run` at a time; a shared `budget` makes one address keep one account."""

    def __init__(
        self,
        settings: BinanceSettings,
        *,
        network: Network,
        clock: Clock,
        dice: Dice,
        budget: WeightBudget | None = None,
        symbols_per_socket: int = SYMBOLS_PER_SOCKET,
    ) -> None:
        self._settings = settings
        self._rest = BinanceRest(settings, network=network, clock=clock, budget=budget)
        stream = FeedStream(
            settings.connection(settings.ws_url, settings.silence_s),
            self._session,
            symbols_per_socket,
        )
        self._stream = StreamFeed(
            settings.venue, (stream,), network=network, clock=clock, dice=dice
        )
        self.statistics = self._stream.statistics

    @property
    def venue(self) -> VenueName:
        """As configured."""
        return self._settings.venue

    def counts(self) -> Mapping[str, int]:
        """See `FeedPort.counts`."""
        return self._stream.counts()

    async def instruments(self, symbols: Sequence[Symbol]) -> tuple[Instrument, ...]:
        """From exchangeInfo; raises `VenueError` for a symbol that the venue does not trade."""
        info = await load_exchange_info(self._rest, symbols)
        return instruments_of(self.venue, symbols, info)

    async def bars(self, symbol: Symbol, interval_s: int, count: int) -> list[Bar]:
        """The last `count` closed bars by the venue's clock, oldest first; raises `VenueError`.

        Fewer where the venue has fewer: bars of an outage are missing, not made up.
        """
        name, wire = interval_name(interval_s), wire_symbol(symbol)
        instrument = InstrumentId(self.venue, symbol)
        now = await self._rest.public(SERVER_TIME, {}, ServerTime)
        step_ms = interval_s * 1_000
        end_ms = now.server_ms // step_ms * step_ms
        start_ms = max(end_ms - count * step_ms, 0)
        bars: list[Bar] = []
        while start_ms < end_ms:
            stop_ms = min(start_ms + KLINES_MAX * step_ms, end_ms)
            params: dict[str, Param] = {
                "symbol": wire,
                "interval": name,
                "startTime": start_ms,
                "endTime": stop_ms - 1,
                "limit": KLINES_MAX,
            }
            rows = await self._rest.public(_KLINES, params, list[Kline])
            bars += [
                bar_of(instrument, interval_s, row)
                for row in rows
                if start_ms <= row.open_ms < stop_ms
            ]
            start_ms = stop_ms
        return bars

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
        await self._rest.aclose()

    def _session(self, parts: SessionParts) -> FeedSession:
        return FeedSession(parts, settings=self._settings, rest=self._rest)


async def load_exchange_info(rest: BinanceRest, symbols: Sequence[Symbol]) -> ExchangeInfo:
    """Filters of these symbols, and the weight limit, which `rest`'s budget takes over."""
    names = msgspec.json.encode([wire_symbol(symbol) for symbol in symbols]).decode()
    try:
        info = await rest.public(EXCHANGE_INFO, {"symbols": names}, ExchangeInfo)
    except BinanceError as error:
        if error.code != INVALID_SYMBOL:
            raise
        raise VenueError(f"not all of {', '.join(symbols)} are traded there: {error}") from error
    if info.weight_per_minute:
        rest.budget.set_limit(info.weight_per_minute)
    return info
