"""Recovery: what one account's journal says, in whatever pieces it is read."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot3.domain.ids import ClientOrderId, RunId
from bot3.domain.order import OrderStatus
from bot3.domain.values import Side
from bot3.messages.control import EquityMarked, SessionStarted, TradingHalted, TradingResumed
from bot3.messages.healing import HealingActed, HealingAction
from bot3.messages.journal import Record
from bot3.messages.orders import (
    CancelFailed,
    IntentRecorded,
    OrderFilled,
    OrderOutcomeUnknown,
)
from bot3.portfolio.recovery import SETTLED_KEPT, Recovery
from tests.bot3.making import (
    KEY,
    START_NS,
    acknowledged,
    canceled,
    d,
    expired,
    id_of,
    make_fill,
    make_intent,
    rejected,
)

OURS = SessionStarted(RunId("testrun1"), "ours", "x", "live", START_NS)
THEIRS = SessionStarted(RunId("testrun2"), "theirs", "x", "paper", START_NS)


def recovered(*records: Record) -> Recovery:
    recovery = Recovery("ours")
    recovery.fold([OURS, *records])
    return recovery


def intent(number: int) -> IntentRecorded:
    return IntentRecorded(make_intent(number, amount="3"), START_NS)


def test_an_intent_without_an_answer_is_unknown() -> None:
    [kept] = recovered(intent(4)).orders()
    assert kept.order.status is OrderStatus.UNKNOWN
    assert recovered(intent(4)).next_intent_number == 5


def test_what_healing_did_changes_nothing_of_money() -> None:
    healed = [HealingActed(action, KEY.venue, "503", START_NS) for action in HealingAction]
    recovery = recovered(healed[0], intent(4), *healed, acknowledged(4))
    [kept] = recovery.orders()
    assert (kept.order.status, recovery.anomalies) == (OrderStatus.OPEN, 0)
    assert recovery.halted_reason is None


def test_what_is_settled_is_left_out_and_the_rest_is_in_order() -> None:
    recovery = recovered(
        intent(1), intent(2), intent(3), rejected(2), acknowledged(3), acknowledged(1),
        OrderFilled(make_fill("a", 1)), OrderFilled(make_fill("b", 3, amount="3")),
    )  # fmt: skip
    [kept] = recovery.orders()
    assert (kept.order.intent.number, kept.order.status) == (1, OrderStatus.PARTIALLY_FILLED)
    assert recovery.tracker.position(KEY).amount == 4
    assert recovery.last_fill_ns == {KEY: START_NS}


def test_a_canceled_order_whose_fills_are_missing_is_kept() -> None:
    [kept] = recovered(intent(1), canceled(1, filled="2")).orders()
    assert (kept.order.status, kept.stated) == (OrderStatus.CANCELED, 2)
    fills = [OrderFilled(make_fill("a", 1, amount="2"))]
    assert recovered(intent(1), canceled(1, filled="2"), *fills).orders() == ()


def test_settled_orders_are_forgotten_when_there_are_many() -> None:
    recovery = recovered(
        *(each for n in range(1, SETTLED_KEPT + 12) for each in (intent(n), rejected(n)))
    )
    assert recovery.orders() == ()
    assert recovery.order(id_of(11)) is None
    assert recovery.order(id_of(12)) is not None
    assert recovery.next_intent_number == SETTLED_KEPT + 12


def test_other_accounts_are_skipped() -> None:
    recovery = recovered(intent(1), THEIRS, intent(9), TradingHalted("theirs", START_NS), OURS)
    assert (recovery.next_intent_number, recovery.halted_reason) == (2, None)
    assert len(recovery.orders()) == 1


def test_a_halt_lasts_until_resumed_which_rebases_the_peak() -> None:
    marks: list[Record] = [EquityMarked(d(equity), d(100), 0.0, START_NS) for equity in (100, 80)]
    halted = recovered(*marks, TradingHalted("drawdown", START_NS))
    assert (halted.halted_reason, halted.watch.drawdown) == ("drawdown", 0.2)
    resumed = recovered(*marks, TradingHalted("drawdown", 1), TradingResumed("me", 2))
    assert (resumed.halted_reason, resumed.watch.drawdown) == (None, 0)


def test_what_an_order_cannot_take_is_counted_and_foreign_fills_are_not_ours() -> None:
    foreign = make_fill("z", client_order_id=ClientOrderId("web_1"))
    recovery = recovered(
        intent(1), rejected(1), OrderFilled(make_fill("a", 1)), OrderFilled(foreign)
    )
    assert recovery.anomalies == 1
    assert recovery.tracker.position(KEY).amount == 1  # the money moved all the same


numbers = st.integers(1, 4)
records = st.lists(
    st.one_of(
        st.just(OURS),
        st.just(THEIRS),
        numbers.map(intent),
        numbers.map(acknowledged),
        numbers.map(rejected),
        st.tuples(numbers, st.integers(0, 3)).map(lambda x: canceled(x[0], str(x[1]))),
        st.tuples(numbers, st.integers(0, 3)).map(lambda x: expired(x[0], str(x[1]))),
        st.tuples(st.integers(0, 9), numbers, st.sampled_from(Side)).map(
            lambda x: OrderFilled(make_fill(x[0], x[1], side=x[2]))
        ),
        numbers.map(lambda n: OrderOutcomeUnknown(id_of(n), KEY, "?", START_NS)),
        numbers.map(lambda n: CancelFailed(id_of(n), KEY, "?", START_NS)),
        st.integers(1, 99).map(lambda n: EquityMarked(d(n), d(n), 0.0, START_NS + n)),
        st.just(TradingHalted("x", START_NS)),
        st.just(TradingResumed("x", START_NS)),
    ),
    max_size=30,
)


@given(records, st.integers(0, 30))
def test_folding_in_pieces_is_folding_at_once(journal: list[Record], cut: int) -> None:
    whole, pieces = Recovery("ours"), Recovery("ours")
    whole.fold(journal)
    for piece in (journal[:cut], journal[cut:]):
        pieces.fold(piece)
        pieces.orders()  # asking in between changes nothing
    assert whole.orders() == pieces.orders()
    assert whole.tracker.positions() == pieces.tracker.positions()
    assert whole.tracker.trade_ids() == pieces.tracker.trade_ids()
    for name in ("watch", "halted_reason", "next_intent_number", "last_fill_ns", "anomalies"):
        assert getattr(whole, name) == getattr(pieces, name)
