"""The order manager survives any stream of news, answers and timers."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from bot3.messages.account import OrderClosed
from bot3.messages.orders import (
    CancelFailed,
    OrderEvent,
    OrderOutcomeUnknown,
)
from tests.bot3.execution.order_words import (
    S,
    answer,
    filled,
    opened,
)
from tests.bot3.making import (
    KEY,
    SECOND_NS,
    START_NS,
    acknowledged,
    canceled,
    expired,
    id_of,
    rejected,
)

events = st.lists(
    st.one_of(
        st.just(acknowledged()),
        st.just(rejected()),
        st.integers(0, 4).map(lambda n: canceled(filled=str(n))),
        st.integers(0, 4).map(lambda n: expired(filled=str(n))),
        st.tuples(st.integers(0, 5), st.integers(1, 2)).map(
            lambda x: filled(str(x[0]), amount=str(x[1]))
        ),
        st.sampled_from([OrderOutcomeUnknown, CancelFailed]).map(
            lambda kind: kind(id_of(), KEY, "?", START_NS)
        ),
        st.sampled_from(["cancel", "sweep", "open", "none", "filled"]),
    ),
    max_size=25,
)


@given(events)
def test_no_stream_of_news_breaks_an_order(stream: list[OrderEvent | str]) -> None:
    manager, closes = opened(), Decimal(0)
    for now_ns, event in enumerate(stream, START_NS):
        match event:
            case "cancel":
                manager.ask_cancel(id_of(), "x", now_ns)
                follow = []
            case "sweep":
                follow = manager.sweep(now_ns + 60 * SECOND_NS)
            case "none":
                follow = manager.on_venue_order(None, id_of(), now_ns + 60 * SECOND_NS)
            case "open" | "filled":
                state = S.OPEN if event == "open" else S.FILLED
                follow = manager.on_venue_order(answer(state, "3"), id_of(), now_ns)
            case _:
                follow = manager.apply(event, now_ns)
        order = manager.get(id_of())
        assert order is not None
        assert order.filled.amount <= 3
        for each in follow:
            if isinstance(each, OrderClosed):
                assert order.status.is_final
                assert each.filled == order.filled.amount
                closes += 1
        working = manager.working_amount(KEY)
        assert 0 <= working <= 3
        if order.status.is_final and not closes:
            assert working > 0
    assert sum(manager.counts().final.values()) <= 1
