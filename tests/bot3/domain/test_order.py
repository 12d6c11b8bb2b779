"""The order's state table: one test a rule, then a machine that tries everything."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from bot3.domain.errors import IllegalTransitionError, OverfillError
from bot3.domain.order import (
    FINAL,
    TRANSITIONS,
    Order,
    OrderInput,
    OrderStatus,
    OrderType,
    next_status,
)
from bot3.domain.values import Price
from tests.bot3.making import d, make_fill, make_intent

I, S = OrderInput, OrderStatus  # noqa: E741  (the table's own short names)


def sent(amount: str = "3") -> Order:
    return Order(make_intent(amount=amount)).move(I.SEND)


def test_a_fill_may_come_before_its_acknowledgement() -> None:
    order = sent().fill(make_fill(1))
    assert order.status is S.PARTIALLY_FILLED
    assert order.move(I.ACKNOWLEDGE, venue_order_id="v9").status is S.PARTIALLY_FILLED


def test_an_acknowledgement_after_the_last_fill_changes_nothing_but_the_id() -> None:
    order = sent().fill(make_fill(1, amount="3", venue_order_id=""))
    assert order.status is S.FILLED
    assert order.venue_order_id is None
    late = order.move(I.ACKNOWLEDGE, venue_order_id="v9")
    assert (late.status, late.venue_order_id) == (S.FILLED, "v9")


def test_a_fill_that_crosses_a_cancel_still_counts() -> None:
    order = sent().move(I.ACKNOWLEDGE).move(I.ASK_CANCEL).move(I.CANCEL)
    order = order.fill(make_fill(1))
    assert (order.status, order.filled.amount) == (S.CANCELED, 1)
    order = order.fill(make_fill(2, amount="2"))
    assert (order.status, order.filled.amount) == (S.FILLED, 3)


def test_the_same_trade_id_counts_once() -> None:
    order = sent().fill(make_fill(1))
    assert order.fill(make_fill(1)) is order


def test_more_than_was_ordered_is_refused() -> None:
    with pytest.raises(OverfillError, match="4 filled"):
        sent().fill(make_fill(1, amount="4"))


@pytest.mark.parametrize("end", [I.REJECT, I.DENY])
def test_what_never_traded_takes_no_fill(end: OrderInput) -> None:
    order = Order(make_intent())
    order = order.move(end) if end is I.DENY else order.move(I.SEND).move(end)
    with pytest.raises(IllegalTransitionError):
        order.fill(make_fill(1))


def test_unknown_becomes_whatever_the_venue_says() -> None:
    lost = sent().move(I.LOSE)
    assert lost.status is S.UNKNOWN
    assert lost.working == 3
    assert lost.move(I.ACKNOWLEDGE).status is S.OPEN
    assert lost.move(I.REJECT).status is S.REJECTED
    assert lost.fill(make_fill(1, amount="3")).status is S.FILLED


def test_a_final_order_works_no_more() -> None:
    order = sent().fill(make_fill(1)).move(I.CANCEL, reason="asked")
    assert (order.working, order.remaining.amount, order.reason) == (0, 2, "asked")


def test_average_price_is_the_mean_by_amount() -> None:
    order = sent().fill(make_fill(1, price="10")).fill(make_fill(2, amount="2", price="40"))
    assert order.average_price == Price(d(30))
    assert sent().average_price is None


def test_a_market_order_is_valued_at_its_reference() -> None:
    intent = make_intent(amount="2", price=None)
    assert intent.order_type is OrderType.MARKET
    assert (intent.worst_price, intent.notional.amount) == (Price(d(100)), 200)


def test_every_pair_that_is_not_in_the_table_is_illegal() -> None:
    for status in OrderStatus:
        for given in OrderInput:
            if (status, given) not in TRANSITIONS:
                with pytest.raises(IllegalTransitionError, match=status.value):
                    next_status(status, given)


def test_final_states_lead_only_to_filled_or_themselves() -> None:
    for (status, _), after in TRANSITIONS.items():
        if status in FINAL:
            assert after in (status, S.FILLED)


class OrderMachine(RuleBasedStateMachine):
    """Any input in any order: the order either follows the table or stays as it was."""

    def __init__(self) -> None:
        super().__init__()
        self.order = Order(make_intent(amount="5"))
        self.seen: dict[str, Decimal] = {}

    @rule(given=st.sampled_from([i for i in OrderInput if "fill" not in i.value]))
    def move(self, given: OrderInput) -> None:
        before = self.order
        try:
            self.order = before.move(given)
        except IllegalTransitionError:
            assert (before.status, given) not in TRANSITIONS
        else:
            assert TRANSITIONS[before.status, given] is self.order.status
        assert self.order.filled == before.filled

    @rule(trade=st.integers(0, 8), amount=st.integers(1, 3))
    def fill(self, trade: int, amount: int) -> None:
        before = self.order
        try:
            self.order = before.fill(make_fill(trade, amount=Decimal(amount)))
        except OverfillError:
            assert before.filled.amount + amount > 5
        except IllegalTransitionError:
            assert before.status in (S.PENDING, S.FILLED, S.REJECTED, S.DENIED)
        else:
            self.seen.setdefault(str(trade), Decimal(amount))

    @precondition(lambda self: self.order.status.is_final)
    @rule(given=st.sampled_from([I.SEND, I.LOSE, I.DENY]))
    def final_stays_final(self, given: OrderInput) -> None:
        with pytest.raises(IllegalTransitionError):
            self.order.move(given)

    @invariant()
    def filled_is_the_sum_of_its_trades(self) -> None:
        assert self.order.filled.amount == sum(self.seen.values())
        assert self.order.filled <= self.order.intent.amount
        assert self.order.trade_ids == frozenset(self.seen)
        if self.order.status is S.FILLED:
            assert self.order.remaining.is_zero


TestOrderMachine = OrderMachine.TestCase
