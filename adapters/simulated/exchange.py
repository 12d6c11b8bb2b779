"""The exchange: instruments, accounts and orders over one matching engine each.

Invariant: what an account's open orders bind is what its held balances show; every trade moves
both assets exactly once, and each fee goes to the fee account.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Protocol, final

from adapters.simulated.accounts import Accounts, InsufficientBalanceError, round_up
from adapters.simulated.amendment import amended, rebind
from adapters.simulated.book import Ended, Event, LevelSet, OrderEvent, Trade
from adapters.simulated.checks import OPEN_ORDERS_MAX, check_filters
from adapters.simulated.market import Market, Operation
from adapters.simulated.order_files import OrderFiles
from adapters.simulated.orders import (
    AccountTrade,
    Execution,
    ExecutionReport,
    OrderRecord,
    OrderRequest,
    RecordStatus,
    Refusal,
    RefusedError,
)
from adapters.simulated.settlement import ENDINGS, held_asset, release_rest, settle
from bot3.domain.instrument import Instrument
from bot3.domain.order import OrderType
from bot3.domain.values import Asset, Side, Symbol
from supervisors.clock import Clock

_NS_PER_MS = 1_000_000


class PrivateListener(Protocol):
    """Told what happens to accounts, at once, in order. Must not trade from inside."""

    def reported(self, account: int, report: ExecutionReport) -> None: ...

    def balances_changed(self, account: int, assets: Sequence[Asset], ts_ns: int) -> None: ...


@final
class Exchange:
    """Every method acts at the clock's present; a refused request changes nothing.

    Order, trade and update ids of each instrument count up from `first_id`.
    """

    def __init__(
        self, instruments: Sequence[Instrument], clock: Clock, *, first_id: int = 1
    ) -> None:
        self.markets: dict[Symbol, Market] = {
            instrument.id.symbol: Market(instrument, first_id=first_id)
            for instrument in instruments
        }
        self.accounts = Accounts()
        self.files = OrderFiles()
        self._clock = clock
        self._listeners: list[PrivateListener] = []
        self._accounts_open = 0
        self._execution_id = 0

    def open_account(self, funding: Iterable[tuple[Asset, Decimal]] = ()) -> int:
        """A new account, with deposits; accounts count up from 1."""
        self._accounts_open += 1
        for asset, amount in funding:
            self.accounts.deposit(self._accounts_open, asset, amount)
        return self._accounts_open

    def listen(self, listener: PrivateListener) -> None:
        """From now on, for every account."""
        self._listeners.append(listener)

    def market(self, symbol: Symbol) -> Market:
        """Raises `RefusedError` for a symbol that is not listed."""
        found = self.markets.get(symbol)
        if found is None:
            raise RefusedError(Refusal.UNKNOWN_SYMBOL)
        return found

    def apply(self, symbol: Symbol, operations: Sequence[Operation]) -> list[Event]:
        """The market's own orders, all at this instant; the book is published once, at the end."""
        market = self.market(symbol)
        events = market.apply(operations)
        self.process(market, events)
        return events

    def roll(self) -> None:
        """Closes the candles that the clock has passed."""
        now_ms = self._clock.now_ns() // _NS_PER_MS
        for market in self.markets.values():
            market.candles.roll(now_ms)

    def check(self, account: int, request: OrderRequest) -> None:
        """Raises `RefusedError` for anything but the balance that `place` would refuse."""
        market = self.market(request.symbol)
        check_filters(market, request)
        open_orders = self.files.open_of(account, request.symbol)
        if len(open_orders) >= OPEN_ORDERS_MAX:
            raise RefusedError(Refusal.MAX_NUM_ORDERS)
        if any(o.request.client_order_id == request.client_order_id for o in open_orders):
            raise RefusedError(Refusal.DUPLICATE_ID)

    def place(self, account: int, request: OrderRequest) -> OrderRecord:
        """Accepts and matches at once; raises `RefusedError`, and then nothing happened."""
        self.check(account, request)
        market = self.market(request.symbol)
        side, kind = request.side, request.kind
        lots, binding = self._terms(market, account, request)
        price = None if kind is OrderType.MARKET else market.scale.ticks(request.price)
        if kind is OrderType.POST_ONLY and price and market.engine.would_take(side, price):
            raise RefusedError(Refusal.WOULD_TAKE)
        try:
            self.accounts.hold(account, held_asset(market.instrument, side), binding)
        except InsufficientBalanceError:
            raise RefusedError(Refusal.INSUFFICIENT_BALANCE) from None
        now_ns = self._clock.now_ns()
        amount = market.scale.amount(lots)
        order_id = market.next_order_id()
        order = OrderRecord(order_id, account, request, amount, now_ns, now_ns, binding)
        self.files.add(order)
        self._report(order, Execution.NEW)
        events = market.engine.place(
            order_id, account, side, lots, price, kind=kind, tif=request.tif
        )
        self.process(market, events, changed=[order])
        return order

    def end_at_once(self, account: int, request: OrderRequest, reason: str) -> OrderRecord:
        """An order that was accepted, and ended before it reached the book: one report says so."""
        market, now_ns = self.market(request.symbol), self._clock.now_ns()
        order_id, amount = market.next_order_id(), request.amount
        order = OrderRecord(order_id, account, request, amount, now_ns, now_ns)
        self.files.add(order)
        order.status, order.expiry_reason = RecordStatus.CANCELED, reason
        self.files.finish(order)
        self._report(order, Execution.CANCELED)
        return order

    def cancel(self, account: int, symbol: Symbol, order_id: int, cancel_id: str) -> OrderRecord:
        """Takes an open order off the book; raises `RefusedError` where it is not open."""
        market, order = self.market(symbol), self._open(account, symbol, order_id)
        self.process(market, market.engine.cancel(order_id), cancel_id=cancel_id)
        return order

    def amend(
        self,
        account: int,
        symbol: Symbol,
        order_id: int,
        *,
        amount: Decimal | None = None,
        price: Decimal | None = None,
    ) -> OrderRecord:
        """An open order anew, last in its queue; raises `RefusedError`, and then it is as it was.

        `amount` is the whole, with what is filled.
        """
        market, order = self.market(symbol), self._open(account, symbol, order_id)
        request = amended(market, order, amount, price)
        rebind(self.accounts, market, order, request)
        off = [e for e in market.engine.cancel(order_id) if isinstance(e, LevelSet)]
        order.request, order.amount = request, request.amount
        order.updated_ns = self._clock.now_ns()
        self._report(order, Execution.AMENDED)
        lots, ticks = market.scale.lots(order.remaining), market.scale.ticks(request.price)
        on = market.engine.place(order_id, account, request.side, lots, ticks, kind=request.kind)
        self.process(market, [*off, *on], changed=[order])
        return order

    def cancel_all(self, account: int, symbol: Symbol, cancel_id: str) -> list[OrderRecord]:
        """Every open order of the account on one instrument."""
        self.market(symbol)
        orders = self.files.open_of(account, symbol)
        return [self.cancel(account, symbol, order.order_id, cancel_id) for order in orders]

    def process(
        self,
        market: Market,
        events: Sequence[Event],
        *,
        changed: Sequence[OrderRecord] = (),
        cancel_id: str = "",
    ) -> None:
        """Settles, records and publishes what an engine returned, in its order.

        `changed` are orders whose balances changed before the engine was asked.
        """
        now_ns = self._clock.now_ns()
        levels, of_orders = list[LevelSet](), list[OrderEvent]()
        touched = [order.account for order in changed]
        for event in events:
            if type(event) is LevelSet:  # to ask for the very type is quicker than `isinstance`
                levels.append(event)
                continue
            of_orders.append(event)
            if type(event) is Trade:
                touched += self._settle(market, event, now_ns)
                market.print_trade(event, now_ns)
            elif event.owner > 0:
                self._end(market, event, cancel_id, now_ns)
                touched.append(event.owner)
        market.publish_book(levels, now_ns)
        market.show(of_orders)
        assets = (market.instrument.base, market.instrument.quote)
        for account in dict.fromkeys(touched):
            for listener in self._listeners:
                listener.balances_changed(account, assets, now_ns)

    def _open(self, account: int, symbol: Symbol, order_id: int) -> OrderRecord:
        order = self.files.by_order_id(account, symbol, order_id)
        if order is None or not order.status.is_open:
            raise RefusedError(Refusal.UNKNOWN_ORDER)
        return order

    def _terms(self, market: Market, account: int, request: OrderRequest) -> tuple[int, Decimal]:
        """(lots, amount to bind) of a request."""
        scale, engine = market.scale, market.engine
        lots = scale.lots(request.amount)
        if request.kind is not OrderType.MARKET:
            is_buy = request.side is Side.BUY
            return lots, round_up(request.price * request.amount) if is_buy else request.amount
        if request.quote_amount:
            budget = int(request.quote_amount / (scale.tick_size * scale.lot_size))
            lots = engine.lots_for(request.side, budget, account)
            if not lots:
                raise RefusedError(Refusal.NO_LIQUIDITY)
        if request.side is Side.SELL:
            return lots, scale.amount(lots)
        _, cost = engine.sweep(request.side, lots, None, account)
        return lots, round_up(scale.tick_size * scale.lot_size * cost)

    def _settle(self, market: Market, event: Trade, now_ns: int) -> list[int]:
        touched = []
        sides = (
            (event.maker_owner, event.maker_id, True),
            (event.taker_owner, event.taker_id, False),
        )
        for owner, order_id, is_maker in sides:
            if owner <= 0:
                continue
            order = self.files.open_order(market.symbol, order_id)
            trade = settle(
                self.accounts,
                market.instrument,
                order,
                trade_id=event.trade_id,
                price=market.scale.price(event.price),
                amount=market.scale.amount(event.lots),
                is_maker=is_maker,
                ts_ns=now_ns,
            )
            self._count_fill(market, order, trade)
            touched.append(owner)
        return touched

    def _count_fill(self, market: Market, order: OrderRecord, trade: AccountTrade) -> None:
        order.status = RecordStatus.PARTIALLY_FILLED
        if not order.remaining:
            order.status = RecordStatus.FILLED
            release_rest(self.accounts, market.instrument, order)
            self.files.finish(order)
        self.files.add_trade(order.account, trade)
        self._report(order, Execution.TRADE, trade=trade)

    def _end(self, market: Market, event: Ended, cancel_id: str, now_ns: int) -> None:
        order = self.files.open_order(market.symbol, event.order_id)
        order.status, execution, order.expiry_reason = ENDINGS[event.reason]
        order.updated_ns, order.cancel_id = now_ns, cancel_id
        prevented = market.scale.amount(event.lots if execution is Execution.PREVENTED else 0)
        order.prevented += prevented
        release_rest(self.accounts, market.instrument, order)
        self.files.finish(order)
        self._report(order, execution, cancel_id=cancel_id, prevented=prevented)

    def _report(
        self,
        order: OrderRecord,
        execution: Execution,
        *,
        trade: AccountTrade | None = None,
        cancel_id: str = "",
        prevented: Decimal = Decimal(0),
    ) -> None:
        self._execution_id += 1
        report = ExecutionReport(
            execution_id=self._execution_id,
            execution=execution,
            order=order,
            ts_ns=order.updated_ns,
            trade=trade,
            cancel_id=cancel_id,
            prevented=prevented,
        )
        for listener in self._listeners:
            listener.reported(order.account, report)
