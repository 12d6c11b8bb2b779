"""The desk over two venues: denials, partial fills and failures send the rest elsewhere; schedules
spread a change over time; what venues were like is remembered.
"""

from __future__ import annotations

from typing import Any

from bot3.domain.account import Balance
from bot3.domain.approval import ApprovedOrder, grant
from bot3.domain.bar import Bar
from bot3.domain.book import Quote
from bot3.domain.order import OrderIntent, OrderStatus, OrderType
from bot3.domain.refusal import Denial, DenialReason
from bot3.domain.values import InstrumentId, Quantity, Symbol, VenueName
from bot3.execution.actions import Action, Submission
from bot3.execution.desk import ExecutionDesk
from bot3.execution.parent import ScheduleKind, ScheduleSettings
from bot3.execution.planner import PlannerSettings
from bot3.execution.symbol_desk import ExecutionSettings
from bot3.messages.market import BarClosed, DepthSampled
from bot3.messages.orders import (
    CancelOrder,
    OrderAcknowledged,
    OrderApproved,
    OrderCanceled,
    OrderDenied,
    OrderExpired,
    OrderFilled,
    OrderOutcomeUnknown,
    OrderRejected,
    ProposeOrder,
    TargetSized,
)
from tests.bot3.making import (
    RUN,
    SECOND_NS,
    START_NS,
    USDT,
    d,
    make_fill,
    make_instrument,
)

A = InstrumentId(VenueName("a"), Symbol("BTC/USDT"))
B = InstrumentId(VenueName("b"), Symbol("BTC/USDT"))
CHEAP, DEAR = Quote(99.97, 5.0, 99.99, 5.0), Quote(99.99, 5.0, 100.01, 5.0)
SETTLE_NS = int(ExecutionSettings().settle_s * SECOND_NS)


class Floor:
    """A desk whose proposals are all approved, and the clock."""

    def __init__(self, **schedule: Any) -> None:
        self.now_ns = START_NS
        settings = ExecutionSettings(
            planner=PlannerSettings(maker_patience_s=0.0), schedule=ScheduleSettings(**schedule)
        )
        self.desk = ExecutionDesk(RUN, settings)
        self.sent: list[OrderIntent] = []
        self.proposed: list[OrderIntent] = []
        self.cancels: list[CancelOrder] = []
        self.desk.on_instruments([make_instrument(key) for key in (A, B)])
        self.quote(A, CHEAP)
        self.quote(B, DEAR)

    def quote(self, key: InstrumentId, quote: Quote) -> None:
        self.do(self.desk.on_quote(key, quote, self.now_ns))

    def want(self, key: InstrumentId, position: str, *, is_urgent: bool = False) -> None:
        most = d(10)
        target = TargetSized(
            key, "x", d(position), self.now_ns, 0, is_urgent=is_urgent, position_max=most
        )
        self.do(self.desk.on_target(target, self.now_ns))

    def wait(self, seconds: float) -> None:
        self.now_ns += int(seconds * SECOND_NS)
        self.do(self.desk.on_timer(self.now_ns))

    def do(self, actions: list[Action]) -> None:
        for action in actions:
            if isinstance(action, ProposeOrder):
                self.proposed.append(action.intent)
                self.approve(action.intent)
            elif isinstance(action, Submission):
                self.sent.append(action.record.intent)
            elif isinstance(action, CancelOrder):
                self.cancels.append(action)

    def approve(self, intent: OrderIntent) -> None:
        approved = grant(intent)
        assert isinstance(approved, ApprovedOrder)
        self.do(self.desk.on_approved(OrderApproved(approved, 0), self.now_ns))

    def fill(self, intent: OrderIntent, amount: str | None = None) -> None:
        part = intent.amount.amount if amount is None else d(amount)
        fill = make_fill(
            f"t{intent.number}", intent.number, part,
            instrument=intent.instrument, side=intent.side,
        )  # fmt: skip
        self.do(self.desk.on_order_event(OrderFilled(fill), self.now_ns))

    def expire(self, intent: OrderIntent, filled: str) -> None:
        event = OrderExpired(
            intent.client_order_id, intent.instrument, Quantity(d(filled)), self.now_ns, self.now_ns
        )
        self.do(self.desk.on_order_event(event, self.now_ns))

    def words(self) -> list[tuple[str, str, str]]:
        return [
            (str(each.instrument.venue), each.side.value, f"{each.amount.amount.normalize():f}")
            for each in self.sent
        ]


