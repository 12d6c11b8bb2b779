"""Planted bugs: each is a way in which a trading system really goes wrong.

They keep the checkers honest: a simulation in which one of them is never caught proves nothing.
They live here, as patches of the running code; production code knows nothing of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from attrs import evolve

from adapters.binance.book_sync import BookSync, Changed, SyncState
from adapters.binance.venue import BinanceVenue
from bot3.actors import risk as risk_actor
from bot3.actors.execution import ExecutionActor
from bot3.domain.approval import grant
from bot3.domain.book import Book, Quote
from bot3.domain.errors import OutcomeUnknownError
from bot3.domain.ids import client_order_id
from bot3.domain.refusal import DenialReason
from bot3.domain.values import ZERO, Quantity
from bot3.execution.actions import Submission
from bot3.execution.inquiry import InquirySettings
from bot3.messages.journal import JournalEntry
from bot3.messages.orders import OrderCanceled, OrderOutcomeUnknown, OrderRejected
from bot3.portfolio.positions import PositionTracker
from bot3.risk import gate as risk_gate
from bot3.risk import manager as risk_manager
from bot3.risk.gate import CHECKS
from bot3.services import journal as journal_service
from bot3.services.account import AccountActor
from bot3.services.orders import OrderEntryActor
from supervisors.backoff import Backoff

Replace = Callable[[Any, str, Any], None]


def wire_before_journal(replace: Replace) -> None:
    """The order leaves at once, and the journal hears of it meanwhile."""
    original = ExecutionActor._do

    def do(self: Any, actions: list[Any]) -> None:
        for action in actions:
            if isinstance(action, Submission):
                self._out.entries[action.record.intent.instrument.venue].send(action.submit)
                self._out.journal.send(JournalEntry(action.record))
                self._out.watcher.send(action)
            else:
                original(self, [action])

    replace(ExecutionActor, "_do", do)


def retry_with_a_new_id(replace: Replace) -> None:
    """No answer to an order: sent once more, under another client id."""
    original = BinanceVenue.submit

    async def submit(self: Any, order: Any) -> Any:
        try:
            return await original(self, order)
        except OutcomeUnknownError:
            intent = order.intent
            number = intent.number + 500_000
            run = intent.client_order_id[2:10]
            again = evolve(intent, number=number, client_order_id=client_order_id(run, number))
            return await original(self, grant(again))

    replace(BinanceVenue, "submit", submit)


def resend_after_not_found(replace: Replace) -> None:
    """The venue does not know the order: sent once more at once, under the same id."""
    original_submit, original_query = OrderEntryActor._submit, OrderEntryActor._query
    sent: dict[str, Any] = {}

    async def submit(self: Any, request: Any) -> None:
        sent[request.approved.intent.client_order_id] = request
        await original_submit(self, request)

    async def query(self: Any, request: Any) -> None:
        found = await _quietly(self, request)
        again = sent.pop(request.client_order_id, None)
        if found is None and again is not None:
            fresh = evolve(again.approved.intent, deadline_ns=self._clock.now_ns() + 5_000_000_000)
            await original_submit(self, type(again)(grant(fresh), again.origin_ns))
        await original_query(self, request)

    replace(OrderEntryActor, "_submit", submit)
    replace(OrderEntryActor, "_query", query)


def not_found_is_final(replace: Replace) -> None:
    """ "Not found" is believed without waiting for the venue's engine."""
    replace(InquirySettings, "margin_ns", property(lambda _: 0))


def unknown_is_rejected(replace: Replace) -> None:
    """No answer means no order."""

    async def submit(self: Any, request: Any) -> None:
        events: list[Any] = []
        publish, self._publish = self._publish, events.append
        try:
            await original(self, request)
        finally:
            self._publish = publish
        for event in events:
            if isinstance(event, OrderOutcomeUnknown):
                publish(
                    OrderRejected(
                        event.client_order_id, event.instrument, "?", "no answer", event.ts_local_ns
                    )
                )
            else:
                publish(event)

    original = OrderEntryActor._submit
    replace(OrderEntryActor, "_submit", submit)


def cancel_is_final_at_once(replace: Replace) -> None:
    """A cancel that was sent is a cancel that was done."""

    async def cancel(self: Any, request: Any) -> None:
        now_ns = self._clock.now_ns()
        key, instrument = request.client_order_id, request.instrument
        self._publish(OrderCanceled(key, instrument, Quantity(ZERO), now_ns, now_ns))
        await original(self, request)

    original = OrderEntryActor._cancel
    replace(OrderEntryActor, "_cancel", cancel)


