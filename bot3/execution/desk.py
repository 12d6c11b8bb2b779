"""Execution as its actor asks it: targets, quotes and news in, actions out.

Invariant: per instrument there is at most one proposal before the gate or one live order, never
both; positions come from the same fills that move the orders, so no amount is ever planned twice.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import final

from attrs import Factory, frozen

from bot3.domain.book import Quote
from bot3.domain.ids import ClientOrderId, RunId, parse_client_order_id
from bot3.domain.instrument import Instrument
from bot3.domain.order import OrderIntent, OrderStatus
from bot3.domain.values import ZERO, InstrumentId, VenueName
from bot3.execution.actions import Action, FollowUp, Submission
from bot3.execution.inquiry import InquirySettings
from bot3.execution.intents import SECOND_NS, IntentMaker
from bot3.execution.orders import OrderManager
from bot3.execution.planner import Holding, PlannedCancel, PlannerSettings, difference_of, plan
from bot3.messages.account import OrderClosed
from bot3.messages.orders import (
    IntentRecorded,
    OrderApproved,
    OrderDenied,
    OrderEvent,
    OrderFilled,
    ProposeOrder,
    SubmitOrder,
    TargetSized,
    VenueOrder,
)
from bot3.portfolio.positions import PositionTracker
from bot3.portfolio.recovery import RecoveredOrder


@frozen(kw_only=True)
class ExecutionSettings:
    """`order_lifetime_s` bounds a request on its way to the venue; `pause_s` is how long an
    instrument rests after a denial, a rejection or an order that lapsed, `settle_s` after any other
    end: the venue's balances come after its word on the order, and the gate judges by them.
    """

    planner: PlannerSettings = Factory(PlannerSettings)
    inquiry: InquirySettings = Factory(InquirySettings)
    order_lifetime_s: float = 5.0
    pause_s: float = 2.0
    settle_s: float = 0.15


@final
class ExecutionDesk:
    """Works targets one instrument at a time. Every method returns what the shell must send."""

    def __init__(
        self,
        run: RunId,
        settings: ExecutionSettings,
        *,
        next_intent_number: int = 1,
        tracker: PositionTracker | None = None,
        orders: Iterable[RecoveredOrder] = (),
    ) -> None:
        self.settings = settings
        self.orders = OrderManager(settings.inquiry)
        self.tracker = PositionTracker(tracker)
        for kept in orders:
            self.orders.restore(kept.order, kept.stated)
        self._intents = IntentMaker(
            run, next_intent_number, order_lifetime_s=settings.order_lifetime_s
        )
        self._instruments: dict[InstrumentId, Instrument] = {}
        self._targets: dict[InstrumentId, TargetSized] = {}
        self._quotes: dict[InstrumentId, Quote] = {}
        self._proposed: dict[InstrumentId, OrderIntent] = {}
        self._worked: dict[InstrumentId, tuple[bool, int]] = {}
        self._paused_until_ns: dict[InstrumentId, int] = {}

    def on_instruments(self, instruments: Iterable[Instrument]) -> None:
        """What may be traded, and by which filters."""
        self._instruments.update((instrument.id, instrument) for instrument in instruments)

    def on_target(self, target: TargetSized, now_ns: int) -> list[Action]:
        """Where risk lets us be; replaces the last one."""
        self._targets[target.instrument] = target
        return self._work(target.instrument, now_ns)

    def on_quote(self, instrument: InstrumentId, quote: Quote, now_ns: int) -> list[Action]:
        """The touch. While an order lives only time and news matter, so nothing is planned."""
        self._quotes[instrument] = quote
        return [] if self.orders.live(instrument) else self._work(instrument, now_ns)

    def on_book_lost(self, instrument: InstrumentId) -> None:
        """Nothing new is planned there until the next quote."""
        self._quotes.pop(instrument, None)

    def on_approved(self, answer: OrderApproved, now_ns: int) -> list[Action]:
        """To be journaled, then sent. One that nobody waits for any more is closed instead."""
        intent = answer.approved.intent
        if self._proposed.get(intent.instrument) != intent:
            closed = OrderClosed(
                intent.client_order_id, intent.instrument, OrderStatus.DENIED, ZERO, "withdrawn"
            )
            return [closed]
        del self._proposed[intent.instrument]
        self.orders.open(intent, now_ns)
        submit = SubmitOrder(answer.approved, answer.origin_ns)
        return [Submission(IntentRecorded(intent, now_ns), submit)]

    def on_denied(self, denied: OrderDenied, now_ns: int) -> None:
        """The instrument rests a while; the next plan starts from what is true then."""
        instrument = denied.intent.instrument
        if self._proposed.get(instrument) == denied.intent:
            del self._proposed[instrument]
        self._pause(instrument, now_ns, self.settings.pause_s)

    def on_order_event(self, event: OrderEvent, now_ns: int) -> list[Action]:
        """The venue's news, after it is durable."""
        if isinstance(event, OrderFilled) and parse_client_order_id(event.fill.client_order_id):
            self.tracker.apply(event.fill)
        return self._follow(self.orders.apply(event, now_ns), now_ns)

    def on_venue_order(
        self, answer: VenueOrder | None, client_order_id: ClientOrderId, now_ns: int
    ) -> list[Action]:
        """The answer to a `QueryOrder`."""
        return [*self.orders.on_venue_order(answer, client_order_id, now_ns)]

    def on_account_restored(self, venue: VenueName, now_ns: int) -> list[Action]:
        """News may have been missed: asks about every live order there."""
        return [*self.orders.recheck(venue, now_ns)]

    def on_timer(self, now_ns: int) -> list[Action]:
        """Patience runs out, questions are due again. About once a second.

        A proposal that the gate never answered (it crashed on it) is withdrawn at its deadline.
        """
        for instrument, intent in list(self._proposed.items()):
            if now_ns >= intent.deadline_ns:
                del self._proposed[instrument]
        actions: list[Action] = [*self.orders.sweep(now_ns)]
        for instrument in self._targets:
            actions += self._work(instrument, now_ns)
        return actions

    def cancel_everything(self, reason: str, now_ns: int) -> list[Action]:
        """Forgets all targets and proposals and cancels what lives. New targets start anew."""
        self._targets.clear()
        self._proposed.clear()
        self._worked.clear()
        return [
            cancel
            for order in self.orders.live_all()
            for cancel in self.orders.ask_cancel(order.intent.client_order_id, reason, now_ns)
        ]

    def _follow(self, follow: list[FollowUp], now_ns: int) -> list[Action]:
        actions: list[Action] = [*follow]
        for closed in follow:
            if isinstance(closed, OrderClosed):
                has_failed = closed.status in (OrderStatus.REJECTED, OrderStatus.EXPIRED)
                rest_s = self.settings.pause_s if has_failed else self.settings.settle_s
                self._pause(closed.instrument, now_ns, rest_s)
                actions += self._work(closed.instrument, now_ns)
        return actions

    def _pause(self, instrument: InstrumentId, now_ns: int, rest_s: float) -> None:
        self._paused_until_ns[instrument] = now_ns + int(rest_s * SECOND_NS)

    def _holding(self, instrument: InstrumentId) -> Holding:
        position = self.tracker.position(instrument).amount
        return Holding(position, self.orders.missing_amount(instrument))

    def _working_since(self, target: TargetSized, holding: Holding, now_ns: int) -> int:
        """When the present difference, of the present side, began to be worked."""
        difference = difference_of(target.position, holding, self.settings.planner)
        if not difference:
            self._worked.pop(target.instrument, None)
            return now_ns
        is_buy, since_ns = self._worked.get(target.instrument, (difference > 0, now_ns))
        if is_buy != (difference > 0):
            since_ns = now_ns
        self._worked[target.instrument] = (difference > 0, since_ns)
        return since_ns

    def _work(self, key: InstrumentId, now_ns: int) -> list[Action]:
        target, quote = self._targets.get(key), self._quotes.get(key)
        instrument = self._instruments.get(key)
        if target is None or quote is None or instrument is None or key in self._proposed:
            return []
        holding, live = self._holding(key), self.orders.live(key)
        since_ns = self._working_since(target, holding, now_ns)
        if not live and now_ns < self._paused_until_ns.get(key, 0):
            return []
        actions: list[Action] = []
        for planned in plan(
            target.position,
            holding,
            live,
            quote,
            instrument=instrument,
            settings=self.settings.planner,
            now_ns=now_ns,
            working_since_ns=since_ns,
            is_urgent=target.is_urgent,
        ):
            if isinstance(planned, PlannedCancel):
                actions += self.orders.ask_cancel(planned.client_order_id, planned.reason, now_ns)
            else:
                intent = self._intents.make(planned, target.strategy, now_ns)
                self._proposed[key] = intent
                actions.append(ProposeOrder(intent, target.origin_ns))
        return actions
