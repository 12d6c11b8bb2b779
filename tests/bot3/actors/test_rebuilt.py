"""Portfolio, execution and risk built anew from memory, in one process and in the next."""

from __future__ import annotations

import pytest

from bot3.actors.risk import RiskActor
from bot3.messages.account import OrderClosed, PositionChanged
from bot3.messages.control import HaltTrading, ResumeTrading, TradingHalted
from bot3.messages.orders import (
    CancelOrder,
    OrderDenied,
    OrderRejected,
    ProposeOrder,
    SubmitOrder,
)
from supervisors.testing import actor_of, crash
from tests.bot3.actors.core_driver import BITCOIN, CoreDriver
from tests.bot3.actors.venue_words import canceled
from tests.bot3.making import d, make_intent

MONEY = ("portfolio", "execution", "risk")


def half_filled() -> CoreDriver:
    """An order of 1.485 rests, with 0.5 filled."""
    driver = CoreDriver({"execution.maker_patience_s": 60})
    driver.quote_and_mark()
    driver.want(1.0)
    (intent,) = driver.submitted()
    driver.acknowledge(intent)
    driver.fill(intent, d("0.5"), trade=1)
    driver.fund("9950", "0.5")
    return driver


def crash_and_restart(driver: CoreDriver, *names: str) -> None:
    cells = [spec.cell for spec in driver.core.money_specs() if spec.cell.name in names]
    for cell in cells:
        crash(cell, RuntimeError("cosmic ray"))
    for cell in cells:
        driver.restart(cell)


@pytest.mark.parametrize("names", [("portfolio",), ("execution",), ("risk",), MONEY])
def test_position_and_open_order_go_on(names: tuple[str, ...]) -> None:
    driver = half_filled()
    (intent,) = driver.submitted()
    crash_and_restart(driver, *names)
    driver.fill(intent, d("0.5"), trade=1)  # told again by the reconciliation
    driver.fill(intent, d("0.985"), trade=2)
    positions = [changed.position for changed in driver.heard(PositionChanged)]
    assert positions == [d("0.5"), d("1.485")]
    closed = [(each.status.value, each.filled) for each in driver.heard(OrderClosed)]
    assert closed == [("filled", d("1.485"))]
    driver.quiet(2.0)
    driver.want(1.0)
    assert driver.submitted() == [intent]  # the target is reached


@pytest.mark.parametrize("names", [("execution",), ("risk",), MONEY])
def test_intent_numbers_go_on(names: tuple[str, ...]) -> None:
    driver = half_filled()
    (intent,) = driver.submitted()
    crash_and_restart(driver, *names)
    driver.core.publish(canceled(intent, driver.now_ns))
    driver.fund("9950", "0.5")
    driver.quiet(3.0)
    driver.want(1.0)
    first, second = (each.number for each in driver.submitted())
    assert first == 1 < second
    reasons = {denied.denial.reason.value for denied in driver.of(OrderDenied)}
    assert reasons <= {"book_stale"}  # a new gate has no quote until the next beat


def test_a_restarted_gate_remembers_what_was_approved() -> None:
    driver = half_filled()
    crash_and_restart(driver, "risk")
    driver.quiet(0.5)
    driver.core.risk.send(ProposeOrder(make_intent(1), 0))
    driver.core.risk.send(ProposeOrder(make_intent(2), 0))  # 1 more on top of 1.485
    denials = [denied.denial.reason.value for denied in driver.of(OrderDenied)]
    assert denials == ["duplicate_intent", "position_limit"]


def test_a_fill_that_waited_for_the_gate_is_counted_once() -> None:
    driver = half_filled()
    crash(driver.core.risk, RuntimeError("cosmic ray"))
    driver.fill(driver.submitted()[0], d("0.485"), trade=2)
    driver.restart(driver.core.risk)
    driver.quiet(0.5)
    # 0.985 held and 0.5 open make 148.50 of the 150 that one position may be.
    driver.core.risk.send(ProposeOrder(make_intent(2, "0.1"), 0))
    (denied,) = driver.of(OrderDenied)
    assert denied.denial.detail == "position of 158.50 is above 150.00"


def test_a_fill_that_came_while_the_portfolio_was_down_is_told_once_to_the_gate() -> None:
    driver = half_filled()
    crash(driver.core.portfolio, RuntimeError("cosmic ray"))
    driver.fill(driver.submitted()[0], d("0.985"), trade=2)
    assert [changed.position for changed in driver.heard(PositionChanged)] == [d("0.5")]
    driver.restart(driver.core.portfolio)
    told = [(each.position, each.fill.trade_id) for each in driver.heard(PositionChanged)]
    assert told == [(d("0.5"), "1"), (d("1.485"), "2")]
    risk = actor_of(driver.core.risk)
    assert isinstance(risk, RiskActor)
    assert risk.manager.state.positions[BITCOIN] == d("1.485")
    assert not risk.manager.state.orders
    crash_and_restart(driver, "portfolio")
    assert len(driver.heard(PositionChanged)) == 2


