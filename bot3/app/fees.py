"""What an account pays at each venue: as configured, for no venue tells it with its filters.

Invariant: an embedded exchange's fees are those that it charges; of any other venue they are the
user's word, and every cost that is reckoned with comes from here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import final

from attrs import evolve, frozen

from bot3.app.settings import Config
from bot3.domain.bar import Bar
from bot3.domain.instrument import Instrument
from bot3.domain.values import Symbol, VenueName, decimal_of
from bot3.messages.market import FeedEvent
from bot3.ports.feed import FeedPort


@frozen
class Fees:
    """Shares of an order's worth."""

    maker: Decimal
    taker: Decimal


def fees_of(config: Config, name: VenueName) -> Fees:
    """Of one venue."""
    section = getattr(config.venues, name)
    given = config.simulation if section.mode == "embedded" else section
    return Fees(decimal_of(given.maker_fee_rate), decimal_of(given.taker_fee_rate))


def taker_fee_rate(config: Config) -> float:
    """Of the dearest active venue: what a signal must at least be worth."""
    return max(float(fees_of(config, VenueName(name)).taker) for name in config.exchanges.active)


@final
class PricedFeed:
    """`FeedPort` whose instruments have the account's fees."""

    def __init__(self, feed: FeedPort, fees: Fees) -> None:
        self._feed, self._fees = feed, fees

    @property
    def venue(self) -> VenueName:
        """See `FeedPort.venue`."""
        return self._feed.venue

    async def instruments(self, symbols: Sequence[Symbol]) -> tuple[Instrument, ...]:
        """See `FeedPort.instruments`."""
        fees = self._fees
        return tuple(
            evolve(each, maker_fee_rate=fees.maker, taker_fee_rate=fees.taker)
            for each in await self._feed.instruments(symbols)
        )

    async def bars(self, symbol: Symbol, interval_s: int, count: int) -> list[Bar]:
        """See `FeedPort.bars`."""
        return await self._feed.bars(symbol, interval_s, count)

    async def run(
        self,
        symbols: Sequence[Symbol],
        publish: Callable[[FeedEvent], None],
        *,
        ready: Callable[[], None],
    ) -> None:
        """See `FeedPort.run`."""
        await self._feed.run(symbols, publish, ready=ready)

    def resync(self, symbol: Symbol, reason: str) -> None:
        """See `FeedPort.resync`."""
        self._feed.resync(symbol, reason)

    async def aclose(self) -> None:
        """See `FeedPort.aclose`."""
        await self._feed.aclose()

    def counts(self) -> Mapping[str, int]:
        """See `FeedPort.counts`."""
        return self._feed.counts()
