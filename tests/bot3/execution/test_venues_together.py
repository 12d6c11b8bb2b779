"""A symbol's venues, worked together: where an order goes, in which style, and what follows."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from bot3.domain.book import Quote
from bot3.domain.instrument import Instrument
from bot3.domain.order import Order, OrderInput, OrderType, TimeInForce
from bot3.domain.values import InstrumentId, Price, Side, Symbol, VenueName
from bot3.execution.places import Holding, Place
from bot3.execution.planner import (
    PlannedCancel,
    PlannedOrder,
    PlannerSettings,
    difference_of,
    plan,
)
from bot3.execution.venue_record import VenueRecord
from tests.bot3.making import d, id_of, make_instrument, make_intent

QUOTE = Quote(99.99, 1.0, 100.01, 1.0)


def key_of(venue: str) -> InstrumentId:
    return InstrumentId(VenueName(venue), Symbol("BTC/USDT"))


def place(
    venue: str,
    target: str = "0",
    position: str = "0",
    *,
    most: str = "10",
    quote: Quote | None = QUOTE,
    fee: str = "0.001",
    live: tuple[Order, ...] = (),
    **changes: object,
) -> Place:
    known: Instrument = make_instrument(key_of(venue), maker_fee_rate=d(fee), taker_fee_rate=d(fee))
    made = Place(
        instrument=known,
        target=d(target),
        position_max=d(most),
        holding=Holding(d(position)),
        record=VenueRecord(),
        quote=quote,
        live=live,
    )
    return changed(made, **changes)


def changed(made: Place, **changes: object) -> Place:
    return made._replace(**changes)


def live(venue: str, amount: str = "1", *inputs: OrderInput, **changes: object) -> Order:
    intent = make_intent(
        amount=amount, **{"instrument": key_of(venue), "price": "99.99", **changes}
    )
    order = Order(intent).move(OrderInput.SEND)
    for given_input in inputs:
        order = order.move(given_input)
    return order


def work(*places: Place, patience_s: float = 0.0, **changes: Any) -> list[tuple[str, str, str]]:
    settings = PlannerSettings(**{"maker_patience_s": 20.0, **changes})
    difference = difference_of(places, settings)
    planned = plan(places, difference, settings=settings, patience_s=patience_s)
    return [words(each) for each in planned]


def words(each: PlannedOrder | PlannedCancel) -> tuple[str, str, str]:
    if isinstance(each, PlannedCancel):
        return ("cancel", str(each.client_order_id), each.reason)
    style = "rest" if each.order_type is OrderType.POST_ONLY else "cross"
    assert (each.time_in_force is TimeInForce.GTC) == (style == "rest")
    assert each.is_reducing == (each.side is Side.SELL)
    return (
        f"{style} {each.side.value}",
        str(each.instrument.venue),
        f"{each.amount.amount.normalize():f}",
    )


def test_what_two_strategies_want_is_bought_where_it_is_cheapest() -> None:
    dear = changed(place("a", "1"), quote=Quote(100.0, 1.0, 100.05, 1.0))
    assert work(dear, place("b", "1")) == [("cross buy", "b", "2")]
    low_fee = place("a", "1", quote=Quote(100.0, 1.0, 100.05, 1.0), fee="0.0005")
    assert work(low_fee, place("b", "1")) == [("cross buy", "a", "2")]


def test_a_venue_takes_no_more_than_its_limit_funds_and_depth() -> None:
    rich = changed(place("a", "2"), quote=Quote(99.0, 1.0, 99.01, 1.0))
    other = place("b", "1")
    full = changed(rich, position_max=d(2))
    assert work(full, other) == [("cross buy", "a", "2"), ("cross buy", "b", "1")]
    poor = changed(rich, funds=d(100))
    [(_, venue, amount), rest] = work(poor, other)
    assert (venue, rest[1]) == ("a", "b")
    assert d("1") < Decimal(amount) * d("99.01") * d("1.002") < 100  # the limit and its fee
    thin = changed(rich, asks=[(99.01, 9.0), (99.05, 0.5), (99.11, 50.0), (99.2, 50.0)])
    assert work(thin, other) == [("cross buy", "a", "1.5"), ("cross buy", "b", "1.5")]
    small = changed(rich, instrument=evolve(rich.instrument, amount_max=d("0.5")))
    assert work(small, other) == [("cross buy", "a", "0.5"), ("cross buy", "b", "2.5")]
    tight = changed(rich, instrument=evolve(rich.instrument, notional_max=d(50)))
    assert [each[1] for each in work(tight, other)] == ["a", "b"]


def test_sells_go_to_the_best_bid_that_has_something_to_sell() -> None:
    high = place("a", "0", "0.4", quote=Quote(101.0, 1.0, 101.02, 1.0))
    found = work(high, place("b", "0", "1"), place("c", "0", "0"))
    assert found == [("cross sell", "a", "0.4"), ("cross sell", "b", "1")]
    assert work(high, place("b", "1", "1")) == [("cross sell", "a", "0.4")]


def test_what_one_venue_holds_serves_the_wish_of_another() -> None:
    assert work(place("a", "0", "1"), place("b", "1", "0")) == []
    assert work(place("a", "0", "1"), place("b", "1", "0.05")) == []  # inside the band of the sum


def test_it_rests_where_that_is_cheaper_and_crosses_where_that_is() -> None:
    """The venue with the dear taker's fee is rested on; the other is cheaper to cross."""
    quiet = changed(place("a", "1", most="1"), volatility_bps=2.0)
    dear_taker = evolve(quiet.instrument, taker_fee_rate=d("0.01"))
    lost = VenueRecord()
    for _ in range(50):
        lost.on_rest(0.0)
    never_filled = changed(place("b", "1", most="1"), volatility_bps=2.0, record=lost)
    found = work(
        changed(quiet, instrument=dear_taker), never_filled, patience_s=20.0, waiting_bps_per_s=0.1
    )
    assert sorted(found) == [("cross buy", "b", "1"), ("rest buy", "a", "1")]


