"""The gate: sizes targets, approves or denies intents, halts.

Invariant: every proposal gets exactly one answer. A restarted one knows what the journal knows.
"""

from __future__ import annotations

from typing import assert_never, final

from bot3.actors.memory import Memory
from bot3.actors.restored_risk import RiskSettings, restored_manager
from bot3.messages.account import (
    OrderClosed,
    PositionChanged,
    ReconcileMatched,
    ReconcileMismatch,
)
from bot3.messages.control import (
    CancelEverything,
    EquityMarked,
    FlattenPositions,
    HaltTrading,
    PeakRaised,
    PositionsFlattened,
    ResumeTrading,
    StopHit,
    TradingHalted,
    TradingResumed,
)
from bot3.messages.healing import CircuitChanged
from bot3.messages.journal import JournalEntry
from bot3.messages.market import BookLost, FeedLost, FeedRestored, QuoteChanged
from bot3.messages.minds import RegimeEstimated, TargetProposed
from bot3.messages.orders import (
    AccountLost,
    AccountRestored,
    BalanceChanged,
    InstrumentsLoaded,
    OrderAdopted,
    OrderApproved,
    OrderDenied,
    ProposeOrder,
    TargetSized,
)
from bot3.messages.risk import (
    AllocationSolved,
    BetsMeasured,
    CapitalChanged,
    LadderMoved,
    PairExamined,
    RiskScaled,
    VolatilityFitted,
)
from bot3.risk.manager import RiskManager
from supervisors.actor import Address, DecisionActor
from supervisors.clock import Clock

RiskMessage = (
    RegimeEstimated
    | VolatilityFitted
    | AllocationSolved
    | PairExamined
    | TargetProposed
    | ProposeOrder
    | QuoteChanged
    | BookLost
    | FeedLost
    | FeedRestored
    | PositionChanged
    | OrderClosed
    | OrderAdopted
    | EquityMarked
    | BalanceChanged
    | AccountLost
    | AccountRestored
    | InstrumentsLoaded
    | CircuitChanged
    | ReconcileMismatch
    | ReconcileMatched
    | HaltTrading
    | FlattenPositions
    | ResumeTrading
)
RiskNews = (
    TradingHalted
    | TradingResumed
    | PositionsFlattened
    | StopHit
    | RiskScaled
    | LadderMoved
    | CapitalChanged
    | AllocationSolved
    | OrderApproved
    | OrderDenied
    | TargetSized
)


