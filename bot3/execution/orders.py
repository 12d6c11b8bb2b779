"""All orders, by client id: opened by us, moved by the venue's events, forgotten when long final.

Invariant: an order's state changes only by its table; news that it cannot take becomes an anomaly,
never an escaping exception. An order is reported closed once it is final with every fill seen that
the venue ever stated; until then what is missing counts as working.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Container
from decimal import Decimal
from typing import final

from attrs import define, frozen

from bot3.domain.errors import IllegalTransitionError, OverfillError
from bot3.domain.ids import ClientOrderId, parse_client_order_id
from bot3.domain.order import Order, OrderInput, OrderIntent, OrderStatus, TimeInForce
from bot3.domain.values import ZERO, InstrumentId, VenueName
from bot3.execution.actions import Deduced, FollowUp, ForeignOrder, OrderAnomaly
from bot3.execution.inquiry import SECOND_NS, InquirySettings, deduce, fetch, query
from bot3.messages.account import OrderClosed
from bot3.messages.orders import (
    CancelFailed,
    CancelOrder,
    OrderEvent,
    OrderFilled,
    OrderOutcomeUnknown,
    QueryOrder,
    VenueOrder,
)
from bot3.portfolio.events import after_event, order_of, stated_filled

FINAL_KEPT = 1_000

# States in which a good-till-canceled order owes us no news.
_RESTING = (OrderStatus.OPEN, OrderStatus.PARTIALLY_FILLED)


@define
class _Tracked:
    """`stated`: the most that the venue said was filled; `asked_ns`: when we last asked or sent."""

    order: Order
    asked_ns: int
    stated: Decimal = ZERO

    @property
    def missing(self) -> Decimal:
        """Fills that the venue stated and we have not seen."""
        return max(self.stated - self.order.filled.amount, ZERO)


@frozen
class OrderCounts:
    """For the operator: finals ever, by status; live ones now; anomalies and foreign news ever."""

    final: dict[OrderStatus, int]
    live: int
    anomalies: int
    foreign: int


@final
class OrderManager:
    """Owns every order of one run. `final_kept` final orders are remembered for late news."""

    def __init__(
        self, settings: InquirySettings | None = None, *, final_kept: int = FINAL_KEPT
    ) -> None:
        self.settings = InquirySettings() if settings is None else settings
        self._final_kept = final_kept
        self._live: dict[ClientOrderId, _Tracked] = {}
        self._final: OrderedDict[ClientOrderId, _Tracked] = OrderedDict()
        self._counts: Counter[OrderStatus] = Counter()
        self._anomalies = 0
        self._foreign = 0

    def open(self, intent: OrderIntent, now_ns: int) -> Order:
        """An approved intent, on its way. Raises `IllegalTransitionError` for a known id."""
        if intent.client_order_id in self._live or intent.client_order_id in self._final:
            raise IllegalTransitionError(f"{intent.client_order_id} is opened twice")
        order = Order(intent).move(OrderInput.SEND)
        self._live[intent.client_order_id] = _Tracked(order, now_ns)
        return order

    def restore(self, order: Order, stated: Decimal = ZERO) -> None:
        """An unresolved order of recovery; the next sweep asks the venue about it."""
        self._live[order.intent.client_order_id] = _Tracked(order, 0, stated)

    def get(self, client_order_id: ClientOrderId) -> Order | None:
        """None where it is not known (any more)."""
        kept = self._live.get(client_order_id) or self._final.get(client_order_id)
        return None if kept is None else kept.order

    def live(self, instrument: InstrumentId) -> tuple[Order, ...]:
        """Orders that may rest at the venue, oldest first."""
        return self.standing(instrument)[0]

    def standing(self, instrument: InstrumentId) -> tuple[tuple[Order, ...], Decimal]:
        """Live ones, and of final ones the stated fills that are not seen yet, signed."""
        live, missing = list[Order](), ZERO
        for kept in self._live.values():
            order = kept.order
            if order.intent.instrument != instrument:
                continue
            if order.status.is_final:
                missing += order.intent.side.sign * kept.missing
            else:
                live.append(order)
        return tuple(live), missing

    def is_any_live(self, instruments: Container[InstrumentId]) -> bool:
        """Whether anything may rest in one of these."""
        for kept in self._live.values():
            order = kept.order
            if order.intent.instrument in instruments and not order.status.is_final:
                return True
        return False

    def live_all(self) -> tuple[Order, ...]:
        """The same over all instruments."""
        kept = (kept.order for kept in self._live.values())
        return tuple(order for order in kept if not order.status.is_final)

    def working_amount(self, instrument: InstrumentId) -> Decimal:
        """What may still become a position, signed: live rests and stated fills not seen."""
        return sum(
            (
                kept.order.intent.side.sign * max(kept.order.working, kept.missing)
                for kept in self._live.values()
                if kept.order.intent.instrument == instrument
            ),
            ZERO,
        )

    def missing_amount(self, instrument: InstrumentId) -> Decimal:
        """Of final orders alone: stated fills not seen yet, signed."""
        return self.standing(instrument)[1]

    def counts(self) -> OrderCounts:
        """Figures for the operator."""
        return OrderCounts(
            dict(+self._counts), len(self.live_all()), self._anomalies, self._foreign
        )

    def ask_cancel(
        self, client_order_id: ClientOrderId, reason: str, now_ns: int
    ) -> list[CancelOrder]:
        """The command, once: nothing where it is final, unknown to us, or asked for before."""
        kept = self._live.get(client_order_id)
        if kept is None or kept.order.status.is_final:
            return []
        if kept.order.status is OrderStatus.CANCEL_PENDING:
            return []
        kept.order = kept.order.move(OrderInput.ASK_CANCEL, reason=reason)
        kept.asked_ns = now_ns
        return [CancelOrder(kept.order.intent.instrument, client_order_id, reason)]

    def apply(self, event: OrderEvent, now_ns: int) -> list[FollowUp]:
        """The venue's news, late, doubled and out of order as it comes."""
        instrument, client_order_id = order_of(event)
        kept = self._live.get(client_order_id) or self._final.get(client_order_id)
        if kept is None:
            self._foreign += 1
            is_own = parse_client_order_id(client_order_id) is not None
            return [ForeignOrder(client_order_id, instrument, is_own)]
        try:
            order = self._after(kept.order, event)
        except (IllegalTransitionError, OverfillError) as error:
            return [self._anomaly(kept.order, str(error))]
        before, kept.order = kept.order.status, order
        odd: list[FollowUp] = []
        if (stated := stated_filled(event)) is not None:
            kept.stated = max(kept.stated, min(stated.amount, order.intent.amount.amount))
            if stated > order.intent.amount:
                odd = [self._anomaly(order, f"the venue states {stated.amount} filled")]
        if isinstance(event, OrderOutcomeUnknown | CancelFailed) and not order.status.is_final:
            kept.asked_ns = now_ns
            return [query(order, self.settings)]
        return odd + self._settle(kept, before, now_ns)

    def _after(self, order: Order, event: OrderEvent) -> Order:
        if order_of(event)[0] != order.intent.instrument:
            raise IllegalTransitionError(f"the event is about {order_of(event)[0]}")
        if isinstance(event, OrderFilled) and event.fill.side is not order.intent.side:
            raise IllegalTransitionError(f"trade {event.fill.trade_id} has the other side")
        return after_event(order, event)

    def on_venue_order(
        self, answer: VenueOrder | None, client_order_id: ClientOrderId, now_ns: int
    ) -> list[FollowUp]:
        """The answer to a query: what follows is journaled first, then applied like any event."""
        kept = self._live.get(client_order_id)
        if kept is None:
            return []
        follow: list[FollowUp] = []
        if answer is not None:
            most = min(answer.filled.amount, kept.order.intent.amount.amount)
            kept.stated = max(kept.stated, most)
        if kept.missing:
            kept.asked_ns = now_ns
            follow.append(fetch(kept.order, self.settings))
        if kept.order.status.is_final:
            return follow
        event = deduce(kept.order, answer, now_ns, self.settings)
        return follow if event is None else [*follow, Deduced(event)]

    def sweep(self, now_ns: int) -> list[FollowUp]:
        """Asks about orders that are silent for too long and fills without a trace; for a timer."""
        follow: list[FollowUp] = []
        for kept in self._live.values():
            if now_ns < kept.asked_ns + int(self._patience_s(kept.order) * SECOND_NS):
                continue
            kept.asked_ns = now_ns
            if kept.missing:
                follow.append(fetch(kept.order, self.settings))
            if not kept.order.status.is_final:
                follow.append(query(kept.order, self.settings))
        return follow

    def _patience_s(self, order: Order) -> float:
        """How long its silence is no news: an order that may rest can be quiet for long."""
        is_resting = order.intent.time_in_force is TimeInForce.GTC and order.status in _RESTING
        return self.settings.recheck_interval_s if is_resting else self.settings.ask_interval_s

    def recheck(self, venue: VenueName, now_ns: int) -> list[QueryOrder]:
        """After a gap in the private stream: asks about every live order of the venue."""
        live = [
            kept
            for kept in self._live.values()
            if kept.order.intent.instrument.venue == venue and not kept.order.status.is_final
        ]
        for kept in live:
            kept.asked_ns = now_ns
        return [query(kept.order, self.settings) for kept in live]

    def _settle(self, kept: _Tracked, before: OrderStatus, now_ns: int) -> list[FollowUp]:
        """Files an order by whether anything of it can still come."""
        client_order_id, status = kept.order.intent.client_order_id, kept.order.status
        if not status.is_final:
            return []
        was_closed = self._final.pop(client_order_id, None) is not None
        self._counts[before] -= was_closed
        if kept.missing:  # closed at the venue, with fills on the way
            self._live[client_order_id] = kept
            kept.asked_ns = now_ns
            return [fetch(kept.order, self.settings)]
        self._live.pop(client_order_id, None)
        self._final[client_order_id] = kept
        self._counts[status] += 1
        while len(self._final) > self._final_kept:
            self._final.popitem(last=False)
        return [] if was_closed else [self._closed(kept.order)]

    @staticmethod
    def _closed(order: Order) -> OrderClosed:
        intent, filled = order.intent, order.filled.amount
        return OrderClosed(
            intent.client_order_id, intent.instrument, order.status, filled, order.reason
        )

    def _anomaly(self, order: Order, detail: str) -> OrderAnomaly:
        self._anomalies += 1
        intent = order.intent
        return OrderAnomaly(intent.client_order_id, intent.instrument, order.status, detail)
