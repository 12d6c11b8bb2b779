"""The desk over two venues: denials, partial fills and failures send the rest elsewhere; what
venues were like is remembered.
"""

from __future__ import annotations

from bot3.domain.account import Balance
from bot3.domain.book import Quote
from bot3.domain.order import OrderIntent, OrderStatus, OrderType
from bot3.domain.refusal import Denial, DenialReason
from bot3.domain.values import Quantity, Side
from bot3.execution.desk import ExecutionDesk
from bot3.execution.symbol_desk import ExecutionSettings
from bot3.messages.market import DepthSampled
from bot3.messages.orders import (
    OrderAcknowledged,
    OrderCanceled,
    OrderDenied,
    OrderFilled,
    OrderOutcomeUnknown,
    OrderRejected,
)
from tests.bot3.execution.floor import CHEAP, DEAR, SETTLE_NS, A, B, Floor
from tests.bot3.making import (
    RUN,
    SECOND_NS,
    USDT,
    d,
    make_fill,
    make_instrument,
)


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


def test_a_late_fill_is_noticed_at_the_next_quote() -> None:
    floor = Floor()
    floor.want(A, "1")
    floor.fill(floor.sent[0])
    floor.now_ns += SETTLE_NS
    floor.quote(A, CHEAP)
    assert len(floor.sent) == 1
    late = make_fill("late", 900, "0.5", instrument=A, side=Side.SELL)
    floor.do(floor.desk.on_order_event(OrderFilled(late), floor.now_ns))
    floor.quote(A, CHEAP)
    assert floor.words()[1:] == [("a", "buy", "0.5")]


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


def test_a_resting_order_that_would_have_crossed_is_no_failure_of_the_venue() -> None:
    floor = Floor(patience_s=1.5)
    floor.want(A, "1")
    [resting] = floor.sent
    assert resting.order_type is OrderType.POST_ONLY
    refused = OrderRejected(resting.client_order_id, A, "-2010", "would take", floor.now_ns)
    floor.do(floor.desk.on_order_event(refused, floor.now_ns))
    assert floor.desk.record(A.venue).failure_rate == 0.0


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
    floor.wait(1)
    [_, second] = floor.sent
    floor.want(A, "0")
    event = OrderCanceled(second.client_order_id, A, Quantity(d(0)), floor.now_ns, floor.now_ns)
    floor.do(resting.on_order_event(event, floor.now_ns))
    assert record.rests == 1  # our own change of mind says nothing of the market
    order = resting.orders.get(first.client_order_id)
    assert order is not None
    assert order.status is OrderStatus.CANCELED
