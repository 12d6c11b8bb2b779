"""The order manager: every race has its rule, every follow-up its reason."""

from __future__ import annotations

import pytest

from bot3.domain.errors import IllegalTransitionError
from bot3.domain.fill import Fill
from bot3.domain.ids import ClientOrderId
from bot3.domain.order import Order, OrderInput, OrderStatus, TimeInForce
from bot3.domain.values import Side
from bot3.execution.actions import Deduced, ForeignOrder, OrderAnomaly
from bot3.execution.orders import OrderManager
from bot3.messages.orders import (
    CancelFailed,
    CancelOrder,
    OrderAcknowledged,
    OrderCanceled,
    OrderFilled,
    OrderOutcomeUnknown,
    OrderRejected,
)
from tests.bot3.execution.order_words import (
    DEADLINE_NS,
    FETCH,
    QUERY,
    S,
    answer,
    closed,
    feed,
    filled,
    opened,
    status,
)
from tests.bot3.making import (
    KEY,
    SECOND_NS,
    START_NS,
    VENUE,
    acknowledged,
    canceled,
    d,
    id_of,
    make_fill,
    make_intent,
    rejected,
)


def test_an_order_works_until_it_is_filled() -> None:
    manager = opened()
    assert manager.working_amount(KEY) == 3
    assert feed(manager, acknowledged(), filled("a")) == []
    assert (status(manager), manager.working_amount(KEY)) == (S.PARTIALLY_FILLED, 2)
    assert feed(manager, filled("b", amount="2")) == [closed(S.FILLED, "3")]
    assert (manager.live(KEY), manager.working_amount(KEY)) == ((), 0)
    assert manager.counts().final == {S.FILLED: 1}


def test_a_sell_works_with_the_other_sign() -> None:
    assert opened(side=Side.SELL).working_amount(KEY) == -3


def test_late_and_doubled_news_of_a_closed_order_change_nothing() -> None:
    manager = opened()
    feed(manager, filled("a", amount="3"))
    assert feed(manager, acknowledged(), filled("a", amount="3")) == []
    assert manager.counts().final == {S.FILLED: 1}


def test_a_canceled_order_with_fills_on_the_way_is_watched_until_they_come() -> None:
    manager = opened()
    assert feed(manager, acknowledged(), filled("a"), canceled(filled="2.5")) == [FETCH]
    assert manager.live(KEY) == ()
    assert manager.missing_amount(KEY) == manager.working_amount(KEY) == d("1.5")
    assert manager.sweep(START_NS + 5 * SECOND_NS) == [FETCH]
    assert manager.sweep(START_NS + 6 * SECOND_NS) == []  # not asked again so soon
    done = feed(manager, filled("b", amount="1.5"))
    assert done == [closed(S.CANCELED, "2.5")]
    assert manager.working_amount(KEY) == 0


def test_a_fill_after_the_close_counts_and_moves_the_counters() -> None:
    manager = opened()
    assert feed(manager, canceled()) == [closed(S.CANCELED, "0")]
    assert feed(manager, filled("a", amount="3")) == []
    assert status(manager) is S.FILLED
    assert manager.counts().final == {S.FILLED: 1}


def test_a_second_cancel_that_states_more_opens_the_watch_again() -> None:
    manager = opened()
    feed(manager, canceled())
    assert feed(manager, canceled(filled="1")) == [FETCH]
    assert feed(manager, filled("a")) == [closed(S.CANCELED, "1")]
    assert manager.counts().final == {S.CANCELED: 1}


@pytest.mark.parametrize("kind", [OrderOutcomeUnknown, CancelFailed])
def test_what_nobody_knows_is_asked(kind: type) -> None:
    manager = opened()
    assert feed(manager, kind(id_of(), KEY, "time-out", START_NS)) == [QUERY]
    assert status(manager) is S.UNKNOWN
    feed(manager, filled("a", amount="3"))
    assert feed(manager, kind(id_of(), KEY, "late", START_NS)) == []


def test_not_found_counts_only_after_deadline_and_margin() -> None:
    manager = opened()
    last_ns = DEADLINE_NS + 12 * SECOND_NS
    assert manager.on_venue_order(None, id_of(), last_ns - 1) == []
    [deduced] = manager.on_venue_order(None, id_of(), last_ns)
    assert isinstance(deduced, Deduced)
    assert isinstance(deduced.event, OrderRejected)
    [end] = feed(manager, deduced.event)
    assert end == closed(S.REJECTED, "0", "not_found: the venue knows no such order")


def test_not_found_of_an_order_that_was_there_is_its_end_not_a_rejection() -> None:
    manager = opened()
    feed(manager, acknowledged(), filled("a"))
    [deduced] = manager.on_venue_order(None, id_of(), DEADLINE_NS + 60 * SECOND_NS)
    assert isinstance(deduced, Deduced)
    assert isinstance(deduced.event, OrderCanceled)
    assert feed(manager, deduced.event) == [closed(S.CANCELED, "1")]


