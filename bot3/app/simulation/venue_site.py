"""One simulated venue: its exchange, where it listens, and what it tells the jury of our account.

Invariant: the venue outlives every process of the bot; what is published here is the exchange's own
truth, at the moment at which it becomes true.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import final

import trio

from adapters.simulated.accounts import Accounts
from adapters.simulated.book import LevelSet
from adapters.simulated.embedded import EmbeddedExchange
from adapters.simulated.market import Market, Print, Scale, Top
from adapters.simulated.network import SimulatedNetwork
from adapters.simulated.orders import ExecutionReport
from bot3.app.simulation.invariants.events import (
    LEVELS_COMPARED,
    BookPublished,
    Levels,
    Touch,
    VenueFunded,
    VenueOrderRest,
    VenueReported,
    VenueRest,
    WorldEvent,
)
from bot3.app.venues import EmbeddedVenue
from bot3.domain.account import Balance
from bot3.domain.values import ZERO, Asset, Side, Symbol, VenueName
from supervisors.clock import Clock

_Level = tuple[int, int]  # ticks, lots
_Shown = tuple[tuple[_Level | None, _Level | None], Touch]  # the best of both sides, exactly too
_EMPTY = (ZERO, ZERO)
_BUY, _SELL = Side.BUY, Side.SELL


@final
class VenueSite:
    """A `PrivateListener` and `PublicListener` of its exchange."""

    def __init__(
        self,
        name: VenueName,
        exchange: EmbeddedExchange,
        address: EmbeddedVenue,
        clock: Clock,
        hear: Callable[[WorldEvent], None],
    ) -> None:
        self.name = name
        self.exchange = exchange
        self.address = address
        self._clock = clock
        self._hear = hear
        self._totals_at_start = self._accounts.totals()
        self._shown: dict[Symbol, _Shown] = {}

    @property
    def _accounts(self) -> Accounts:
        return self.exchange.exchange.accounts

    def announce(self) -> None:
        """The deposits and the books at the start, then everything that changes."""
        account = self.exchange.account_id
        funds = {a: self._accounts.free(account, a) for a in self._accounts.assets(account)}
        self._hear(VenueFunded(self.name, self._clock.now_ns(), funds))
        self.exchange.exchange.listen(self)
        for market in self.exchange.exchange.markets.values():
            self._publish(market)
            market.listen(self)

    async def serve(
        self,
        network: SimulatedNetwork,
        task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        """Until cancelled."""
        listener = await network.process().listen(self.address.host, self.address.port)
        async with listener:
            self.exchange.move_on(network.agenda.after)
            task_status.started()
            await self.exchange.serve(listener)

    def reported(self, account: int, report: ExecutionReport) -> None:
        if account == self.exchange.account_id:
            self._hear(VenueReported(self.name, self._clock.now_ns(), report))

    def balances_changed(self, account: int, assets: Sequence[Asset], ts_ns: int) -> None:
        """The reports say as much."""

    def traded(self, market: Market, trade: Print) -> None:
        """Of no interest: books are compared."""

    def book_changed(self, market: Market, changes: Sequence[LevelSet], ts_ns: int) -> None:
        """Every update id has a touch, also where that did not change."""
        del changes, ts_ns
        self._publish(market)

    def top_changed(self, market: Market, top: Top, ts_ns: int) -> None:
        """`book_changed` has said it."""

    def _publish(self, market: Market) -> None:
        engine, symbol, scale = market.engine, market.symbol, market.scale
        bids = engine.top(_BUY, LEVELS_COMPARED)
        asks = engine.top(_SELL, LEVELS_COMPARED)
        best = (bids[0] if bids else None, asks[0] if asks else None)
        shown = self._shown.get(symbol)
        if shown is None or shown[0] != best:
            shown = self._shown[symbol] = (best, _touch(scale, *best))
        levels = partial(_levels, scale, bids, asks)
        now_ns = self._clock.now_ns()
        self._hear(BookPublished(self.name, symbol, now_ns, engine.update_id, shown[1], levels))

    def rest(self) -> VenueRest:
        """Everything that the exchange knows of our account, now."""
        exchange, account = self.exchange.exchange, self.exchange.account_id
        orders = [
            order for symbol in exchange.markets for order in exchange.files.all_of(account, symbol)
        ]
        return VenueRest(
            venue=self.name,
            orders=tuple(
                VenueOrderRest(
                    order.request.client_order_id, order.symbol, order.status, order.executed
                )
                for order in orders
            ),
            trades=tuple(
                trade
                for symbol in exchange.markets
                for trade in exchange.files.trades_of(account, symbol)
            ),
            balances=tuple(
                Balance(
                    self.name,
                    asset,
                    self._accounts.free(account, asset),
                    self._accounts.held(account, asset),
                )
                for asset in self._accounts.assets(account)
            ),
            totals=self._accounts.totals(),
            totals_at_start=self._totals_at_start,
        )

    def open_orders(self) -> int:
        """Of our account."""
        return len(self.exchange.exchange.files.open_of(self.exchange.account_id))


def _touch(scale: Scale, bid: _Level | None, ask: _Level | None) -> Touch:
    return Touch(
        *(_EMPTY if bid is None else _exact(scale, bid)),
        *(_EMPTY if ask is None else _exact(scale, ask)),
    )


def _levels(scale: Scale, bids: Sequence[_Level], asks: Sequence[_Level]) -> Levels:
    return Levels(
        tuple(_exact(scale, level) for level in bids), tuple(_exact(scale, level) for level in asks)
    )


def _exact(scale: Scale, level: _Level) -> tuple[Decimal, Decimal]:
    ticks, lots = level
    return scale.price(ticks), scale.amount(lots)


Sites = Mapping[VenueName, VenueSite]