def test_a_low_bid_is_not_a_cheap_one() -> None:
    """Both mids are 100, and resting costs the fee: a bid far off is only less likely to be hit."""
    wide = changed(place("a", "1", quote=Quote(98.0, 1.0, 102.0, 1.0)), volatility_bps=5.0)
    narrow = changed(place("b", "1"), volatility_bps=5.0)
    assert work(wide, narrow, patience_s=20.0) == [("rest buy", "b", "2")]


@pytest.mark.parametrize("status", [OrderInput.LOSE, OrderInput.ASK_CANCEL])
def test_an_order_that_nobody_can_tell_the_end_of_counts_as_done_and_stops_nobody(
    status: OrderInput,
) -> None:
    stuck = changed(place("a", "1"), live=(live("a", "0.6", status),))
    assert work(stuck, place("b", "1")) == [("cross buy", "b", "1.4")]
    assert work(place("a", "0.6", live=stuck.live), place("b", "0.02")) == []


def test_an_order_that_will_soon_have_ended_is_waited_for() -> None:
    sent = changed(place("a", "1"), live=(live("a", "0.6", time_in_force=TimeInForce.IOC),))
    assert work(sent, place("b", "1")) == []
    assert work(changed(place("a", "1"), proposed=d("0.6")), place("b", "1")) == []


def test_of_two_orders_the_one_too_much_goes() -> None:
    first = changed(place("a", "0.6"), live=(live("a", "0.6"),))
    second = changed(place("b", "0.6"), live=(live("b", "0.6", client_order_id=id_of(2)),))
    assert work(first, second, patience_s=9) == []
    less = changed(second, target=d(0))
    expected = ("cancel", id_of(2), "the target is reached or on the other side")
    assert work(first, less, patience_s=9) == [expected]