@final
class RiskActor(DecisionActor[RiskMessage]):
    """Shell of `RiskManager`."""

    def __init__(
        self,
        settings: RiskSettings,
        memory: Memory,
        clock: Clock,
        *,
        execution: Address[TargetSized | OrderApproved | OrderDenied | CancelEverything],
        journal: Address[JournalEntry],
        watcher: Address[RiskNews],
        portfolio: Address[TradingResumed],
    ) -> None:
        self._portfolio = portfolio
        self._manager = restored_manager(settings, memory)
        # One that does not bind is told when it is solved: nobody may be solving any more.
        is_binding = settings.adaptive.is_allocated
        self._allocation = memory.recovery.estimates.allocation if is_binding else None
        self._memory = memory
        # Their fills are in what we were restored from; news of them may still wait for us.
        self._counted = {
            (kept.order.intent.client_order_id, trade_id)
            for kept in memory.recovery.orders()
            for trade_id in kept.order.trade_ids
        }
        self._clock = clock
        self._execution = execution
        self._journal = journal
        self._watcher = watcher

    def started(self) -> None:
        """What an earlier life decided still holds: whoever watches is to see it."""
        recovery = self._memory.recovery
        known = (recovery.capital, recovery.estimates.ladder, self._allocation)
        for told in (self._manager.state.halted, *known):
            if told is not None:
                self._watcher.send(told)

    @property
    def manager(self) -> RiskManager:
        """To look at; only this actor changes it."""
        return self._manager

    def handle(self, message: RiskMessage) -> None:
        match message:
            case QuoteChanged():
                self._manager.on_quote(message.instrument, message.quote, message.ts_local_ns)
            case TargetProposed():
                self._size(message)
            case ProposeOrder():
                self._judge(message)
            case HaltTrading() | FlattenPositions() | ResumeTrading():
                self._command(message, self._clock.now_ns())
            case EquityMarked():
                self._mark(message)
            case RegimeEstimated():
                self._bar(message)
            case PositionChanged(fill=fill):
                is_new = (fill.client_order_id, fill.trade_id) not in self._counted
                new_fill = fill if is_new and message.is_first else None
                self._manager.on_position(
                    message.instrument, message.position, new_fill, message.average_price
                )
                if is_new:
                    self._manager.on_realized(
                        message.instrument, message.position, message.realized, fill.ts_local_ns
                    )
            case OrderClosed():
                self._manager.on_order_closed(message)
            case VolatilityFitted() | AllocationSolved() | PairExamined():
                self._estimated(message)
            case _:
                self._venue_news(message)

    def _estimated(self, message: VolatilityFitted | AllocationSolved | PairExamined) -> None:
        match message:
            case VolatilityFitted():
                self._manager.on_fit(message)
            case AllocationSolved():
                self._manager.on_allocation(message)
            case PairExamined():
                self._manager.on_pair(message)

    def _venue_news(
        self,
        message: BookLost
        | FeedLost
        | FeedRestored
        | BalanceChanged
        | AccountLost
        | AccountRestored
        | InstrumentsLoaded
        | OrderAdopted
        | ReconcileMismatch
        | ReconcileMatched
        | CircuitChanged,
    ) -> None:
        match message:
            case BookLost():
                self._manager.on_book_lost(message.instrument)
            case FeedLost():
                self._manager.on_feed_lost(message.venue)
            case BalanceChanged():
                self._manager.on_balances(message.balances)
            case AccountLost():
                self._manager.on_account_lost(message.venue, message.reason)
            case AccountRestored():
                self._manager.on_account_restored(message.venue)
            case InstrumentsLoaded():
                self._manager.on_instruments(message.instruments)
            case CircuitChanged():
                self._manager.on_circuit(message)
            case OrderAdopted(intent=intent):
                kept = self._memory.recovery.order(intent.client_order_id)
                assert kept is not None  # memory hears of a record first
                self._manager.restore_order(kept)
            case ReconcileMismatch() | ReconcileMatched():
                self._manager.on_reconciled(message)
            case FeedRestored():
                pass  # the books that follow say more
            case _:
                assert_never(message)

    def _mark(self, marked: EquityMarked) -> None:
        """Once a second: what equity says, and what time alone changes."""
        manager, now_ns = self._manager, marked.ts_ns
        self._halted(manager.on_equity(marked.equity, now_ns))
        self._tell(manager.reinvest(now_ns))
        self._tell(manager.climb(now_ns))
        self._resumed(manager.reopen(now_ns))
        for news in manager.check_stops(now_ns):
            self._tell(news)
        if manager.adaptive is not None:
            self._tell(manager.adaptive.weigh_bets(now_ns))
        self._exit(now_ns)
        self._memory.keep_drawdown(manager.state.watch)

    def _bar(self, bar: RegimeEstimated) -> None:
        scaled = self._manager.on_bar(bar)
        if scaled is not None:
            self._watcher.send(scaled)

    def _tell(
        self, news: StopHit | PeakRaised | LadderMoved | CapitalChanged | BetsMeasured | None
    ) -> None:
        if news is not None:
            self._journal.send(JournalEntry(news))
        if isinstance(news, StopHit | LadderMoved | CapitalChanged):
            self._watcher.send(news)

    def _size(self, proposed: TargetProposed) -> None:
        sized = self._manager.size(proposed)
        if sized is not None:
            self._execution.send(sized)
            self._watcher.send(sized)

    def _judge(self, proposal: ProposeOrder) -> None:
        answer = self._manager.judge(proposal, self._clock.now_ns())
        if isinstance(answer, OrderDenied):
            self._journal.send(JournalEntry(answer))
        self._execution.send(answer)
        self._watcher.send(answer)

    def _command(
        self, command: HaltTrading | FlattenPositions | ResumeTrading, now_ns: int
    ) -> None:
        match command:
            case HaltTrading(reason=reason):
                self._halted(self._manager.halt(reason, now_ns))
            case FlattenPositions(reason=reason):
                self._halted(self._manager.flatten(reason, now_ns))
                self._exit(now_ns)
            case ResumeTrading(operator=operator):
                self._resumed(self._manager.resume(operator, now_ns))

    def _exit(self, now_ns: int) -> None:
        """While flattening or stopped, at each mark: a target that got lost is renewed."""
        for sized in self._manager.exits(now_ns):
            self._execution.send(sized)
            self._watcher.send(sized)
        if self._manager.is_flat:
            self._watcher.send(PositionsFlattened(now_ns))

    def _halted(self, halted: TradingHalted | None) -> None:
        if halted is not None:
            self._memory.keep_gate(halted)
            self._journal.send(JournalEntry(halted))
            self._execution.send(CancelEverything(halted.reason))
            self._watcher.send(halted)

    def _resumed(self, resumed: TradingResumed | None) -> None:
        if resumed is not None:
            self._memory.keep_gate(resumed)
            self._memory.keep_drawdown(self._manager.state.watch)
            self._journal.send(JournalEntry(resumed))
            self._portfolio.send(resumed)
            self._watcher.send(resumed)
