"""From sized targets to orders at a venue, and from the venue's news to closed orders.

Invariant: an order leaves for the venue only from the journal's delivery, after its intent is
durable. A restarted one knows every order of the journal.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never, final

from attrs import frozen

from bot3.actors.memory import Memory
from bot3.domain.ids import RunId
from bot3.domain.values import VenueName
from bot3.execution.actions import Action, Deduced, ForeignOrder, OrderAnomaly, Submission
from bot3.execution.desk import ExecutionDesk, ExecutionSettings
from bot3.messages.account import FetchFills, OrderClosed
from bot3.messages.control import CancelEverything
from bot3.messages.journal import JournalEntry
from bot3.messages.market import BookLost, QuoteChanged, TimerTicked
from bot3.messages.orders import (
    AccountRestored,
    CancelOrder,
    InstrumentsLoaded,
    OrderApproved,
    OrderDenied,
    OrderEvent,
    ProposeOrder,
    QueryAnswered,
    QueryOrder,
    SubmitOrder,
    TargetSized,
)
from supervisors.actor import Address, DecisionActor
from supervisors.clock import Clock

ExecutionMessage = (
    TargetSized
    | OrderApproved
    | OrderDenied
    | QuoteChanged
    | BookLost
    | TimerTicked
    | OrderEvent
    | QueryAnswered
    | AccountRestored
    | InstrumentsLoaded
    | CancelEverything
)
ExecutionNews = OrderClosed | OrderAnomaly | ForeignOrder | Submission
WORK_INTERVAL_NS = 250_000_000


@frozen
class ExecutionOutlets:
    """Where actions go. `entries` and `accounts` are the venues' order entries and reconcilers."""

    risk: Address[ProposeOrder | OrderClosed]
    journal: Address[JournalEntry]
    entries: Mapping[VenueName, Address[SubmitOrder | CancelOrder | QueryOrder]]
    accounts: Mapping[VenueName, Address[FetchFills]]
    events: tuple[Address[OrderEvent], ...]
    watcher: Address[ExecutionNews]


def restored_desk(run: RunId, settings: ExecutionSettings, memory: Memory) -> ExecutionDesk:
    """The desk as the journal and the venues' last word have it."""
    recovery = memory.recovery
    desk = ExecutionDesk(
        run,
        settings,
        next_intent_number=recovery.next_intent_number,
        tracker=recovery.tracker,
        orders=recovery.orders(),
    )
    desk.on_instruments(memory.instruments.values())
    return desk


@final
class ExecutionActor(DecisionActor[ExecutionMessage]):
    """Shell of `ExecutionDesk`."""

    def __init__(self, desk: ExecutionDesk, outlets: ExecutionOutlets, clock: Clock) -> None:
        self._desk = desk
        self._out = outlets
        self._clock = clock
        self._worked_ns = 0
        self._origin_ns = 0

    def handle(self, message: ExecutionMessage) -> None:
        now_ns = self._clock.now_ns()
        # Only an order that this very target causes has the target's origin: latency is measured
        # from the market event that led to the order, not from an older one.
        self._origin_ns = message.origin_ns if isinstance(message, TargetSized) else 0
        match message:
            case QuoteChanged():
                self._do(self._desk.on_quote(message.instrument, message.quote, now_ns))
            case TargetSized():
                self._do(self._desk.on_target(message, now_ns))
            case OrderApproved():
                self._do(self._desk.on_approved(message, now_ns))
            case OrderDenied():
                self._desk.on_denied(message, now_ns)
            case TimerTicked(ts_ns=ts_ns):
                if ts_ns - self._worked_ns >= WORK_INTERVAL_NS:
                    self._worked_ns = ts_ns
                    self._do(self._desk.on_timer(now_ns))
            case BookLost():
                self._desk.on_book_lost(message.instrument)
            case _:
                self._venue_news(message, now_ns)

    def _venue_news(
        self,
        message: OrderEvent
        | QueryAnswered
        | AccountRestored
        | InstrumentsLoaded
        | CancelEverything,
        now_ns: int,
    ) -> None:
        match message:
            case QueryAnswered(client_order_id=key, order=answer):
                self._do(self._desk.on_venue_order(answer, key, now_ns))
            case AccountRestored(venue=venue):
                self._do(self._desk.on_account_restored(venue, now_ns))
            case InstrumentsLoaded(instruments=instruments):
                self._desk.on_instruments(instruments)
            case CancelEverything(reason=reason):
                self._do(self._desk.cancel_everything(reason, now_ns))
            case _:
                self._do(self._desk.on_order_event(message, now_ns))

    def _do(self, actions: list[Action]) -> None:
        for action in actions:
            match action:
                case ProposeOrder(intent=intent):
                    self._out.risk.send(ProposeOrder(intent, self._origin_ns))
                case Submission(record=record, submit=submit):
                    entry = self._out.entries[record.intent.instrument.venue]
                    self._out.journal.send(JournalEntry(record, ((entry, submit),)))
                    self._out.watcher.send(action)
                case CancelOrder() | QueryOrder():
                    self._out.entries[action.instrument.venue].send(action)
                case FetchFills():
                    self._out.accounts[action.instrument.venue].send(action)
                case Deduced(event=event):
                    deliver = tuple((listener, event) for listener in self._out.events)
                    self._out.journal.send(JournalEntry(event, deliver))
                case OrderClosed():
                    self._out.risk.send(action)
                    self._out.watcher.send(action)
                case OrderAnomaly() | ForeignOrder():
                    self._out.watcher.send(action)
                case _:
                    assert_never(action)