class Denying(Floor):
    """Nothing is approved on venue `a`."""

    def approve(self, intent: OrderIntent) -> None:
        if intent.instrument == B:
            super().approve(intent)
            return
        denial = Denial(intent.client_order_id, DenialReason.CIRCUIT_OPEN, "")
        self.desk.on_denied(OrderDenied(intent, denial, self.now_ns), self.now_ns)


def test_both_venues_wishes_are_worked_on_the_cheaper_one() -> None:
    floor = Floor()
    floor.want(A, "1")
    assert floor.words() == [("a", "buy", "1")]
    floor.want(B, "1")
    assert len(floor.sent) == 1  # the first is under way
    floor.fill(floor.sent[0])
    floor.now_ns += SETTLE_NS
    floor.quote(B, DEAR)
    assert floor.words()[1:] == [("a", "buy", "1")]
    floor.fill(floor.sent[1])
    floor.want(A, "0")
    floor.wait(1)
    assert floor.words()[2:] == [("a", "sell", "1")]  # b wants one, and a holds two


def test_a_denied_venue_s_part_goes_to_the_other_at_once() -> None:
    floor = Denying()
    floor.want(A, "1")
    floor.want(B, "1")
    assert [str(each.instrument.venue) for each in floor.proposed] == ["a", "b"]
    assert floor.words() == [("b", "buy", "2")]


def test_what_a_crossing_order_missed_goes_to_the_other_venue() -> None:
    floor = Floor()
    floor.want(A, "1")
    floor.want(B, "0")
    [first] = floor.sent
    floor.fill(first, "0.4")
    floor.expire(first, "0.4")
    floor.wait(ExecutionSettings().settle_s)
    assert floor.words()[1:] == [("b", "buy", "0.6")]


def test_an_unknown_outcome_is_counted_as_done_until_it_is_known() -> None:
    floor = Floor()
    floor.want(B, "0")
    floor.want(A, "1")
    [first] = floor.sent
    unknown = OrderOutcomeUnknown(first.client_order_id, A, "time-out", floor.now_ns)
    floor.do(floor.desk.on_order_event(unknown, floor.now_ns))
    floor.wait(1)
    assert len(floor.sent) == 1
    floor.want(B, "1")
    floor.wait(1)
    assert floor.words()[1:] == [("b", "buy", "1")]  # its own wish is not held up
    floor.expire(first, "0")
    floor.fill(floor.sent[1])
    floor.wait(2)
    assert floor.words()[2:] == [("a", "buy", "1")]


def test_depth_bounds_what_is_crossed_and_the_rest_goes_on() -> None:
    floor = Floor()
    levels = [(99.99, 0.2), (100.0, 0.3), (100.2, 9.0)]  # the last is beyond the collar
    floor.desk.on_depth(DepthSampled(A, [(99.97, 1.0)], levels, floor.now_ns))
    floor.quote(A, Quote(99.97, 1.0, 99.99, 0.2))
    floor.want(B, "0")
    floor.want(A, "1")
    assert floor.words() == [("a", "buy", "0.5"), ("b", "buy", "0.5")]


def test_funds_decide_where_a_buy_goes() -> None:
    floor = Floor()
    floor.desk.on_balances([Balance(A.venue, USDT, d(20), d(0))])
    floor.want(B, "0")
    floor.want(A, "1")
    amounts = {venue: d(amount) for venue, _, amount in floor.words()}
    assert amounts["a"] + amounts["b"] == 1
    assert d("0.198") < amounts["a"] < d("0.2")