def test_a_halt_survives_the_actor_and_the_process() -> None:
    driver = half_filled()
    driver.core.risk.send(HaltTrading("the operator says so"))
    (halted,) = driver.of(TradingHalted)
    crash_and_restart(driver, *MONEY)
    driver.quiet(0.5)
    driver.want(1.0)
    driver.core.risk.send(ProposeOrder(make_intent(9), 0))
    assert driver.of(OrderDenied)[-1].denial.detail == "the operator says so"
    assert len(driver.submitted()) == 1

    second = CoreDriver(memory=driver.memory)
    assert second.watcher.board.halted is not None
    assert second.watcher.board.halted.reason == halted.reason
    second.core.risk.send(ProposeOrder(make_intent(9), 0))
    assert second.of(OrderDenied)[-1].denial.reason.value == "trading_halted"
    assert second.of(TradingHalted) == []  # the journal has it already


def test_a_halted_process_cancels_the_order_it_finds() -> None:
    driver = half_filled()
    driver.core.risk.send(HaltTrading("the operator says so"))
    second = CoreDriver(memory=driver.memory)
    second.tick(0.25)
    keys = [intent.client_order_id for intent in driver.submitted()]
    assert [cancel.client_order_id for cancel in second.of(CancelOrder)] == keys


def test_an_unused_number_is_denied_rather_than_sent_twice() -> None:
    """Execution crashes while its order is on the way through the journal, and counts anew."""
    driver = CoreDriver()
    driver.quote_and_mark()
    driver.journal.is_slow = True
    driver.want(1.0)
    crash_and_restart(driver, "execution")
    driver.quiet(0.5)
    driver.want(1.0)
    driver.journal.is_slow = False
    driver.journal.release()
    assert [denied.denial.reason.value for denied in driver.of(OrderDenied)] == ["duplicate_intent"]
    assert [each.number for each in driver.submitted()] == [1]


def test_an_order_that_became_durable_after_the_crash_is_taken_over() -> None:
    driver = CoreDriver()
    driver.quote_and_mark()
    driver.journal.is_slow = True
    driver.want(1.0)
    crash_and_restart(driver, "execution")
    driver.journal.is_slow = False
    driver.journal.release()
    (intent,) = driver.submitted()
    driver.acknowledge(intent)
    driver.quiet(2.0)
    driver.want(1.0)
    assert len(driver.of(SubmitOrder)) == 1  # the one that rests is known
    driver.quiet(3.0)
    assert [cancel.client_order_id for cancel in driver.of(CancelOrder)] == [intent.client_order_id]
    driver.core.publish(canceled(intent, driver.now_ns))
    driver.quiet(3.0)
    assert [each.number for each in driver.submitted()] == [1, 2]
    assert driver.watcher.board.anomalies == 0


def test_an_order_rejected_while_execution_was_down_is_no_more() -> None:
    driver = CoreDriver()
    driver.quote_and_mark()
    driver.want(1.0)
    (intent,) = driver.submitted()
    crash(driver.core.execution, RuntimeError("cosmic ray"))
    driver.core.publish(
        OrderRejected(intent.client_order_id, BITCOIN, "-2010", "no", driver.now_ns)
    )
    driver.restart(driver.core.execution)
    assert driver.watcher.board.orders.live == {}
    assert driver.watcher.board.orders.closed == {"rejected": 1}
    driver.quiet(3.0)
    driver.want(1.0)
    assert [each.number for each in driver.submitted()] == [1, 2]


def test_a_halt_that_is_not_durable_yet_outlives_the_gate() -> None:
    """Seed 5 of the storm with halts: the disk stalled, risk crashed, and its heir began open."""
    driver = CoreDriver()
    driver.quote_and_mark()
    driver.journal.is_slow = True
    driver.core.risk.send(HaltTrading("the operator says so"))
    crash_and_restart(driver, "risk")
    driver.journal.is_slow = False
    driver.journal.release()
    driver.want(1.0)
    driver.quiet(3.0)
    assert driver.submitted() == []
    driver.core.risk.send(ResumeTrading("operator"))
    crash_and_restart(driver, "risk")
    driver.quiet(3.0)
    driver.want(1.0)
    assert len(driver.submitted()) == 1
