"""Loops over a cross symbol: whatever becomes of the legs, both assets are what they were."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot3.domain.conversion import Conversion
from bot3.domain.order import OrderIntent
from bot3.domain.values import Price, Side
from bot3.execution.group import Sending
from bot3.messages.arbitrage import GroupOutcome
from tests.bot3.execution.floor import A, B
from tests.bot3.execution.triangle_floor import CROSS, ETHER, WAY, Triangle
from tests.bot3.making import d


def test_all_legs_leave_together_and_nothing_is_open_after() -> None:
    floor = Triangle()
    floor.go()
    assert [each.instrument for each in floor.sent] == [A, CROSS, ETHER]
    mark = Conversion(A, Price(d("99.98")))
    assert [each.conversion for each in floor.sent] == [None, mark, None]
    assert [each.is_reducing for each in floor.sent] == [False, False, True]
    for intent in list(floor.sent):
        floor.whole(intent)
    (closed,) = floor.closed
    assert (closed.outcome, closed.kind, closed.filled) == (
        GroupOutcome.HEDGED, "triangular", 3,
    )  # fmt: skip
    assert set(closed.symbols) == {"BTC/USDT", "ETH/USDT", "ETH/BTC"}
    # Bought for 50.00, sold for 50.00; the cross leg moves no money.
    assert closed.realized == pytest.approx(0.0)
    assert closed.exposure_max == pytest.approx(50.0, rel=1e-3)
    assert (floor.at(A), floor.at(ETHER)) == ("1", "10")
    floor.serve()
    assert len(floor.sent) == 3


def test_no_strategys_order_meets_the_legs_and_all_symbols_are_free_after() -> None:
    floor = Triangle()
    floor.go()
    floor.want(ETHER, "30")
    floor.want(A, "3")
    assert len(floor.sent) == 3
    for intent in list(floor.sent):
        floor.whole(intent)
    floor.serve()
    assert (floor.at(A), floor.at(ETHER)) == ("3", "30")


def test_what_the_cross_leg_lacks_is_traded_back_in_both_assets() -> None:
    floor = Triangle()
    floor.go()
    for key in (A, ETHER):
        floor.whole(floor.leg(key))
    floor.fill_part(floor.leg(CROSS), "2")
    assert (floor.at(A), floor.at(ETHER)) == ("1.3", "7")
    floor.serve()
    mends = {(each.instrument, each.side): each.amount.amount for each in floor.sent[3:]}
    assert mends == {(A, Side.SELL): d("0.3"), (ETHER, Side.BUY): d(3)}
    assert floor.outcome() is GroupOutcome.MENDED
    assert (floor.at(A), floor.at(ETHER)) == ("1", "10")


def test_nothing_is_traded_back_before_the_cross_leg_is_known() -> None:
    floor = Triangle()
    floor.go()
    for key in (A, ETHER):
        floor.whole(floor.leg(key))
    floor.lose(floor.leg(CROSS))
    for _ in range(20):
        floor.wait(0.25)
    assert len(floor.sent) == 3
    floor.whole(floor.leg(CROSS))
    floor.serve()
    assert len(floor.sent) == 3
    assert floor.outcome() is GroupOutcome.MENDED


def test_a_strategy_that_wants_out_of_one_asset_leaves_the_other_to_be_mended() -> None:
    floor = Triangle()
    floor.go()
    for key in (A, ETHER):
        floor.whole(floor.leg(key))
    floor.want(A, "0")
    floor.reject(floor.leg(CROSS))
    floor.serve()
    assert (floor.at(A), floor.at(ETHER)) == ("0", "10")
    assert floor.outcome() is GroupOutcome.SUPERSEDED
    assert floor.closed[0].exposure_max <= 50.1  # the strategy's own 1.5 BTC are not the group's


def test_no_leg_leaves_where_one_is_denied() -> None:
    floor = Triangle()
    floor.denied_symbols = {"ETH/BTC"}
    floor.go()
    assert floor.sent == []
    assert floor.outcome() is GroupOutcome.DENIED
    assert {each.instrument for each in floor.withdrawn} <= {A, ETHER}
    floor.want(A, "2")
    floor.serve()
    assert floor.at(A) == "2"


@pytest.mark.parametrize(
    "hindrance", ["no bitcoin", "no ether", "no target", "no book", "no mark", "busy", "another"]
)
def test_a_loop_begins_only_where_it_may(hindrance: str) -> None:
    floor, way = Triangle(), WAY
    larger = {"no bitcoin": CROSS, "no ether": ETHER}.get(hindrance)
    way = tuple(
        (key, side, "10.1" if key == larger else amount, limit, price)
        for key, side, amount, limit, price in WAY
    )
    match hindrance:
        case "no target":
            floor.desk.cancel_everything("x", floor.now_ns)
        case "no book":
            floor.desk.on_book_lost(CROSS)
        case "no mark":
            floor.desk.on_book_lost(A)
        case "busy":
            floor.want(ETHER, "30")
        case "another":
            floor.go()
    before = len(floor.proposed)
    floor.go(way)
    assert len(floor.proposed) == before


def test_a_halt_forgets_the_group_on_all_its_desks() -> None:
    floor = Triangle()
    floor.go()
    floor.do(floor.desk.cancel_everything("halt", floor.now_ns))
    assert len(floor.cancels) == 3
    for intent in list(floor.sent):
        floor.whole(intent)
    floor.want(A, "2")
    floor.want(ETHER, "10")
    floor.serve()
    assert floor.at(A) == "2"


_PART = st.sampled_from(["reject", "lose", "0", "0.2", "0.5", "1"])


@given(
    sending=st.sampled_from(Sending),
    parts=st.lists(_PART, min_size=3, max_size=3),
    order=st.permutations([0, 1, 2]),
)
@settings(max_examples=60, deadline=None)
def test_whatever_becomes_of_the_legs_both_assets_are_what_they_were(
    sending: Sending, parts: list[str], order: list[int]
) -> None:
    floor = Triangle(sending)
    floor.go()
    lost: list[OrderIntent] = []

    def answer(intent: OrderIntent, part: str) -> None:
        if part == "reject":
            floor.reject(intent)
        elif part == "lose":
            floor.lose(intent)
            lost.append(intent)
        else:
            floor.fill_part(intent, f"{(intent.amount.amount * d(part)).quantize(d('0.0001'))}")

    if sending is Sending.TOGETHER:
        for intent, at in zip([floor.sent[at] for at in order], order, strict=True):
            answer(intent, parts[at])
    else:
        for at in range(3):
            if at < len(floor.sent):
                answer(floor.sent[at], parts[at])
    for _ in range(20):
        floor.wait(0.25)
    for intent in lost:
        floor.fill_part(intent, f"{(intent.amount.amount / 2).quantize(d('0.0001'))}")
    floor.serve(30)
    (closed,) = floor.closed
    bitcoin = sum(floor.desk.tracker.position(key).amount for key in (A, B))
    is_back = abs(bitcoin - 1) <= d("0.06") and abs(d(floor.at(ETHER)) - 10) <= d("0.6")
    assert is_back or closed.outcome is GroupOutcome.LEFT
    assert closed.exposure_max <= 50.1
    assert all(floor.is_final(each) for each in floor.sent)