def test_an_urgent_exit_sells_everywhere_at_once_whatever_the_schedule() -> None:
    floor = Floor(kind=ScheduleKind.TWAP, duration_s=600.0)
    for number, key in enumerate((A, B)):
        intent = make_fill(number, 900 + number, "1", instrument=key)
        floor.desk.on_order_event(OrderFilled(intent), floor.now_ns)
    floor.want(A, "0", is_urgent=True)
    floor.want(B, "0", is_urgent=True)
    assert sorted(floor.words()) == [("a", "sell", "1"), ("b", "sell", "1")]
    assert {each.order_type for each in floor.sent} == {OrderType.LIMIT}


def test_a_change_is_spread_over_its_schedule() -> None:
    floor = Floor(kind=ScheduleKind.TWAP, duration_s=100.0)
    floor.want(A, "4")
    assert floor.sent == []
    bought = d(0)
    for second in range(1, 121):
        floor.wait(1)
        for each in floor.sent:
            bought += each.amount.amount
            floor.fill(each)
        due = min(d(4), d(4) * second / 100)
        assert due - d("0.2") <= bought <= due  # a twentieth at a time
        floor.sent.clear()
    assert bought == d(4)
    assert len(floor.proposed) == 20


def test_a_share_of_the_market_s_volume() -> None:
    floor = Floor(kind=ScheduleKind.POV, participation=0.1)
    floor.want(A, "4")
    floor.wait(60)
    assert floor.sent == []
    bar = Bar(B, 60, START_NS, 100.0, 100.0, 100.0, 100.0, 15.0)
    floor.desk.on_bar(BarClosed(bar, floor.now_ns, is_warm_up=True))
    floor.wait(1)
    assert floor.sent == []
    floor.desk.on_bar(BarClosed(bar, floor.now_ns))
    floor.wait(1)
    assert floor.words() == [("a", "buy", "1.5")]


def test_an_iceberg_shows_a_slice_at_a_time() -> None:
    floor = Floor(kind=ScheduleKind.ICEBERG, shown_notional=d(100))
    floor.want(A, "2.5")
    while floor.sent and floor.desk.orders.counts().live:
        floor.fill(floor.sent[-1])
        floor.wait(1)
    assert [each.amount.amount * each.price.amount <= 100 for each in floor.sent] == [True] * 3
    assert floor.desk.tracker.position(A).amount == d("2.5")


def test_what_venues_were_like_is_remembered() -> None:
    floor = Floor()
    floor.want(A, "1")
    [first] = floor.sent
    late_ns = first.created_ns + SECOND_NS
    known = OrderAcknowledged(first.client_order_id, A, "v1", late_ns, late_ns)
    floor.do(floor.desk.on_order_event(known, late_ns))
    floor.do(floor.desk.on_order_event(known, late_ns))  # once
    assert floor.desk.record(A.venue).latency_s == 0.05 + 0.1 * 0.95
    floor.expire(first, "0")
    floor.wait(2)
    refused = OrderRejected(floor.sent[1].client_order_id, A, "-1", "no", floor.now_ns)
    floor.do(floor.desk.on_order_event(refused, floor.now_ns))
    assert floor.desk.record(A.venue).failure_rate == 0.1
    assert floor.desk.record(B.venue).failure_rate == 0.0


def test_a_resting_order_s_end_is_remembered_where_the_market_decided_it() -> None:
    floor = Floor()
    resting = ExecutionDesk(RUN, ExecutionSettings())
    floor.desk = resting
    resting.on_instruments([make_instrument(A)])
    floor.quote(A, CHEAP)
    floor.want(A, "1")
    [first] = floor.sent
    assert first.order_type is OrderType.POST_ONLY
    floor.wait(20)
    assert [each.reason for each in floor.cancels] == ["out of patience"]
    event = OrderCanceled(first.client_order_id, A, Quantity(d(0)), floor.now_ns, floor.now_ns)
    floor.do(resting.on_order_event(event, floor.now_ns))
    record = resting.record(A.venue)
    assert (record.rests, record.filled) == (1, 0)
    order = resting.orders.get(first.client_order_id)
    assert order is not None
    assert order.status is OrderStatus.CANCELED
