"""A session on one venue: what must be known before anybody trades there.

Invariant: it is ready only when the clock offset, the filters and the history of every
instrument are known and have been sent on. Later it keeps the offset and the filters fresh.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import final

import structlog
import trio

from bot3.domain.bar import Bar
from bot3.domain.errors import (
    NoSuchBarsError,
    OrderRejectedError,
    OutcomeUnknownError,
    VenueError,
)
from bot3.domain.values import InstrumentId, Symbol
from bot3.messages.market import HistoryLoaded
from bot3.messages.orders import InstrumentsLoaded
from bot3.messages.risk import PairExamined
from bot3.ports.feed import FeedPort
from bot3.ports.venue import VenuePort
from bot3.services.together import together
from supervisors.actor import Address, EdgeActor, EdgeContext
from supervisors.clock import Clock

REFRESH_INTERVAL_S = 300.0
RETRY_PAUSE_S = 1.0
# A venue that is busy or restarting is back by then; one that is not is the operator's business.
START_PATIENCE_S = 20.0

_log = structlog.get_logger("bot3.session")


@final
class SessionActor(EdgeActor):
    """Prepares a venue; the feed, the account and the order entry start after it.

    `pairs` hears of each market's last day and its age, up to `pair_age_days`.
    """

    def __init__(
        self,
        feed: FeedPort,
        venue: VenuePort,
        markets: Mapping[Symbol, Address[HistoryLoaded]],
        listeners: Sequence[Address[InstrumentsLoaded]],
        clock: Clock,
        *,
        bar_interval_s: int,
        warm_up_bars: int,
        pairs: tuple[Address[PairExamined], ...] = (),
        pair_age_days: int = 0,
    ) -> None:
        self._pairs, self._pair_hours = pairs, max(24 * pair_age_days, 24)
        self._feed = feed
        self._venue = venue
        self._markets = markets
        self._listeners = listeners
        self._clock = clock
        self._bar_interval_s = bar_interval_s
        self._warm_up_bars = warm_up_bars

    async def run(self, context: EdgeContext) -> None:
        await self._patiently(self._begin)
        await self._patiently(self._examine)
        context.ready()
        while True:
            await trio.sleep(REFRESH_INTERVAL_S)
            try:
                await self._prepare()
                await self._examine()
            except (OrderRejectedError, OutcomeUnknownError, VenueError):
                await trio.sleep(RETRY_PAUSE_S)  # the next refresh tries again
            context.progress()

    async def _patiently(self, step: Callable[[], Awaitable[None]]) -> None:
        """Tries again for a while; raises the last error."""
        give_up_s = trio.current_time() + START_PATIENCE_S
        while True:
            try:
                await step()
            except (OrderRejectedError, OutcomeUnknownError, VenueError):
                if trio.current_time() + RETRY_PAUSE_S > give_up_s:
                    raise
                await trio.sleep(RETRY_PAUSE_S)
            else:
                return

    async def _begin(self) -> None:
        """Asks for everything at once. Filters are told first, and then all histories or none: each
        belongs to the same moment.
        """
        histories: dict[Symbol, tuple[Bar, ...]] = {}

        async def ask(symbol: Symbol) -> None:
            histories[symbol] = await self._history(symbol)

        questions: list[Callable[[], Awaitable[None]]] = [self._prepare]
        questions += [partial(ask, symbol) for symbol in self._markets]
        await together(questions)
        for symbol, market in self._markets.items():
            instrument = InstrumentId(self._feed.venue, symbol)
            market.send(HistoryLoaded(instrument, histories[symbol], self._clock.now_ns()))

    async def _prepare(self) -> None:
        await self._venue.refresh()
        instruments = await self._feed.instruments(tuple(self._markets))
        for listener in self._listeners:
            listener.send(InstrumentsLoaded(self._feed.venue, instruments))

    async def _examine(self) -> None:
        """What the entry rules on pairs want to know, from the venue's hours."""
        if not self._pairs:
            return
        for symbol in self._markets:
            try:
                bars = await self._feed.bars(symbol, 3600, self._pair_hours)
            except NoSuchBarsError as error:
                _log.warning("no hours", venue=self._feed.venue, symbol=symbol, reason=str(error))
                continue
            day = sum(bar.volume * bar.close for bar in bars[-24:])
            instrument = InstrumentId(self._feed.venue, symbol)
            examined = PairExamined(instrument, self._clock.now_ns(), day, len(bars) // 24)
            for listener in self._pairs:
                listener.send(examined)

    async def _history(self, symbol: Symbol) -> tuple[Bar, ...]:
        """Empty where the venue has no bars of this length: signals then wait for live ones."""
        try:
            bars = await self._feed.bars(symbol, self._bar_interval_s, self._warm_up_bars)
        except NoSuchBarsError as error:
            _log.warning("no history", venue=self._feed.venue, symbol=symbol, reason=str(error))
            return ()
        return tuple(bars)
