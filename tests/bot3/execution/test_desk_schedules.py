"""Schedules through the desk: a change of position is spread over time, an urgent one never."""

from __future__ import annotations

from bot3.domain.bar import Bar
from bot3.domain.order import OrderType
from bot3.execution.parent import ScheduleKind
from bot3.messages.market import BarClosed
from bot3.messages.orders import (
    OrderFilled,
)
from tests.bot3.execution.floor import A, B, Floor
from tests.bot3.making import (
    START_NS,
    d,
    make_fill,
)


def test_an_urgent_exit_sells_everywhere_at_once_whatever_the_schedule() -> None:
    floor = Floor(kind=ScheduleKind.TWAP, duration_s=600.0)
    for number, key in enumerate((A, B)):
        intent = make_fill(number, 900 + number, "1", instrument=key)
        floor.desk.on_order_event(OrderFilled(intent), floor.now_ns)
    floor.want(A, "0", is_urgent=True)
    floor.want(B, "0", is_urgent=True)
    assert sorted(floor.words()) == [("a", "sell", "1"), ("b", "sell", "1")]
    assert {each.order_type for each in floor.sent} == {OrderType.LIMIT}


def test_an_exit_that_the_market_ran_away_from_is_sent_again_at_once_and_may_pay_more() -> None:
    attempts = {}
    for is_urgent in (True, False):
        floor = Floor()
        floor.desk.on_order_event(OrderFilled(make_fill(1, 901, "1", instrument=A)), floor.now_ns)
        floor.want(A, "0", is_urgent=is_urgent)
        for _ in range(4):
            for sent in list(floor.sent):
                floor.sent.remove(sent)
                floor.expire(sent, "0")
            floor.wait(0.25)
        attempts[is_urgent] = [each.price.amount for each in floor.proposed if each.price]
    assert len(attempts[True]) == 5
    assert len(attempts[False]) == 1
    assert attempts[True][0] < attempts[False][0]


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


def test_another_end_starts_another_schedule() -> None:
    floor = Floor(kind=ScheduleKind.TWAP, duration_s=100.0)
    floor.want(A, "4")
    floor.wait(50)
    floor.fill(floor.sent[0])
    assert floor.words() == [("a", "buy", "2")]
    floor.wait(1)  # the venue's balances are in
    floor.want(A, "10")
    floor.wait(50)
    assert floor.words()[1:] == [("a", "buy", "4")]  # half of the eight that are left


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
