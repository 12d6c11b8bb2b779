"""The planner: dead band, patience, slices, exits; never a sell of more than there is."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot3.domain.book import Quote
from bot3.domain.ids import RunId
from bot3.domain.instrument import Instrument
from bot3.domain.order import Order, OrderInput, OrderType, TimeInForce
from bot3.domain.values import Side
from bot3.execution.intents import IntentMaker
from bot3.execution.places import Holding, Place
from bot3.execution.planner import (
    PlannedCancel,
    PlannedOrder,
    PlannerSettings,
    difference_of,
    plan,
)
from bot3.execution.venue_record import VenueRecord
from tests.bot3.making import KEY, START_NS, d, id_of, make_instrument, make_intent

QUOTE = Quote(99.99, 1.0, 100.02, 1.0)


def planned(
    target: str,
    position: str = "0",
    *live: Order,
    missing: str = "0",
    waited_s: int = 0,
    quote: Quote = QUOTE,
    instrument: Instrument | None = None,
    **changes: object,
) -> list[PlannedOrder | PlannedCancel]:
    place = Place(
        instrument=make_instrument() if instrument is None else instrument,
        target=d(target),
        holding=Holding(d(position), d(missing)),
        record=VenueRecord(),
        live=live,
        quote=quote,
    )
    settings = PlannerSettings(**changes)
    difference = difference_of([place], settings)
    patience_s = settings.maker_patience_s - waited_s
    return plan([place], difference, settings=settings, patience_s=patience_s)


def figures(plans: list[PlannedOrder | PlannedCancel]) -> list[tuple[object, ...]]:
    return [
        (each.side, each.order_type, each.time_in_force, each.amount.amount, each.price.amount)
        for each in plans
        if isinstance(each, PlannedOrder)
    ]


def test_an_entry_rests_at_our_own_touch_first() -> None:
    expected = (Side.BUY, OrderType.POST_ONLY, TimeInForce.GTC, d("0.5"), d("99.99"))
    assert figures(planned("0.5")) == [expected]


def test_out_of_patience_it_crosses_with_a_collar() -> None:
    expected = (Side.BUY, OrderType.LIMIT, TimeInForce.IOC, d("0.5"), d("100.12"))
    assert figures(planned("0.5", waited_s=20)) == [expected]
    expected = (Side.SELL, OrderType.LIMIT, TimeInForce.IOC, d("0.5"), d("99.90"))
    assert figures(planned("0", "0.5", maker_patience_s=0)) == [expected]


def test_an_exit_sells_all_above_dust_and_reduces() -> None:
    [order] = planned("0", "0.50009")
    assert isinstance(order, PlannedOrder)
    assert (order.side, order.amount.amount, order.price.amount, order.is_reducing) == (
        Side.SELL, d("0.5000"), d("100.02"), True,
    )  # fmt: skip
    assert planned("0", "0.0499") == []


def test_a_difference_inside_the_band_is_left_alone() -> None:
    assert planned("1", "0.91") == []
    assert planned("1", "1.09") == []
    assert len(planned("1", "0.9")) == 1
    assert len(planned("0", "0.06")) == 1  # an exit has no band


def test_fills_on_the_way_are_not_bought_or_sold_again() -> None:
    assert planned("1", "0", missing="1") == []
    [order] = planned("0", "0.4", missing="0.6")
    assert isinstance(order, PlannedOrder)
    assert order.amount.amount == d("0.4")
    [order] = planned("0", "1", missing="-0.6")
    assert isinstance(order, PlannedOrder)
    assert order.amount.amount == d("0.4")


def test_a_large_difference_is_worked_in_slices() -> None:
    [order] = planned("5", order_notional_max=d(100))
    assert isinstance(order, PlannedOrder)
    assert order.amount.amount == d("1.0001")
    instrument = make_instrument(amount_max=d(2))
    [order] = planned("5", instrument=instrument)
    assert isinstance(order, PlannedOrder)
    assert order.amount.amount == 2


@pytest.mark.parametrize("quote", [Quote(101.0, 1, 100.0, 1), Quote(0.0, 1, 100.0, 1)])
def test_a_book_that_is_wrong_plans_nothing(quote: Quote) -> None:
    assert planned("1", quote=quote) == []


def live(amount: str = "1", side: Side = Side.BUY, *inputs: OrderInput) -> Order:
    order = Order(make_intent(amount=amount, side=side)).move(OrderInput.SEND)
    for given_input in inputs:
        order = order.move(given_input)
    return order


def test_one_live_order_is_enough() -> None:
    assert planned("1", "0", live()) == []
    assert planned("2", "0", live()) == []  # the rest when it is done


@pytest.mark.parametrize(
    ("target", "position", "waited_s", "reason"),
    [
        ("1", "2", 0, "the target is reached or on the other side"),
        ("1", "1.05", 0, "the target is reached or on the other side"),
        ("1", "0.5", 0, "the target came nearer"),
        ("1", "0", 20, "out of patience"),
    ],
)
def test_an_order_that_no_longer_serves_goes(
    target: str, position: str, waited_s: int, reason: str
) -> None:
    assert planned(target, position, live(), waited_s=waited_s) == [PlannedCancel(id_of(), reason)]


@pytest.mark.parametrize("given_input", [OrderInput.ASK_CANCEL, OrderInput.LOSE])
def test_an_order_whose_fate_is_being_asked_is_left_to_its_answer(given_input: OrderInput) -> None:
    assert planned("0", "0", live("1", Side.BUY, given_input)) == []


def test_a_crossing_order_is_not_canceled_for_impatience() -> None:
    ioc = Order(make_intent(time_in_force=TimeInForce.IOC)).move(OrderInput.SEND)
    assert planned("1", "0", ioc, waited_s=60) == []


amounts = st.decimals(min_value=0, max_value=20, places=5)


@given(
    target=amounts,
    position=amounts,
    missing=st.decimals(min_value=-5, max_value=5, places=4),
    waited_s=st.sampled_from([0, 60]),
    most=st.sampled_from(["0", "50"]),
)
def test_what_is_planned_is_legal_and_goes_towards_the_target(
    target: Decimal, position: Decimal, missing: Decimal, waited_s: int, most: str
) -> None:
    for each in planned(
        str(target), str(position), missing=str(missing), waited_s=waited_s,
        order_notional_max=d(most),
    ):  # fmt: skip
        assert isinstance(each, PlannedOrder)
        assert make_instrument().refusal_of(each.amount, each.price) is None
        expected = position + missing
        after = expected + each.side.sign * each.amount.amount
        assert abs(target - after) < abs(target - expected)
        assert (target - after) * (target - expected) >= 0
        if each.side is Side.SELL:
            assert each.amount.amount <= min(position, position + missing)
        assert not d(most) or each.amount.amount * each.price.amount <= d(most)


def test_intents_are_numbered_and_named_and_expire_as_requests() -> None:
    maker = IntentMaker(RunId("testrun1"), 7, order_lifetime_s=2.5)
    [order] = planned("0.5")
    assert isinstance(order, PlannedOrder)
    first, second = (maker.make(order, "hybrid", START_NS) for _ in range(2))
    assert (first.number, first.client_order_id) == (7, "b3testrun1n7")
    assert (second.number, maker.next_number) == (8, 9)
    assert first.deadline_ns - first.created_ns == 2_500_000_000
    assert (first.instrument, first.strategy, first.is_reducing) == (KEY, "hybrid", False)
