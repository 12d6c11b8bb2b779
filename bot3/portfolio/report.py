"""What a journal says of one account, for people and machines: every order, fill and balance.

Invariant: all of it is folded from records; positions are the sums of the fills listed.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import final

from bot3.domain.account import Balance
from bot3.domain.errors import IllegalTransitionError, OverfillError
from bot3.domain.fill import Fill
from bot3.domain.order import Order, OrderInput
from bot3.domain.values import Asset, VenueName
from bot3.messages.account import ReconcileMatched, ReconcileMismatch
from bot3.messages.arbitrage import ArbitrageClosed
from bot3.messages.control import EquityMarked, SessionStarted, TradingHalted, TradingResumed
from bot3.messages.journal import Record
from bot3.messages.orders import (
    Adopted,
    BalanceAdopted,
    BalanceChanged,
    ForeignOrdersSeen,
    IntentRecorded,
    OrderAdopted,
    OrderDenied,
    OrderEvent,
    OrderFilled,
)
from bot3.portfolio.events import adopted_order, after_event, order_of
from bot3.portfolio.group_figures import group_figures
from bot3.portfolio.positions import PositionTracker, base_and_quote
from bot3.portfolio.report_rows import (
    AccountReport,
    PositionRow,
    Profit,
    fill_row_of,
    order_line_of,
)
from bot3.portfolio.strategy_books import StrategyBooks, strategy_of


def _profit(tracker: PositionTracker, fills: int) -> Profit:
    realized: dict[str, Decimal] = {}
    for instrument, position in tracker.positions().items():
        quote = base_and_quote(instrument)[1]
        realized[quote] = realized.get(quote, Decimal(0)) + position.realized
    return Profit(realized, {str(asset): fee for asset, fee in tracker.fees().items()}, fills)


@final
class ReportFold:
    """Folds records; another account's between its `SessionStarted` and the next are skipped.

    Without `account` it is that of the last session: an earlier one's are dropped.
    """

    def __init__(self, account: str | None = None) -> None:
        self._wanted = account
        self._reset("")

    def _reset(self, account: str) -> None:
        self._account = account
        self._source, self._runs, self._first_ns, self._last_ns = "", 0, 0, 0
        self._orders: dict[str, Order] = {}
        self._fills: dict[tuple[str, str], tuple[Fill, str]] = {}
        self._tracker = PositionTracker()
        self._strategies = StrategyBooks()
        self._balances: dict[tuple[VenueName, Asset], Balance] = {}
        self._equity: EquityMarked | None = None
        self._halted: str | None = None
        self._mismatches: dict[tuple[VenueName, Asset], ReconcileMismatch] = {}
        self._anomalies = 0
        self._foreign: dict[VenueName, ForeignOrdersSeen] = {}
        self._groups: list[ArbitrageClosed] = []
        self._is_ours = False

    def fold(self, records: Iterable[Record]) -> None:
        """Takes in more of the journal, in its order."""
        for record in records:
            if isinstance(record, SessionStarted):
                self._begin(record)
            elif self._is_ours:
                self._take(record)

    def _begin(self, started: SessionStarted) -> None:
        if self._wanted is None and started.account != self._account:
            self._reset(started.account)
        elif self._wanted is not None:
            self._account = self._wanted
        self._is_ours = started.account == self._account
        if self._is_ours:
            self._runs += 1
            self._mismatches.clear()  # every process compares anew, and looks anew
            self._foreign.clear()
            self._source = started.data_source
            self._first_ns = self._first_ns or started.ts_ns
            self._last_ns = started.ts_ns

    def _take(self, record: Record) -> None:
        self._last_ns = max(self._last_ns, getattr(record, "ts_ns", 0))
        match record:
            case IntentRecorded(intent=intent):
                self._orders[intent.client_order_id] = Order(intent).move(OrderInput.SEND)
            case OrderDenied(intent=intent, denial=denial):
                reason = f"{denial.reason.value}: {denial.detail}"
                denied = Order(intent).move(OrderInput.DENY, reason=reason)
                self._orders.setdefault(intent.client_order_id, denied)
            case BalanceChanged(balances=balances):
                self._balances.update(((each.venue, each.asset), each) for each in balances)
            case EquityMarked():
                self._equity = record
            case ReconcileMismatch():
                self._mismatches[record.venue, record.asset] = record
            case ReconcileMatched():
                self._mismatches.pop((record.venue, record.asset), None)
            case ForeignOrdersSeen():
                self._foreign[record.venue] = record
            case ArbitrageClosed():
                self._groups.append(record)
            case TradingHalted(reason=reason):
                self._halted = reason
            case TradingResumed():
                self._halted = None
            case _ if isinstance(record, OrderEvent | Adopted):
                self._order_news(record)
            case _:
                pass  # nothing that a report shows

    def _order_news(self, news: OrderEvent | Adopted) -> None:
        if isinstance(news, OrderAdopted):
            key = news.intent.client_order_id
            self._tracker.adopt(key)
            self._orders[key] = adopted_order(news)
        elif isinstance(news, BalanceAdopted):
            self._fill(news.fill)
        else:
            self._order_event(news)

    def _order_event(self, event: OrderEvent) -> None:
        key = order_of(event)[1]
        if isinstance(event, OrderFilled):
            self._fill(event.fill)
        order = self._orders.get(key)
        if order is None:
            return
        try:
            self._orders[key] = after_event(order, event)
        except (IllegalTransitionError, OverfillError):
            self._anomalies += 1

    def _fill(self, fill: Fill) -> None:
        order = self._orders.get(fill.client_order_id)
        strategy = strategy_of(fill, order)
        self._fills.setdefault((str(fill.instrument), fill.trade_id), (fill, strategy))
        if not self._tracker.owns(fill.client_order_id) or not self._tracker.apply(fill):
            return
        self._strategies.take(strategy, fill)

    def report(self) -> AccountReport:
        """Of what was folded so far."""
        marked = self._equity
        books = self._strategies.books
        own = sum(book.fills for book in books.values())
        return AccountReport(
            account=self._account,
            data_source=self._source,
            runs=self._runs,
            first_ns=self._first_ns,
            last_ns=self._last_ns,
            orders=tuple(order_line_of(order) for order in self._orders.values()),
            fills=tuple(fill_row_of(fill, name) for fill, name in self._fills.values()),
            positions=self._positions(),
            balances=self._held(),
            equity=None if marked is None else marked.equity,
            peak=None if marked is None else marked.peak,
            drawdown=0.0 if marked is None else marked.drawdown,
            is_halted=self._halted is not None,
            halt_reason=self._halted or "",
            mismatches=tuple(each.words for each in self._mismatches.values()),
            profit=_profit(self._tracker, own),
            strategies={name: book.profit() for name, book in books.items()},
            groups=group_figures(self._groups),
            anomalies=self._anomalies,
            foreign_orders=tuple(w for seen in self._foreign.values() for w in seen.words),
        )

    def _positions(self) -> tuple[PositionRow, ...]:
        return tuple(
            PositionRow(
                instrument.venue,
                instrument.symbol,
                position.amount,
                None if position.average_price is None else position.average_price.amount,
                position.realized,
            )
            for instrument, position in self._tracker.positions().items()
        )

    def _held(self) -> dict[str, dict[str, dict[str, Decimal]]]:
        held: dict[str, dict[str, dict[str, Decimal]]] = {}
        for (venue, asset), balance in sorted(self._balances.items()):
            held.setdefault(venue, {})[asset] = {"free": balance.free, "held": balance.held}
        return held
