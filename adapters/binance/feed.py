"""Binance's public market data behind `FeedPort`: trades and the whole book, no keys.

Invariant: `FeedLost` and `FeedRestored` alternate; while the feed is lost, every book is too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, final

import msgspec

from adapters.binance.account_schemas import ExchangeInfo
from adapters.binance.errors import INVALID_SYMBOL, BinanceError
from adapters.binance.feed_session import FeedSession, Market
from adapters.binance.rest import EXCHANGE_INFO, SERVER_TIME, BinanceRest
from adapters.binance.schemas import Kline, ServerTime
from adapters.binance.settings import BinanceSettings
from adapters.binance.signing import Param
from adapters.binance.translate import bar_of, instruments_of, interval_name, wire_symbol
from adapters.net.budget import Priority, WeightBudget
from adapters.net.calls import Call
from adapters.net.lasting import LastingConnection
from adapters.net.network import Network
from adapters.net.statistics import FeedStatistics
from adapters.net.websocket import MessageSocket
from bot3.domain.bar import Bar
from bot3.domain.errors import VenueError
from bot3.domain.instrument import Instrument
from bot3.domain.values import InstrumentId, Symbol, VenueName
from bot3.messages.market import FeedEvent, FeedLost, FeedRestored
from supervisors.clock import Clock
from supervisors.entropy import Dice

STREAMS_MAX: Final = 1_024
STREAMS_PER_SYMBOL: Final = 2
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
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._connection = LastingConnection(
            settings.connection(settings.ws_url, settings.silence_s),
            network=network,
            clock=clock,
            dice=dice,
        )
        self._dice = dice
        self._rest = BinanceRest(settings, network=network, clock=clock, budget=budget)
        self._session: FeedSession | None = None
        self.statistics = FeedStatistics()

    @property
    def venue(self) -> VenueName:
        """As configured."""
        return self._settings.venue

    def counts(self) -> Mapping[str, int]:
        """Messages, malformed and unknown ones, gaps, snapshots, reconnects."""
        return self.statistics.counts()

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
        """See `FeedPort.run`. Raises `VenueError` at once for symbols it cannot stream."""
        markets = self._markets(symbols)
        latest: FeedSession | None = None

        def up() -> None:
            publish(FeedRestored(self.venue, self._clock.now_ns()))

        def down(reason: str) -> None:
            publish(FeedLost(self.venue, reason, self._clock.now_ns()))

        def ended(reason: str) -> None:
            self.statistics.reconnects += 1
            if latest is not None:
                latest.abandon(reason)

        async def session(socket: MessageSocket, live: Callable[[], None]) -> str:
            nonlocal latest
            latest = self._session = FeedSession(
                markets,
                publish,
                settings=self._settings,
                rest=self._rest,
                clock=self._clock,
                dice=self._dice,
                statistics=self.statistics,
            )
            try:
                return await latest.run(socket, live)
            finally:
                self._session = None

        await self._connection.run(session, ready=ready, up=up, down=down, ended=ended)

    def resync(self, symbol: Symbol, reason: str) -> None:
        """See `FeedPort.resync`; without a connection there is no book to drop."""
        if self._session is not None:
            self._session.resync(wire_symbol(symbol), reason)

    async def aclose(self) -> None:
        """Closes the HTTP connections, after the last call."""
        await self._rest.aclose()

    def _markets(self, symbols: Sequence[Symbol]) -> dict[str, Market]:
        if not 0 < len(symbols) * STREAMS_PER_SYMBOL <= STREAMS_MAX:
            raise VenueError(
                f"{len(symbols)} symbols: one connection carries 1 to"
                f" {STREAMS_MAX // STREAMS_PER_SYMBOL}"
            )
        wires = {wire_symbol(symbol): symbol for symbol in symbols}
        return {
            wire: Market(InstrumentId(self.venue, symbol), wire) for wire, symbol in wires.items()
        }


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
