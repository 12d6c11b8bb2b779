"""The order path through the core: size, intent, journal, venue, fill, position, equity, halt."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import pytest

from bot3.domain.order import OrderType, TimeInForce
from bot3.messages.account import OrderClosed, PositionChanged
from bot3.messages.control import (
    EquityMarked,
    HaltTrading,
    ResumeTrading,
    TradingHalted,
    TradingResumed,
)
from bot3.messages.minds import TargetProposed
from bot3.messages.orders import (
    AccountLost,
    AccountRestored,
    CancelFailed,
    CancelOrder,
    IntentRecorded,
    OrderCanceled,
    OrderDenied,
    ProposeOrder,
    QueryAnswered,
    QueryOrder,
    SubmitOrder,
    TargetSized,
)
from bot3.messages.risk import CapitalChanged
from tests.bot3.actors.core_driver import BITCOIN, ETHER, CoreDriver
from tests.bot3.actors.series import bars_of, wave
from tests.bot3.actors.venue_words import canceled, order_at_venue
from tests.bot3.making import SECOND_NS, VENUE, acknowledged, d, make_intent


def test_history_and_live_bars_lead_to_an_order() -> None:
    """The whole way: bars, features, regime, opinions, blend, size, intent, journal, venue."""
    alone = {"ta_ml_split.ta_weight": 1.0, "ta_ml_split.ml_weight": 0.0}
    driver = CoreDriver({**alone, "ta_ml_split.adaptive": False})
    closes = wave(400)
    driver.history(BITCOIN, bars_of(BITCOIN, closes[:300]))
    assert len(driver.heard(TargetProposed)) > 0
    assert driver.heard(TargetSized) == []  # nothing trades on history
    for price in closes[300:]:
        driver.live_bar(BITCOIN, round(price, 2))
    live = [each for each in driver.heard(TargetProposed) if not each.is_warm_up]
    blended = [each for each in live if each.strategy == "hybrid"]
    assert len({each.ts_ns for each in blended}) == len(blended) == 99  # one a closed bar
    assert any(sized.position > 0 for sized in driver.heard(TargetSized))
    first = driver.submitted()[0]
    assert (first.instrument, first.strategy) == (BITCOIN, "hybrid")
    assert driver.errors() == {}


def test_an_intent_is_durable_before_the_order_leaves() -> None:
    driver = CoreDriver()
    driver.quote_and_mark()
    driver.journal.is_slow = True
    driver.want(1.0)
    assert driver.of(SubmitOrder) == []
    driver.journal.release()
    marks = (EquityMarked, CapitalChanged)
    kinds = [type(effect) for effect in driver.effects if not isinstance(effect, marks)]
    assert kinds == [IntentRecorded, SubmitOrder]
    (intent,) = driver.submitted()
    assert driver.of(IntentRecorded)[0].intent == intent
    assert (intent.order_type, intent.time_in_force) == (OrderType.POST_ONLY, TimeInForce.GTC)
    # 0.02 of 10,000 at "balanced" (three quarters), less a hundredth of headroom, at a mid of 100
    assert intent.amount.amount == d("1.485")
    assert intent.price is not None
    assert intent.price.amount == d("99.98")


def test_patience_ends_in_a_cancel_and_an_order_across_the_spread() -> None:
    driver = CoreDriver()
    driver.quote_and_mark()
    driver.want(1.0)
    (first,) = driver.submitted()
    driver.acknowledge(first)
    driver.quiet(3.25)
    assert [cancel.client_order_id for cancel in driver.of(CancelOrder)] == [first.client_order_id]
    driver.core.publish(canceled(first, driver.now_ns))
    driver.tick()
    _, second = driver.submitted()
    assert (second.number, second.time_in_force) == (first.number + 1, TimeInForce.IOC)
    assert second.worst_price.amount > d("100.02")


def test_fills_become_a_position_then_equity() -> None:
    driver = CoreDriver()
    driver.quote_and_mark()
    driver.want(1.0)
    (intent,) = driver.submitted()
    driver.acknowledge(intent)
    driver.fill(intent, intent.amount.amount, "99.98")
    driver.fill(intent, intent.amount.amount, "99.98")  # the same trade, by another way
    (changed,) = driver.heard(PositionChanged)
    assert (changed.position, changed.instrument) == (intent.amount.amount, BITCOIN)
    assert [closed.status.value for closed in driver.heard(OrderClosed)] == ["filled"]
    driver.fund("9851.5297", "1.485")
    driver.tick(1.0)
    marked = driver.heard(EquityMarked)[-1]
    assert marked.equity == d("9851.5297") + d("1.485") * 100
    driver.book(BITCOIN, 99.98, 100.02)
    driver.want(1.0)
    assert len(driver.submitted()) == 1  # the target is reached


def test_equity_is_journaled_every_ten_seconds() -> None:
    driver = CoreDriver()
    driver.quote_and_mark()
    for _ in range(80):
        driver.tick(0.25)
    assert len(driver.heard(EquityMarked)) == 21
    times = [marked.ts_ns for marked in driver.of(EquityMarked)]
    assert [after - before for before, after in pairwise(times)] == [10 * SECOND_NS] * 2


@pytest.mark.parametrize("reason", ["book_stale", "venue_down", "trading_halted"])
def test_the_gate_denies_and_says_why(reason: str) -> None:
    driver = CoreDriver()
    driver.quote_and_mark()
    match reason:
        case "book_stale":
            driver.tick(2.5)
        case "venue_down":
            driver.core.publish(AccountLost(VENUE, "reset by peer", driver.now_ns))
        case _:
            driver.core.risk.send(HaltTrading("the operator says so"))
    driver.want(1.0)
    (denied,) = driver.of(OrderDenied)
    assert denied.denial.reason.value == reason
    assert denied in driver.journal.records
    assert driver.watcher.board.orders.denials == {reason: 1}
    assert driver.submitted() == []


def test_orders_flow_again_when_the_account_is_back() -> None:
    driver = CoreDriver()
    driver.quote_and_mark()
    driver.core.publish(AccountLost(VENUE, "reset by peer", driver.now_ns))
    driver.want(1.0)
    driver.core.publish(AccountRestored(VENUE, 1, driver.now_ns))
    driver.quiet(3.0)  # the pause after a denial is over
    assert len(driver.submitted()) == 1


@pytest.mark.parametrize("lost", [False, True])
def test_a_lost_book_reaches_risk(*, lost: bool) -> None:
    """A proposal that was under way when the book was lost: the gate knows by itself."""
    driver = CoreDriver()
    driver.quote_and_mark()
    if lost:
        driver.change(BITCOIN, [(101.0, 1.0)], [])
    driver.core.risk.send(ProposeOrder(make_intent(7), 0))
    denials = [denied.denial.reason.value for denied in driver.of(OrderDenied)]
    assert denials == (["book_stale"] if lost else [])


def halted_by_drawdown() -> CoreDriver:
    """An order rests when the equity falls by a fifth."""
    driver = CoreDriver({"risk.flatten_at_limit": False})
    driver.quote_and_mark()
    driver.want(1.0)
    driver.acknowledge(driver.submitted()[0])
    driver.fund("8000")
    driver.tick(1.0)
    return driver


def test_a_drawdown_halts_journals_and_cancels_everything() -> None:
    driver = halted_by_drawdown()
    (resting,) = driver.submitted()
    (halted,) = driver.of(TradingHalted)
    assert halted.reason.startswith("drawdown 20.00%")
    assert [cancel.client_order_id for cancel in driver.of(CancelOrder)] == [
        resting.client_order_id
    ]
    assert driver.watcher.board.halted == halted
    assert driver.memory.recovery.halted_reason == halted.reason


def test_nothing_is_submitted_after_a_halt_until_somebody_resumes() -> None:
    driver = halted_by_drawdown()
    driver.core.publish(canceled(driver.submitted()[0], driver.now_ns))
    for _ in range(20):
        driver.book(BITCOIN, 99.98, 100.02)
        driver.want(1.0)
        driver.book(ETHER, 99.98, 100.02)
        driver.want(1.0, ETHER)
        driver.tick(1.0)
    assert len(driver.submitted()) == 1
    assert {denied.denial.reason.value for denied in driver.of(OrderDenied)} == {"trading_halted"}
    driver.core.risk.send(ResumeTrading("operator"))
    assert [resumed.operator for resumed in driver.of(TradingResumed)] == ["operator"]
    driver.quiet(3.0)
    driver.want(1.0)
    assert len(driver.submitted()) == 2
    assert len(driver.of(TradingHalted)) == 1  # the fall counts anew from here


def test_a_halt_does_not_rest_until_the_order_is_gone() -> None:
    """The cancel overtook its order, or was lost: the venue says that the order is open."""
    driver = CoreDriver()
    driver.quote_and_mark()
    driver.want(1.0)
    (resting,) = driver.submitted()
    key = resting.client_order_id
    driver.core.risk.send(HaltTrading("the operator says so"))
    driver.core.publish(CancelFailed(key, BITCOIN, "no such order", driver.now_ns))
    assert [query.client_order_id for query in driver.of(QueryOrder)] == [key]
    found = order_at_venue(resting, driver.now_ns)
    driver.core.execution.send(QueryAnswered(key, BITCOIN, found, driver.now_ns))
    driver.book(BITCOIN, 99.98, 100.02)
    driver.want(1.0)  # a target that the order would serve
    driver.tick(0.25)
    assert [cancel.client_order_id for cancel in driver.of(CancelOrder)] == [key, key]
    driver.core.publish(canceled(resting, driver.now_ns))
    driver.tick(0.25)
    assert len(driver.of(CancelOrder)) == 2
    assert driver.of(OrderCanceled)[-1].client_order_id == key


def test_a_foreign_order_is_an_anomaly_on_the_board() -> None:
    driver = CoreDriver()
    driver.core.publish(acknowledged(77))
    assert driver.watcher.board.anomalies == 1
    assert driver.errors() == {}


def test_a_daily_loss_halts_before_the_drawdown_does() -> None:
    driver = CoreDriver()
    driver.quote_and_mark()
    driver.fund("9400")
    driver.tick(1.0)
    (halted,) = driver.of(TradingHalted)
    assert halted.reason.startswith("loss of 6.00%")


def test_a_position_is_left_when_the_target_turns() -> None:
    driver = CoreDriver({"execution.maker_patience_s": 0})
    driver.quote_and_mark()
    driver.want(1.0)
    (bought,) = driver.submitted()
    driver.fill(bought, bought.amount.amount, "100.02")
    driver.fund("9851.4703", "1.485")
    driver.tick()
    driver.want(-1.0)
    _, sold = driver.submitted()
    assert (sold.side.value, sold.amount.amount, sold.is_reducing) == (
        "sell",
        Decimal("1.485"),
        True,
    )


def test_a_lasting_difference_between_venue_and_books_is_shown_and_a_passing_one_is_not() -> None:
    driver = CoreDriver()
    driver.quote_and_mark()
    driver.tick(1.0)
    assert driver.watcher.board.mismatches == ()
    driver.fund("12000")  # a deposit, of which our books know nothing
    driver.tick(1.0)
    assert driver.watcher.board.mismatches == ()  # news may be on its way
    driver.tick(1.0)
    (found,) = driver.watcher.board.mismatches
    assert (found.asset, found.venue_total) == ("USDT", 12_000)
