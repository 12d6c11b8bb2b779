"""Legs that belong together, on a desk of two venues: whatever happens, nothing stays open."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot3.domain.order import OrderIntent
from bot3.domain.values import ZERO, InstrumentId, Side, VenueName
from bot3.execution.group import Sending
from bot3.messages.arbitrage import GroupOutcome
from tests.bot3.execution.floor import A, B
from tests.bot3.execution.group_floor import TOLERANCE, Group
from tests.bot3.making import d, make_fill, make_instrument


def test_both_legs_leave_together_and_move_the_holding() -> None:
    floor = Group()
    floor.trade()
    assert floor.words() == [("a", "buy", "0.5"), ("b", "sell", "0.5")]
    for intent in list(floor.sent):
        floor.fill_part(intent, "0.5")
    assert (floor.at(A), floor.at(B)) == ("0.5", "0.5")
    (closed,) = floor.closed
    assert (closed.outcome, closed.filled, closed.legs) == (GroupOutcome.HEDGED, 2, 2)
    assert closed.exposure_max == pytest.approx(50.0)
    floor.wait(5)
    assert len(floor.sent) == 2  # the symbol is where its strategies want it


def test_no_leg_leaves_where_one_is_denied() -> None:
    floor = Group()
    floor.denied = {"b"}
    floor.trade()
    assert floor.sent == []
    assert floor.outcome() is GroupOutcome.DENIED
    assert [each.instrument for each in floor.withdrawn] == [A]  # risk had counted it


def test_nor_where_the_gate_does_not_answer() -> None:
    floor = Group()
    floor.is_answered = False
    floor.trade()
    floor.wait(2)
    assert floor.sent == []
    assert floor.outcome() is GroupOutcome.DENIED


def test_what_one_leg_lacks_is_traded_back() -> None:
    floor = Group()
    floor.trade()
    buy, sell = floor.sent
    floor.fill_part(sell, "0.5")
    floor.reject(buy)
    floor.wait(3)
    mend = floor.sent[2:]
    assert sum(each.amount.amount for each in mend) == d("0.5")
    assert {each.side for each in mend} == {Side.BUY}
    for each in mend:
        floor.fill_part(each, f"{each.amount.amount}")
    assert floor.outcome() is GroupOutcome.MENDED
    assert floor.total == 1
    (closed,) = floor.closed
    assert closed.exposed_s == pytest.approx(3.0)
    assert closed.filled == 1


def test_what_lies_on_a_venue_without_a_target_is_nobodys_to_mend() -> None:
    floor = Group()
    elsewhere = InstrumentId(VenueName("c"), A.symbol)
    floor.desk.on_instruments([make_instrument(elsewhere)])
    floor.desk.tracker.apply(make_fill("c1", 901, "3", instrument=elsewhere))
    floor.trade()
    buy, sell = floor.sent
    floor.fill_part(sell, "0.5")
    floor.reject(buy)
    floor.wait(3)
    assert sum(each.amount.amount for each in floor.sent[2:]) == d("0.5")


def test_a_part_that_differs_is_traded_back_too() -> None:
    floor = Group()
    floor.trade()
    buy, sell = floor.sent
    floor.fill_part(buy, "0.5")
    floor.fill_part(sell, "0.2")
    floor.wait(3)
    (mend,) = floor.sent[2:]
    assert (mend.side, mend.amount.amount) == (Side.SELL, d("0.3"))


def test_nothing_filled_is_nothing_to_mend() -> None:
    floor = Group()
    floor.trade()
    for intent in list(floor.sent):
        floor.fill_part(intent, "0")
    assert floor.outcome() is GroupOutcome.EMPTY
    floor.wait(5)
    assert len(floor.sent) == 2


def test_in_order_the_second_leg_is_as_large_as_the_first_was_filled() -> None:
    floor = Group(Sending.IN_ORDER)
    floor.trade()
    (first,) = floor.sent
    floor.fill_part(first, "0.3")
    assert floor.words() == [("a", "buy", "0.5"), ("b", "sell", "0.3")]
    floor.fill_part(floor.sent[1], "0.3")
    assert floor.outcome() is GroupOutcome.HEDGED


def test_in_order_nothing_follows_a_leg_that_got_nothing() -> None:
    floor = Group(Sending.IN_ORDER)
    floor.trade()
    floor.fill_part(floor.sent[0], "0")
    assert len(floor.sent) == 1
    assert floor.outcome() is GroupOutcome.EMPTY


def test_in_order_a_denied_second_leg_leaves_the_first_to_be_mended() -> None:
    floor = Group(Sending.IN_ORDER)
    floor.denied = {"b"}
    floor.trade()
    floor.fill_part(floor.sent[0], "0.5")
    floor.denied = set()
    floor.wait(3)
    assert floor.words()[1:] == [("b", "sell", "0.5")] or floor.words()[1:] == [
        ("a", "sell", "0.5")
    ]


def test_an_unknown_leg_is_not_waited_for_beyond_its_deadline() -> None:
    floor = Group()
    floor.trade()
    buy, sell = floor.sent
    floor.fill_part(sell, "0.5")
    floor.lose(buy)
    floor.wait(1)
    assert len(floor.sent) == 2
    for _ in range(40):
        floor.wait(0.25)
    # What may have been bought counts as done until it is known; then the rest follows.
    floor.reject(buy)
    for _ in range(12):
        floor.wait(0.25)
        for each in floor.sent[2:]:
            if not floor.is_final(each):
                floor.fill_part(each, f"{each.amount.amount}")
    assert floor.total == 1
    assert floor.outcome() is GroupOutcome.MENDED


def test_a_strategy_that_wants_out_goes_first() -> None:
    floor = Group()
    floor.trade()
    buy, sell = floor.sent
    floor.fill_part(sell, "0.5")
    floor.want(A, "0")
    floor.want(B, "0")
    assert len(floor.sent) == 2  # not while legs are under way
    floor.reject(buy)
    floor.wait(3)
    assert floor.words()[2:] == [("b", "sell", "0.5")]
    assert floor.outcome() is GroupOutcome.SUPERSEDED


@pytest.mark.parametrize("hindrance", ["busy", "not held", "no target", "no quote", "another"])
def test_a_group_begins_only_where_it_may(hindrance: str) -> None:
    floor = Group()
    amount = "0.5"
    match hindrance:
        case "busy":
            floor.want(B, "3")
        case "not held":
            amount = "1.5"
        case "no target":
            floor.desk.cancel_everything("x", floor.now_ns)
        case "no quote":
            floor.desk.on_book_lost(A)
        case "another":
            floor.trade()
    before = len(floor.proposed)
    floor.trade(amount)
    assert len(floor.proposed) == before


def test_a_halt_forgets_the_group_and_cancels_its_legs() -> None:
    floor = Group()
    floor.trade()
    floor.do(floor.desk.cancel_everything("halt", floor.now_ns))
    assert len(floor.cancels) == 2
    for intent in list(floor.sent):
        floor.fill_part(intent, "0.5")
    assert (floor.at(A), floor.at(B)) == ("0.5", "0.5")


_PART = st.sampled_from(["reject", "lose", "0", "0.1", "0.25", "0.5"])


@given(
    sending=st.sampled_from(Sending),
    parts=st.lists(_PART, min_size=2, max_size=2),
    is_second_first=st.booleans(),
    mends=st.lists(st.sampled_from(["reject", "0", "half", "all"]), max_size=6),
)
@settings(max_examples=200, deadline=None)
def test_whatever_becomes_of_the_legs_the_position_is_what_it_was(
    sending: Sending, parts: list[str], is_second_first: bool, mends: list[str]
) -> None:
    floor = Group(sending)
    floor.trade()
    lost: list[OrderIntent] = []
    handled = 0
    while handled < len(floor.sent) and handled < 2:
        waiting = floor.sent[handled:2]
        intent = waiting[-1] if is_second_first and len(waiting) > 1 else waiting[0]
        if intent is not floor.sent[handled]:
            floor.sent[handled], floor.sent[handled + 1] = intent, floor.sent[handled]
        part = parts[handled]
        handled += 1
        if part == "reject":
            floor.reject(intent)
        elif part == "lose":
            floor.lose(intent)
            lost.append(intent)
        else:
            floor.fill_part(intent, f"{min(d(part), intent.amount.amount)}")
    for _ in range(20):
        floor.wait(0.25)
    for intent in lost:
        floor.fill_part(intent, "0.1") if intent.amount.amount >= d("0.1") else floor.reject(intent)
    answers = iter(mends)
    done = {each.client_order_id for each in floor.sent[:handled]}
    for _ in range(80):
        floor.wait(0.25)
        for each in list(floor.sent):
            if each.client_order_id in done:
                continue
            done.add(each.client_order_id)
            how = next(answers, "all")
            if how == "reject":
                floor.reject(each)
            else:
                whole = each.amount.amount
                got = {"0": ZERO, "half": whole / 2, "all": whole}[how]
                floor.fill_part(each, f"{got.quantize(d('0.0001'))}")
    (closed,) = floor.closed
    assert abs(floor.total - 1) <= TOLERANCE or closed.outcome is GroupOutcome.LEFT
    assert closed.exposure_max <= 50.0 + 1e-9
    assert all(floor.is_final(each) for each in floor.sent)
