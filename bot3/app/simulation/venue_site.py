"""One simulated venue: its exchange, where it listens, and what it tells the jury of our account.

Invariant: the venue outlives every process of the bot; what is published here is the exchange's own
truth, at the moment at which it becomes true.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import final

import trio

from adapters.simulated.accounts import Accounts
from adapters.simulated.book import LevelSet
from adapters.simulated.embedded import EmbeddedExchange
from adapters.simulated.market import Market, Print, Top
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

ExactLevels = tuple[tuple[Decimal, Decimal], ...]
_Shown = tuple[list[tuple[int, int]], ExactLevels]
_EMPTY = (ZERO, ZERO)


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
        self._shown: dict[tuple[Symbol, Side], _Shown] = {}

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
        bids, asks = self._levels(market, Side.BUY), self._levels(market, Side.SELL)
        touch = Touch(*(bids[0] if bids else _EMPTY), *(asks[0] if asks else _EMPTY))
        self._hear(
            BookPublished(
                self.name,
                market.symbol,
                self._clock.now_ns(),
                market.engine.update_id,
                touch,
                Levels(bids, asks),
            )
        )

    def _levels(self, market: Market, side: Side) -> ExactLevels:
        """As decimals; those of the last time where the engine's have not changed since."""
        top = market.engine.top(side, LEVELS_COMPARED)
        key, scale = (market.symbol, side), market.scale
        shown = self._shown.get(key, ([], ()))
        if shown[0] != top:
            known = dict(zip(*shown, strict=True))
            exact = tuple(
                known.get(level) or (scale.price(level[0]), scale.amount(level[1])) for level in top
            )
            shown = self._shown[key] = top, exact
        return shown[1]

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


Sites = Mapping[VenueName, VenueSite]
