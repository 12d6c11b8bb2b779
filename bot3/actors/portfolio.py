"""Positions, equity and drawdown: fills and balances in, positions and marks out; and whether the
venues' books and ours agree.

Invariant: a fill is counted once, by trade id, and told once to whoever goes by positions; a
restarted one knows every fill of the journal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import assert_never, final

from attrs import frozen

from bot3.actors.memory import Memory
from bot3.domain.fill import Fill
from bot3.domain.values import Asset, InstrumentId, VenueName
from bot3.messages.account import (
    BalancesCompared,
    PositionChanged,
    Reconcile,
    ReconcileMatched,
    ReconcileMismatch,
)
from bot3.messages.control import EquityMarked, TradingResumed
from bot3.messages.journal import JournalEntry
from bot3.messages.market import BookLost, QuoteChanged, TimerTicked
from bot3.messages.minds import CostRealized
from bot3.messages.orders import (
    AccountRestored,
    Adopted,
    BalanceAdopted,
    BalanceChanged,
    OrderAdopted,
    OrderFilled,
)
from bot3.portfolio.account import Portfolio
from bot3.portfolio.adoption import adoptable
from bot3.portfolio.positions import PositionTracker
from bot3.portfolio.reconciliation import Reconciliation
from supervisors.actor import Address, DecisionActor

PortfolioMessage = (
    QuoteChanged
    | BookLost
    | OrderFilled
    | Adopted
    | BalanceChanged
    | AccountRestored
    | TimerTicked
    | TradingResumed
)
MARK_INTERVAL_NS = 1_000_000_000
JOURNAL_INTERVAL_NS = 10_000_000_000


def restored_portfolio(
    currency: Asset, instruments: Iterable[InstrumentId], memory: Memory
) -> Portfolio:
    """The account as the journal and the venues' last word have it."""
    recovery = memory.recovery
    portfolio = Portfolio(
        currency, instruments, tracker=PositionTracker(recovery.tracker), watch=recovery.watch
    )
    portfolio.on_balances(memory.balances.values())
    return portfolio


@frozen
class Adoption:
    """Whether coins beyond our positions become some, and who journals it."""

    is_wanted: bool
    memory: Memory
    publish: Callable[[BalanceAdopted], None]


@final
class PortfolioActor(DecisionActor[PortfolioMessage]):
    """Shell of `Portfolio`. Marks about once a second, on the timer's beat; at first as soon as all
    of `venues` have told their accounts and all that is held has a price, for nothing can be sized
    before.
    """

    def __init__(
        self,
        portfolio: Portfolio,
        *,
        venues: Iterable[VenueName],
        untold: dict[tuple[InstrumentId, str], Fill],
        positions: tuple[Address[PositionChanged], ...],
        marks: tuple[Address[EquityMarked], ...],
        journal: Address[JournalEntry],
        watcher: Address[BalancesCompared | ReconcileMismatch | ReconcileMatched],
        risk: Address[ReconcileMismatch | ReconcileMatched],
        reconcilers: Mapping[VenueName, Address[Reconcile]],
        costs: Mapping[InstrumentId, tuple[Address[CostRealized], ...]],
        adopt: Adoption,
    ) -> None:
        self._adoption = adopt
        self._cost_listeners = costs
        self._watcher = watcher
        self._risk = risk
        self._reconcilers = reconcilers
        self._reconciliation = Reconciliation()
        self._portfolio = portfolio
        self._awaited = set(venues)
        self._untold = untold
        self._position_listeners = positions
        self._mark_listeners = marks
        self._journal = journal
        self._marked_ns = 0
        self._journaled_ns = 0

    def started(self) -> None:
        """What came while no portfolio was up is counted already: it is told now."""
        for fill in list(self._untold.values()):
            self._tell(self._portfolio.changed_by(fill))

    def handle(self, message: PortfolioMessage) -> None:
        match message:
            case QuoteChanged():
                self._portfolio.on_quote(message.instrument, message.quote)
                self._mark_first(message.ts_local_ns)
            case OrderFilled():
                changed = self._portfolio.on_fill(message.fill)
                if changed:
                    self._tell(changed)
                    self._tell_cost(message.fill)
            case OrderAdopted() | BalanceAdopted():
                self._adopted(message)
            case BalanceChanged():
                self._portfolio.on_balances(message.balances)
                self._reconciliation.on_balances(message.venue)
            case AccountRestored(venue=venue, ts_local_ns=ts_ns):
                self._awaited.discard(venue)
                self._mark_first(ts_ns)
            case TradingResumed(is_by_rule=is_by_rule):
                if not is_by_rule:
                    self._portfolio.adopt()
            case TimerTicked(ts_ns=ts_ns):
                if ts_ns - self._marked_ns >= MARK_INTERVAL_NS:
                    self._mark(ts_ns)
            case BookLost():
                pass  # the last sound quote stays the mark
            case _:
                assert_never(message)

    def _adopted(self, adopted: Adopted) -> None:
        if isinstance(adopted, OrderAdopted):
            self._portfolio.tracker.adopt(adopted.intent.client_order_id)
        else:
            self._tell(self._portfolio.on_fill(adopted.fill))

    def _tell(self, changed: Sequence[PositionChanged]) -> None:
        """All that one fill changed: nobody decides anything in between."""
        for each in changed:
            self._untold.pop((each.fill.instrument, each.fill.trade_id), None)
            for listener in self._position_listeners:
                listener.send(each)

    def _tell_cost(self, fill: Fill) -> None:
        """Of a fill that came now; of one that waited nobody knows the mid any more."""
        cost_bps = self._portfolio.cost_bps(fill)
        if cost_bps is None:
            return
        realized = CostRealized(fill.instrument, fill.ts_local_ns, cost_bps)
        for listener in self._cost_listeners.get(fill.instrument, ()):
            listener.send(realized)

    def _compare(self, ts_ns: int) -> None:
        """What lasts is asked about; what still lasts then halts entries on that venue."""
        step = self._reconciliation.compare(self._portfolio.mismatches(), ts_ns)
        self._watcher.send(BalancesCompared(step.lasting, ts_ns))
        for question in step.questions:
            self._reconcilers[question.venue].send(question)
        for news in step.news:
            self._journal.send(JournalEntry(news, ((self._risk, news),)))
            self._watcher.send(news)

    def _adopt(self, ts_ns: int) -> None:
        if self._adoption.is_wanted:
            listed = self._adoption.memory.instruments.values()
            for found in adoptable(self._portfolio, listed, ts_ns):
                self._adoption.publish(found)

    def _mark_first(self, ts_ns: int) -> None:
        if not self._marked_ns and not self._awaited:
            self._mark(ts_ns)

    def _mark(self, ts_ns: int) -> None:
        marked = self._portfolio.mark(ts_ns)
        if marked is None:
            return
        self._marked_ns = ts_ns
        self._compare(ts_ns)
        self._adopt(ts_ns)
        for listener in self._mark_listeners:
            listener.send(marked)
        if ts_ns - self._journaled_ns >= JOURNAL_INTERVAL_NS:
            self._journaled_ns = ts_ns
            self._journal.send(JournalEntry(marked))