def test_what_is_before_the_gate_counts_where_another_rests() -> None:
    asked = changed(place("a", "1"), proposed=d("0.6"))
    resting = changed(place("b", "1"), live=(live("b", "1.4"),))
    assert work(asked, resting, patience_s=9) == []
    less = changed(resting, target=d("0.5"))
    assert work(asked, less, patience_s=9) == [("cancel", id_of(), "the target came nearer")]


def test_a_resting_order_follows_the_touch_that_left_it() -> None:
    resting = live("a", "1", OrderInput.ACKNOWLEDGE)
    assert resting.intent.price == Price(d("99.99"))
    near = changed(place("a", "1", quote=Quote(100.03, 1, 100.05, 1)), live=(resting,))
    assert work(near, patience_s=9) == []  # 4 of 5 bps
    gone = changed(near, quote=Quote(100.06, 1, 100.08, 1))
    assert work(gone, patience_s=9) == [("cancel", id_of(), "the price moved")]
    assert work(changed(near, quote=Quote(98.0, 1, 98.02, 1)), patience_s=9) == []
    on_its_way = changed(gone, live=(live("a", "1"),))
    assert work(on_its_way, patience_s=9) == []


def test_a_venue_without_a_quote_or_at_rest_is_left_out() -> None:
    for shut in (changed(place("a", "1"), quote=None), changed(place("a", "1"), is_open=False)):
        assert work(shut, place("b", "1")) == [("cross buy", "b", "2")]
        assert work(shut) == []


def test_a_slow_venue_must_be_better_by_its_penalty() -> None:
    slow = VenueRecord(latency_s=2.0)
    better = changed(place("a", "1", quote=Quote(99.98, 1, 100.0, 1)), record=slow)
    assert work(better, place("b", "1")) == [("cross buy", "a", "2")]
    moving = changed(better, volatility_bps=5.0), changed(place("b", "1"), volatility_bps=5.0)
    assert work(*moving) == [("cross buy", "b", "2")]


amounts = st.integers(0, 40).map(lambda tenths: Decimal(tenths) / 10)
quotes = st.tuples(st.integers(9_900, 10_100), st.integers(1, 5)).map(
    lambda pair: Quote(pair[0] / 100, 1.0, (pair[0] + pair[1]) / 100, 1.0)
)


@given(
    st.lists(
        st.tuples(amounts, amounts, amounts, quotes, st.integers(0, 500)), min_size=1, max_size=4
    ),
    st.sampled_from([0.0, 20.0]),
)
def test_no_venue_is_overbought_or_oversold_and_the_sum_is_not_passed(
    rows: list[tuple[Decimal, Decimal, Decimal, Quote, int]], patience_s: float
) -> None:
    places = [
        changed(
            place(f"v{number}", quote=quote),
            target=target,
            position_max=most,
            holding=Holding(position),
            funds=Decimal(funds),
        )
        for number, (target, position, most, quote, funds) in enumerate(rows)
    ]
    settings = PlannerSettings()
    difference = difference_of(places, settings)
    planned = plan(places, difference, settings=settings, patience_s=patience_s)
    orders = [each for each in planned if isinstance(each, PlannedOrder)]
    assert len({order.instrument for order in orders}) == len(orders)
    assert sum(order.amount.amount for order in orders) <= abs(difference)
    by_key = {each.instrument.id: each for each in places}
    for order in orders:
        at = by_key[order.instrument]
        assert order.side.sign * difference > 0
        assert at.instrument.refusal_of(order.amount, order.price) is None
        if order.side is Side.SELL:
            assert order.amount.amount <= at.holding.position
        else:
            bought = at.holding.position + order.amount.amount
            assert bought <= max(at.position_max, at.target)
            assert at.funds is not None
            assert order.price.amount * order.amount.amount * d("1.001") <= at.funds