def fill_applied_twice(replace: Replace) -> None:
    """A fill that is told again is counted again."""

    def apply(self: Any, fill: Any) -> bool:
        if original(self, fill):
            return True
        return original(self, evolve(fill, trade_id=f"{fill.trade_id}-again"))

    original = PositionTracker.apply
    replace(PositionTracker, "apply", apply)


def missed_fills_are_not_fetched(replace: Replace) -> None:
    """What happened while the private stream was down is nobody's business."""

    async def fetch(self: Any, symbol: Any, since_ns: int) -> None:
        del self, symbol, since_ns

    replace(AccountActor, "_fetch_fills", fetch)


def gap_is_ignored(replace: Replace) -> None:
    """The next depth event is applied whether or not it follows the last one.

    A crossed book is believed, too: else the very next move of the price finds the stale levels.
    """

    def on_event(self: Any, event: Any) -> Any:
        if self.state is SyncState.SYNCED and event.first_id > self.last_id + 1:
            self.last_id = event.last_id
            return (Changed(event),)
        return original(self, event)

    original = BookSync.on_event
    replace(BookSync, "on_event", on_event)
    replace(Quote, "is_crossed", property(lambda _: False))


def snapshot_is_merged(replace: Replace) -> None:
    """A whole book is laid over the old one instead of replacing it."""
    replace(Book, "replace", Book.change)


def halt_is_forgotten(replace: Replace) -> None:
    """A risk gate that was restarted begins open."""
    original = risk_actor.restored_manager

    def restored(*args: Any) -> Any:
        manager = original(*args)
        manager.state.halted = None
        return manager

    replace(risk_actor, "restored_manager", restored)


def flatten_still_enters(replace: Replace) -> None:
    """While positions are sold, targets are sized and entries pass as if nothing were."""
    original, halted = risk_manager.RiskManager.size, CHECKS[DenialReason.TRADING_HALTED]

    def size(self: Any, proposed: Any) -> Any:
        was, self.state.halted = self.state.halted, None
        try:
            return original(self, proposed)
        finally:
            self.state.halted = was

    def check(state: Any, *rest: Any) -> str | None:
        return None if state.is_flattening else halted(state, *rest)

    replace(risk_manager.RiskManager, "size", size)
    replace(risk_gate, "CHECKS", {**CHECKS, DenialReason.TRADING_HALTED: check})


def gate_is_open(replace: Replace) -> None:
    """Everything that is proposed is approved."""
    replace(risk_manager, "judge", lambda _state, _limits, intent, _now_ns: grant(intent))


def intents_are_not_synced(replace: Replace) -> None:
    """An intent is written, and left to the system to bring to the disk."""
    replace(journal_service, "is_critical", lambda _record: False)


def restarts_at_once(replace: Replace) -> None:
    """No pause before a crashed actor is started again."""
    replace(Backoff, "delay_s", lambda _self, _crashes, _dice: 0.0)


MUTANTS: dict[str, Callable[[Replace], None]] = {
    mutant.__name__: mutant
    for mutant in (
        wire_before_journal,
        retry_with_a_new_id,
        resend_after_not_found,
        not_found_is_final,
        unknown_is_rejected,
        cancel_is_final_at_once,
        fill_applied_twice,
        missed_fills_are_not_fetched,
        gap_is_ignored,
        snapshot_is_merged,
        halt_is_forgotten,
        flatten_still_enters,
        gate_is_open,
        intents_are_not_synced,
        restarts_at_once,
    )
}


@contextmanager
def planted(name: str | None) -> Iterator[None]:
    """The bug of this name for the length of the block; None plants nothing."""
    with ExitStack() as undo:

        def replace(owner: Any, attribute: str, value: Any) -> None:
            old = owner.__dict__[attribute]
            setattr(owner, attribute, value)
            undo.callback(setattr, owner, attribute, old)

        if name is not None:
            MUTANTS[name](replace)
        yield


async def _quietly(entry: Any, request: Any) -> Any:
    """What the venue knows of it; None also where it gives no answer."""
    try:
        return await entry._port.query(request.instrument.symbol, request.client_order_id)
    except Exception:
        return object()
