"""From when on an account's fills may be unknown to the next life."""

from __future__ import annotations

from bot3.actors.memory import AHEAD_LOOK_BACK_NS, Memory
from bot3.domain.ids import RunId
from bot3.messages.control import SessionStarted
from bot3.messages.journal import Record
from bot3.messages.orders import IntentRecorded, OrderFilled
from bot3.portfolio.recovery import Recovery
from tests.bot3.making import SECOND_NS, START_NS, VENUE, make_fill, make_intent

NOW_NS = START_NS + 100 * SECOND_NS


def unseen_since_ns(*records: Record) -> int:
    recovery = Recovery("ours")
    recovery.fold([SessionStarted(RunId("testrun1"), "ours", "x", "live", START_NS), *records])
    return Memory(recovery, bars_kept=1).unseen_since_ns(VENUE, NOW_NS)


def test_nothing_is_unseen_where_nothing_was_going_on() -> None:
    assert unseen_since_ns() == NOW_NS


def test_the_oldest_of_last_fill_and_unresolved_orders_counts() -> None:
    sent = IntentRecorded(make_intent(1, "1", created_ns=START_NS + 7), START_NS)
    filled = OrderFilled(make_fill(1, 1, "0.5", ts_venue_ns=START_NS + 9))
    assert unseen_since_ns(sent) == START_NS + 7
    assert unseen_since_ns(sent, filled) == START_NS + 7


def test_an_order_from_the_future_says_that_a_clock_was_set_back() -> None:
    ahead = IntentRecorded(make_intent(1, created_ns=NOW_NS + 60 * SECOND_NS), START_NS)
    assert unseen_since_ns(ahead) == NOW_NS - AHEAD_LOOK_BACK_NS