def test_an_answer_becomes_an_event_that_is_journaled_first() -> None:
    manager = opened()
    [deduced] = manager.on_venue_order(answer(S.OPEN), id_of(), START_NS)
    assert isinstance(deduced, Deduced)
    assert isinstance(deduced.event, OrderAcknowledged)
    assert status(manager) is S.SUBMITTED
    feed(manager, deduced.event)
    assert status(manager) is S.OPEN
    assert manager.on_venue_order(answer(S.OPEN), id_of(), START_NS) == []


def test_a_filled_answer_fetches_the_fills_that_make_it_so() -> None:
    manager = opened()
    assert manager.on_venue_order(answer(S.FILLED, "3"), id_of(), START_NS) == [FETCH]
    assert status(manager) is S.SUBMITTED
    assert feed(manager, filled("a", amount="3")) == [closed(S.FILLED, "3")]


@pytest.mark.parametrize(
    ("state", "end"), [(S.CANCELED, S.CANCELED), (S.EXPIRED, S.EXPIRED), (S.REJECTED, S.REJECTED)]
)
def test_an_answer_that_is_an_end_ends_it(state: OrderStatus, end: OrderStatus) -> None:
    manager = opened()
    [deduced] = manager.on_venue_order(answer(state), id_of(), START_NS)
    assert isinstance(deduced, Deduced)
    feed(manager, deduced.event)
    assert status(manager) is end


def test_a_cancel_is_asked_once_and_again_after_it_failed() -> None:
    manager = opened()
    command = [CancelOrder(KEY, id_of(), "why")]
    assert manager.ask_cancel(id_of(), "why", START_NS) == command
    assert manager.ask_cancel(id_of(), "why", START_NS) == []
    assert manager.sweep(START_NS + 5 * SECOND_NS) == [QUERY]
    [deduced] = manager.on_venue_order(answer(S.OPEN), id_of(), START_NS)
    assert isinstance(deduced, Deduced)
    assert isinstance(deduced.event, CancelFailed)
    feed(manager, deduced.event, acknowledged())
    assert manager.ask_cancel(id_of(), "why", START_NS) == command
    feed(manager, canceled())
    assert manager.ask_cancel(id_of(), "why", START_NS) == []
    assert manager.ask_cancel(id_of(9), "why", START_NS) == []


def test_news_that_an_order_cannot_take_is_an_anomaly() -> None:
    manager = opened()
    other_side: Fill = make_fill("x", side=Side.SELL)
    for event in (filled("big", amount="4"), OrderFilled(other_side)):
        [anomaly] = feed(manager, event)
        assert isinstance(anomaly, OrderAnomaly)
        assert anomaly.status is S.SUBMITTED
    feed(manager, rejected())
    [anomaly] = feed(manager, filled("a"))
    assert anomaly == OrderAnomaly(id_of(), KEY, S.REJECTED, "rejected cannot take fill_part")
    assert manager.counts().anomalies == 3


def test_a_venue_that_states_more_than_was_ordered_is_reported_and_believed_up_to_that() -> None:
    manager = opened()
    anomaly, fetch = feed(manager, canceled(filled="4"))
    assert isinstance(anomaly, OrderAnomaly)
    assert (fetch, manager.working_amount(KEY)) == (FETCH, 3)


def test_foreign_and_forgotten_orders_are_told_apart() -> None:
    manager = OrderManager(final_kept=1)
    for number in (1, 2):
        manager.open(make_intent(number), START_NS)
        feed(manager, rejected(number))
    assert manager.get(id_of(1)) is None
    assert feed(manager, acknowledged(1)) == [ForeignOrder(id_of(1), KEY, is_own_id=True)]
    foreign = make_fill("z", client_order_id=ClientOrderId("web_1"))
    assert feed(manager, OrderFilled(foreign)) == [ForeignOrder("web_1", KEY, is_own_id=False)]
    counts = manager.counts()
    assert (counts.foreign, counts.live, counts.final) == (2, 0, {S.REJECTED: 2})


def test_an_id_is_opened_once() -> None:
    with pytest.raises(IllegalTransitionError, match="twice"):
        opened().open(make_intent(), START_NS)


@pytest.mark.parametrize(("force", "after_s"), [(TimeInForce.GTC, 30), (TimeInForce.IOC, 5)])
def test_an_open_order_that_is_silent_for_too_long_is_asked_about(
    force: TimeInForce, after_s: int
) -> None:
    manager = opened(time_in_force=force)
    feed(manager, acknowledged())
    assert manager.sweep(START_NS + after_s * SECOND_NS - 1) == []
    assert manager.sweep(START_NS + after_s * SECOND_NS) == [QUERY]


def test_a_gap_in_the_stream_asks_about_every_live_order() -> None:
    manager = opened(count=2)
    feed(manager, acknowledged(1), acknowledged(2), filled("a", 2, amount="3"))
    assert manager.recheck(VENUE, START_NS) == [QUERY]


def test_a_restored_order_is_asked_about_by_the_first_sweep() -> None:
    manager = OrderManager()
    manager.restore(Order(make_intent(amount="3")).move(OrderInput.SEND).move(OrderInput.LOSE))
    assert manager.sweep(START_NS) == [QUERY]
