"""`VenuePort` over real market data: orders wait, queue and fill as the fill model says.

Invariant: nothing is filled on data that is not fresh, and a refusal says so; every fill is in the
account's file before anybody hears of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, final

import trio
from attrs import Factory, frozen

from adapters.paper.account import PaperAccount, PaperOrder
from bot3.domain.account import Balance
from bot3.domain.approval import ApprovedOrder
from bot3.domain.book import Quote
from bot3.domain.errors import OrderRejectedError
from bot3.domain.fill import Fill
from bot3.domain.ids import ClientOrderId
from bot3.domain.instrument import Instrument
from bot3.domain.order import OrderIntent, OrderStatus, OrderType, TimeInForce
from bot3.domain.values import Asset, InstrumentId, Quantity, Symbol, VenueName
from bot3.execution.fill_model import Execution, FillModel, FillSettings
from bot3.messages.market import (
    BestQuoted,
    BookChanged,
    BookLost,
    BookReplaced,
    FeedEvent,
    FeedLost,
    FeedRestored,
    TradePrinted,
)
from bot3.messages.orders import (
    AccountEvent,
    AccountRestored,
    BalanceChanged,
    OrderAcknowledged,
    OrderCanceled,
    OrderFilled,
    VenueOrder,
)
from supervisors.clock import Clock

SECOND_NS = 1_000_000_000
REJECTED = "paper"


@frozen(kw_only=True)
class PaperSettings:
    """`order_latency_s` is how long a request takes to the matching engine, and its answer back;
    data older than `stale_after_s` fills nothing.
    """

    order_latency_s: float = 0.05
    stale_after_s: float = 5.0
    fill: FillSettings = Factory(FillSettings)


@final
class PaperVenue:
    """One venue's paper account. `hear` is fed with all its market data, before anybody else."""

    dead_man: Final = None  # nothing rests anywhere once the process is gone

    def __init__(
        self,
        account: PaperAccount,
        clock: Clock,
        settings: PaperSettings,
    ) -> None:
        self._account = account
        self._clock = clock
        self._settings = settings
        self._instruments: dict[InstrumentId, Instrument] = {}
        self._models: dict[InstrumentId, FillModel] = {}
        self._heard_ns: dict[InstrumentId, int] = {}
        self._publish: Callable[[AccountEvent], None] | None = None
        self._stale_refusals = 0
        self._fills = 0

    @property
    def venue(self) -> VenueName:
        return self._account.venue

    @property
    def account(self) -> str:
        return f"paper-{self._account.venue}"

    def list_instruments(self, instruments: Sequence[Instrument]) -> None:
        """What trades, and by which filters and fees."""
        for instrument in instruments:
            self._instruments[instrument.id] = instrument
            if instrument.id not in self._models:
                self._models[instrument.id] = FillModel(self._settings.fill, instrument.lot_size)

    def hear(self, event: FeedEvent) -> None:
        """What the market did; our fills follow from it at once."""
        if isinstance(event, FeedLost | FeedRestored | BestQuoted):
            if isinstance(event, FeedLost):
                self._lose_all()
            return
        model = self._models.get(event.instrument)
        if model is None:
            return
        executions: list[Execution] = []
        match event:
            case BookLost():
                model.lose()
            case BookReplaced():
                executions = model.replace(event.bids, event.asks)
            case BookChanged():
                executions = model.change(event.bids, event.asks)
            case TradePrinted():
                executions = model.trade(event.price, event.amount, event.aggressor)
        if isinstance(event, BookReplaced | BookChanged):
            self._heard_ns[event.instrument] = event.ts_local_ns
        for execution in executions:
            self._executed(execution)

    def quote(self, key: InstrumentId) -> Quote | None:
        """The market's best prices; None without a book."""
        return self._models[key].quote

    def balances_now(self) -> list[Balance]:
        """Of the account."""
        return self._account.balances()

    def _lose_all(self) -> None:
        for model in self._models.values():
            model.lose()

    async def refresh(self) -> None:
        """The feed brings the filters."""
        await trio.lowlevel.checkpoint()

    async def submit(self, order: ApprovedOrder) -> VenueOrder:
        await trio.sleep(self._settings.order_latency_s)
        made = self.place(order.intent)
        await trio.sleep(self._settings.order_latency_s)
        return made.shown()

    def place(self, intent: OrderIntent) -> PaperOrder:
        """It is there now. Raises `OrderRejectedError`."""
        now_ns = self._clock.now_ns()
        instrument = self._checked(intent, now_ns)
        model = self._models[intent.instrument]
        limit = None if intent.price is None else intent.price.amount
        is_post_only = intent.order_type is OrderType.POST_ONLY
        if is_post_only and limit is not None and model.crosses(intent.side, limit):
            raise OrderRejectedError(REJECTED, "post-only order would take")
        is_killed = (
            intent.time_in_force is TimeInForce.FOK
            and model.available(intent.side, limit) < intent.amount.amount
        )
        order = self._account.open(intent, instrument, now_ns)
        self._tell(
            OrderAcknowledged(
                intent.client_order_id, intent.instrument, order.venue_order_id, now_ns, now_ns
            )
        )
        amount = intent.amount.amount
        if not is_killed:
            for execution in model.take(intent.client_order_id, intent.side, limit, amount):
                self._executed(execution)
        is_resting = intent.time_in_force is TimeInForce.GTC and limit is not None
        if order.remaining and is_resting and limit is not None:
            model.rest(intent.client_order_id, intent.side, limit, order.remaining)
        elif order.remaining:
            self._end(order, now_ns)
        self._account.save()
        self._tell_balances(instrument)
        return order

    def _checked(self, intent: OrderIntent, now_ns: int) -> Instrument:
        instrument = self._instruments.get(intent.instrument)
        if instrument is None:
            raise OrderRejectedError(REJECTED, f"{intent.instrument} is not traded")
        if now_ns > intent.deadline_ns:
            raise OrderRejectedError(REJECTED, "came after its deadline")
        is_market = intent.price is None
        refusal = instrument.refusal_of(intent.amount, intent.worst_price, is_market=is_market)
        if refusal is not None:
            raise OrderRejectedError(REJECTED, refusal.value)
        if not self._is_fresh(intent.instrument, now_ns):
            self._stale_refusals += 1
            raise OrderRejectedError(REJECTED, "market data is stale: nothing can be filled")
        return instrument

    def _is_fresh(self, key: InstrumentId, now_ns: int) -> bool:
        age_ns = now_ns - self._heard_ns.get(key, 0)
        return self._models[key].has_book and age_ns <= self._settings.stale_after_s * SECOND_NS

    def _executed(self, execution: Execution) -> None:
        order = self._account.order(execution.client_order_id)
        assert order is not None, f"{execution.client_order_id}: filled, and not ours"
        instrument, now_ns = self._instruments[order.intent.instrument], self._clock.now_ns()
        fill = self._account.fill(order, execution, instrument, now_ns)
        if order.status is OrderStatus.FILLED:
            self._account.end(order, OrderStatus.FILLED, now_ns)
        self._account.save()
        self._fills += 1
        self._tell(OrderFilled(fill))
        self._tell_balances(instrument)

    def _end(self, order: PaperOrder, now_ns: int) -> None:
        intent = order.intent
        self._models[intent.instrument].remove(intent.client_order_id)
        self._account.end(order, OrderStatus.CANCELED, now_ns)
        self._account.save()
        filled = Quantity(order.filled)
        self._tell(OrderCanceled(intent.client_order_id, intent.instrument, filled, now_ns, now_ns))
        self._tell_balances(self._instruments[intent.instrument])

    async def cancel(self, symbol: Symbol, client_order_id: ClientOrderId) -> VenueOrder:
        await trio.sleep(self._settings.order_latency_s)
        return self.withdraw(symbol, client_order_id).shown()

    def withdraw(self, symbol: Symbol, client_order_id: ClientOrderId) -> PaperOrder:
        """Its cancel is there now. Raises `OrderRejectedError`."""
        order = self._account.order(client_order_id)
        if order is None or order.status.is_final or order.intent.instrument.symbol != symbol:
            raise OrderRejectedError(REJECTED, "no such order is open")
        self._end(order, self._clock.now_ns())
        return order

    async def cancel_all(self, symbol: Symbol) -> int:
        await trio.sleep(self._settings.order_latency_s)
        rests = [o for o in self._account.open_orders() if o.intent.instrument.symbol == symbol]
        for order in rests:
            self._end(order, self._clock.now_ns())
        return len(rests)

    async def query(self, symbol: Symbol, client_order_id: ClientOrderId) -> VenueOrder | None:
        await trio.sleep(self._settings.order_latency_s)
        order = self._account.order(client_order_id)
        is_there = order is not None and order.intent.instrument.symbol == symbol
        return order.shown() if order is not None and is_there else None

    async def open_orders(self, symbol: Symbol) -> list[VenueOrder]:
        await trio.lowlevel.checkpoint()
        rests = self._account.open_orders()
        return [order.shown() for order in rests if order.intent.instrument.symbol == symbol]

    async def fills_since(self, symbol: Symbol, since_ns: int) -> list[Fill]:
        await trio.lowlevel.checkpoint()
        return [
            fill
            for fill in self._account.fills()
            if fill.instrument.symbol == symbol and fill.ts_venue_ns >= since_ns
        ]

    async def balances(self) -> list[Balance]:
        await trio.lowlevel.checkpoint()
        return self.balances_now()

    async def run_account(
        self,
        symbols: Sequence[Symbol],
        publish: Callable[[AccountEvent], None],
        *,
        ready: Callable[[], None],
    ) -> None:
        """There is no connection that could be lost."""
        del symbols
        self.attend(publish)
        publish(AccountRestored(self.venue, 0, self._clock.now_ns()))
        ready()
        await trio.sleep_forever()

    def attend(self, publish: Callable[[AccountEvent], None]) -> None:
        """Who hears of the account from now on."""
        self._publish = publish

    async def aclose(self) -> None:
        await trio.lowlevel.checkpoint()

    def counts(self) -> Mapping[str, int]:
        return {"paper_fills": self._fills, "paper_stale_refusals": self._stale_refusals}

    def _tell(self, event: AccountEvent) -> None:
        if self._publish is not None:
            self._publish(event)

    def _tell_balances(self, instrument: Instrument) -> None:
        now_ns, assets = self._clock.now_ns(), (Asset(instrument.base), Asset(instrument.quote))
        balances = tuple(self._account.balances(assets))
        self._tell(BalanceChanged(self.venue, balances, now_ns, now_ns))
