"""Execution as its actor asks it: targets, quotes and news in, actions out.

Invariant: per instrument there is at most one proposal before the gate or one live order, never
both; positions come from the same fills that move the orders, so no amount is ever planned twice.
A symbol's venues are worked together (`SymbolDesk`, `planner`, `router`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import final

from bot3.domain.account import Balance
from bot3.domain.book import Quote
from bot3.domain.fill import Fill
from bot3.domain.ids import ClientOrderId, RunId
from bot3.domain.instrument import Instrument
from bot3.domain.order import OrderStatus
from bot3.domain.values import ZERO, Asset, InstrumentId, Symbol, VenueName
from bot3.execution.actions import Action, FollowUp, Submission
from bot3.execution.group_desk import GroupDesk
from bot3.execution.intents import SECOND_NS, IntentMaker
from bot3.execution.orders import OrderManager
from bot3.execution.places import Holding, Place
from bot3.execution.planner import PlannedCancel
from bot3.execution.symbol_desk import ExecutionSettings, SymbolDesk, VenueState
from bot3.execution.venue_record import VenueRecord, VenueRecords
from bot3.messages.account import OrderClosed
from bot3.messages.arbitrage import TradeArbitrage
from bot3.messages.market import BarClosed, DepthSampled
from bot3.messages.orders import (
    Adopted,
    IntentRecorded,
    OrderAdopted,
    OrderApproved,
    OrderDenied,
    OrderEvent,
    OrderFilled,
    ProposeOrder,
    SubmitOrder,
    TargetSized,
    VenueOrder,
)
from bot3.portfolio.events import adopted_order, order_of
from bot3.portfolio.positions import PositionTracker
from bot3.portfolio.recovery import RecoveredOrder


@final
class ExecutionDesk:
    """Works targets one symbol at a time. Every method returns what the shell must send."""

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
        self._symbols: dict[Symbol, SymbolDesk] = {}
        self._groups = GroupDesk(
            settings.group, self._symbol, self.orders, self.tracker, self._intents
        )
        self._records = VenueRecords()
        self._funds: dict[tuple[VenueName, Asset], Balance] = {}

    def on_instruments(self, instruments: Iterable[Instrument]) -> None:
        """What may be traded, and by which filters."""
        for instrument in instruments:
            self._venue(instrument.id).instrument = instrument
            self._symbol(instrument.id.symbol).is_idle = False

    def on_target(self, target: TargetSized, now_ns: int) -> list[Action]:
        """Where risk lets us be; replaces the last one."""
        self._venue(target.instrument).target = target
        return self._work(target.instrument.symbol, now_ns)

    def on_quote(self, instrument: InstrumentId, quote: Quote, now_ns: int) -> list[Action]:
        """The touch. While an order lives only time and news matter, so nothing is planned."""
        desk = self._symbol(instrument.symbol)
        desk.on_quote(instrument, quote, now_ns)
        if desk.is_idle or self.orders.is_any_live(desk.venues):
            return []
        return self._work(instrument.symbol, now_ns)

    def on_depth(self, sampled: DepthSampled) -> None:
        """What is behind the touch; the next plan uses it."""
        self._symbol(sampled.instrument.symbol).on_depth(sampled)

    def on_bar(self, closed: BarClosed) -> None:
        """How much the market trades, for schedules."""
        self._symbol(closed.bar.instrument.symbol).on_bar(closed)

    def on_book_lost(self, instrument: InstrumentId) -> None:
        """Nothing new is planned there until the next quote."""
        self._symbol(instrument.symbol).on_book_lost(instrument)

    def on_balances(self, balances: Iterable[Balance]) -> None:
        """The venue's absolute figures: what may be spent there."""
        self._funds.update(((each.venue, each.asset), each) for each in balances)

    def on_approved(self, answer: OrderApproved, now_ns: int) -> list[Action]:
        """To be journaled, then sent. One that nobody waits for any more is closed instead."""
        intent = answer.approved.intent
        state = self._venue(intent.instrument)
        if state.proposed != intent:
            closed = OrderClosed(
                intent.client_order_id, intent.instrument, OrderStatus.DENIED, ZERO, "withdrawn"
            )
            return [closed]
        state.proposed = None
        group = self._symbol(intent.instrument.symbol).group
        ready: tuple[OrderApproved, ...] = (answer,)
        if group is not None and group.has(intent):
            ready = group.on_approved(answer, now_ns)
        return [self._submitted(each, now_ns) for each in ready]

    def _submitted(self, answer: OrderApproved, now_ns: int) -> Submission:
        intent = answer.approved.intent
        self.orders.open(intent, now_ns)
        submit = SubmitOrder(answer.approved, answer.origin_ns)
        return Submission(IntentRecorded(intent, now_ns), submit)

    def on_denied(self, denied: OrderDenied, now_ns: int) -> list[Action]:
        """The instrument rests a while, and the symbol's other venues may take its part.

        A group of which one leg is denied sends none.
        """
        state = self._venue(denied.intent.instrument)
        if state.proposed == denied.intent:
            state.proposed = None
        self._pause(denied.intent.instrument, now_ns)
        desk = self._symbol(denied.intent.instrument.symbol)
        if desk.group is None or not desk.group.has(denied.intent):
            return []
        withdrawn = self._groups.withdraw(desk.group, now_ns)
        return [*withdrawn, *self._groups.let_go(desk.group, now_ns)]

    def on_group(self, command: TradeArbitrage, now_ns: int) -> list[Action]:
        """Legs that belong together; nothing where a symbol of theirs has something under way."""
        return [*self._groups.begin(command, now_ns)]

    def on_order_event(self, event: OrderEvent, now_ns: int) -> list[Action]:
        """The venue's news, after it is durable."""
        if isinstance(event, OrderFilled) and self.tracker.owns(event.fill.client_order_id):
            self._filled(event.fill, now_ns)
        self._records.on_event(event, self.orders.get(order_of(event)[1]))
        self._symbol(order_of(event)[0].symbol).is_idle = False
        return self._follow(self.orders.apply(event, now_ns), now_ns)

    def on_adopted(self, adopted: Adopted) -> None:
        """A foreign order works for the targets from now on, or coins are a position."""
        if isinstance(adopted, OrderAdopted):
            key = adopted.intent.instrument
            self.tracker.adopt(adopted.intent.client_order_id)
            self.orders.restore(adopted_order(adopted))
        else:
            key = adopted.fill.instrument
            self.tracker.apply(adopted.fill)
        self._symbol(key.symbol).is_idle = False

    def _filled(self, fill: Fill, now_ns: int) -> None:
        group = self._symbol(fill.instrument.symbol).group
        if self.tracker.apply(fill) and group is not None:
            group.on_fill(fill, now_ns)

    def on_venue_order(
        self, answer: VenueOrder | None, client_order_id: ClientOrderId, now_ns: int
    ) -> list[Action]:
        """The answer to a `QueryOrder`."""
        return [*self.orders.on_venue_order(answer, client_order_id, now_ns)]

    def on_account_restored(self, venue: VenueName, now_ns: int) -> list[Action]:
        """News may have been missed: asks about every live order there."""
        return [*self.orders.recheck(venue, now_ns)]

    def on_timer(self, now_ns: int) -> list[Action]:
        """Patience runs out, questions are due again. About four times a second."""
        actions: list[Action] = [*self.orders.sweep(now_ns)]
        for symbol, desk in list(self._symbols.items()):
            desk.withdraw_late(now_ns)
            if desk.group is not None and desk.group.on_time(now_ns):
                actions += self._groups.withdraw(desk.group, now_ns)
            actions += self._work(symbol, now_ns)
        return actions

    def cancel_everything(self, reason: str, now_ns: int) -> list[Action]:
        """Forgets all targets and proposals and cancels what lives. New targets start anew."""
        for desk in self._symbols.values():
            desk.forget()
        return [
            cancel
            for order in self.orders.live_all()
            for cancel in self.orders.ask_cancel(order.intent.client_order_id, reason, now_ns)
        ]

    def record(self, venue: VenueName) -> VenueRecord:
        """What the venue has been like in this life."""
        return self._records.of(venue)

    def _follow(self, follow: list[FollowUp], now_ns: int) -> list[Action]:
        actions: list[Action] = [*follow]
        for closed in follow:
            if isinstance(closed, OrderClosed):
                actions += self._closed(closed, now_ns)
        return actions

    def _closed(self, closed: OrderClosed, now_ns: int) -> list[Action]:
        """A group's next legs, and all that its desks have to do."""
        group, actions = self._symbol(closed.instrument.symbol).group, list[Action]()
        if group is not None:
            group.on_closed(closed, now_ns)
            actions += self._groups.propose(group, now_ns)
        if self._is_to_rest(closed):
            self._pause(closed.instrument, now_ns)
        self._records.on_closed(closed, self.orders.get(closed.client_order_id))
        symbols = (closed.instrument.symbol,) if group is None else group.symbols
        for symbol in symbols:
            settled_ns = now_ns + int(self.settings.settle_s * SECOND_NS)
            self._symbol(symbol).settled_ns = settled_ns
        for symbol in symbols:
            actions += self._work(symbol, now_ns)
        return actions

    def _is_to_rest(self, closed: OrderClosed) -> bool:
        """What has to get out tries again at once where the market ran away from it."""
        target = self._venue(closed.instrument).target
        is_urgent = target is not None and target.is_urgent
        is_lapsed = closed.status is OrderStatus.EXPIRED and not is_urgent
        return is_lapsed or closed.status is OrderStatus.REJECTED

    def _pause(self, instrument: InstrumentId, now_ns: int) -> None:
        rest_ns = int(self.settings.planner.retry_s * SECOND_NS)
        self._venue(instrument).paused_until_ns = now_ns + rest_ns

    def _symbol(self, symbol: Symbol) -> SymbolDesk:
        found = self._symbols.get(symbol)
        if found is None:
            found = self._symbols[symbol] = SymbolDesk(symbol, self.settings)
        return found

    def _venue(self, key: InstrumentId) -> VenueState:
        return self._symbol(key.symbol).venue(key)

    def _place(self, target: TargetSized, state: VenueState, now_ns: int) -> Place | None:
        key, instrument = target.instrument, state.instrument
        if instrument is None:
            return None
        proposed, funds = state.proposed, self._funds.get((key.venue, instrument.quote))
        position = self.tracker.position(key).amount
        live, missing = self.orders.standing(key)
        return Place(
            instrument=instrument,
            target=target.position,
            position_max=target.position_max,
            holding=Holding(position, missing),
            live=live,
            proposed=ZERO if proposed is None else proposed.side.sign * proposed.amount.amount,
            quote=state.quote,
            bids=state.bids,
            asks=state.asks,
            funds=None if funds is None else funds.free,
            volatility_bps=state.volatility.bps_per_root_s,
            record=self.record(key.venue),
            is_open=now_ns >= state.paused_until_ns,
        )

    def _work(self, symbol: Symbol, now_ns: int) -> list[Action]:
        desk = self._symbol(symbol)
        actions: list[Action] = []
        if desk.group is not None and self._groups.awaits(desk.group):
            return actions
        for planned in desk.plan(lambda target, state: self._place(target, state, now_ns), now_ns):
            if isinstance(planned, PlannedCancel):
                actions += self.orders.ask_cancel(planned.client_order_id, planned.reason, now_ns)
                continue
            state = desk.venue(planned.instrument)
            assert state.target is not None  # a place without a target is not planned for
            intent = self._intents.make(planned, state.target.strategy, now_ns)
            state.proposed = intent
            actions.append(ProposeOrder(intent, state.target.origin_ns))
        return [*actions, *self._groups.let_go(desk.group, now_ns)]
