"""Foreign orders and coins become ours where the configuration says so, and stay so."""

from __future__ import annotations

from msgspec.structs import replace

from bot3.domain.ids import ClientOrderId
from bot3.domain.values import Asset, InstrumentId, Quantity, Side, Symbol
from bot3.messages.control import FlattenPositions, HaltTrading, ResumeTrading
from bot3.messages.orders import (
    BalanceAdopted,
    BalanceChanged,
    CancelOrder,
    OrderAdopted,
    OrderFilled,
)
from bot3.portfolio.report import ReportFold
from supervisors.testing import crash
from tests.bot3.actors.core_driver import ACCOUNT, BITCOIN, ETHER, CoreDriver
from tests.bot3.actors.test_foreign import at_venue, look
from tests.bot3.making import VENUE, d, make_balance, make_fill

THEIRS = ClientOrderId("somebody-else")
ORDERS, COINS = {"execution.adopt_orders": True}, {"execution.adopt_balances": True}
WHOLE = replace(at_venue(THEIRS, "v8"), filled=Quantity(d(0)))


def adopted(driver: CoreDriver) -> CoreDriver:
    """An order that was there at two looks."""
    driver.quote_and_mark()
    look(driver, WHOLE)
    assert driver.of(OrderAdopted) == []
    look(driver, WHOLE)
    look(driver, WHOLE)
    return driver


def test_an_order_that_stays_is_adopted_once_and_is_foreign_no_more() -> None:
    driver = adopted(CoreDriver(ORDERS))
    [record] = driver.of(OrderAdopted)
    assert (record.intent.client_order_id, record.venue_order_id) == (THEIRS, "v8")
    assert driver.watcher.board.venues[VENUE].foreign == ()
    assert THEIRS in driver.watcher.board.orders.live


def test_what_was_filled_for_somebody_else_stays_theirs_and_so_does_all_by_default() -> None:
    partly = at_venue("another", "v9")
    driver = CoreDriver(ORDERS)
    for _ in range(3):
        look(driver, partly)
    assert driver.of(OrderAdopted) == []
    assert adopted(CoreDriver()).of(OrderAdopted) == []


def test_it_is_cancelled_where_it_serves_no_target_and_by_a_halt() -> None:
    driver = adopted(CoreDriver(ORDERS))
    driver.want(0.0)
    driver.tick(1.0)
    assert [each.client_order_id for each in driver.of(CancelOrder)] == [THEIRS]
    halted = adopted(CoreDriver(ORDERS))
    halted.core.risk.send(HaltTrading("stop"))
    assert [each.client_order_id for each in halted.of(CancelOrder)] == [THEIRS]
    late = CoreDriver(ORDERS)
    late.core.risk.send(HaltTrading("stop"))
    adopted(late).tick(1.0)
    assert [each.client_order_id for each in late.of(CancelOrder)] == [THEIRS]


def test_its_fills_are_ours_also_for_those_who_come_later() -> None:
    driver = adopted(CoreDriver(ORDERS))
    crash(driver.core.portfolio, RuntimeError("cosmic ray"))
    driver.restart(driver.core.portfolio)
    fill = make_fill("t1", amount="1", client_order_id=THEIRS, venue_order_id="v8")
    driver.core.publish(OrderFilled(fill))
    assert driver.memory.recovery.tracker.position(BITCOIN).amount == 1
    card = driver.watcher.board.instruments[BITCOIN]
    assert card.position is not None
    assert card.position.position == 1
    assert THEIRS not in driver.watcher.board.orders.live
    fold = ReportFold(ACCOUNT)
    fold.fold(driver.journal.records)
    report = fold.report()
    assert [(each.strategy, each.status) for each in report.orders] == [("adopted", "filled")]
    assert [(each.symbol, each.amount) for each in report.positions] == [("BTC/USDT", 1)]


def test_a_new_process_knows_what_it_adopted() -> None:
    driver = CoreDriver(ORDERS, memory=adopted(CoreDriver(ORDERS)).memory)
    driver.core.risk.send(HaltTrading("stop"))
    assert [each.client_order_id for each in driver.of(CancelOrder)] == [THEIRS]


def test_coins_that_were_there_become_a_position_once_at_the_mark() -> None:
    driver = CoreDriver(COINS)
    held = (make_balance(Asset("ETH"), "2.00005"),)
    driver.core.publish(BalanceChanged(VENUE, held, driver.now_ns, driver.now_ns))
    driver.quote_and_mark(ETHER)
    driver.quiet(5.0, ETHER)
    [record] = driver.of(BalanceAdopted)
    assert (record.fill.amount.amount, record.fill.price.amount) == (2, 100)
    position = driver.memory.recovery.tracker.position(ETHER)
    assert (position.amount, position.cost, position.realized) == (2, 200, 0)
    assert driver.watcher.board.mismatches == ()
    driver.core.risk.send(FlattenPositions("out"))
    driver.quiet(1.0, ETHER)
    [sold] = driver.submitted()
    assert (sold.side, sold.amount.amount) == (Side.SELL, 2)
    fold = ReportFold(ACCOUNT)
    fold.fold(driver.journal.records)
    assert fold.report().strategies["adopted"].fills == 1


def test_what_differs_waits_for_an_operator_and_by_default_nothing_is_taken() -> None:
    for changes, taken in ((COINS, 1), ({}, 0)):
        driver = CoreDriver(changes)
        driver.fund("9800", "2")  # a trade by hand
        driver.quote_and_mark()
        for _ in range(4):
            driver.quiet(5.0)
            driver.fund("9800", "2")  # the venue insists
        assert driver.of(BalanceAdopted) == []
        driver.core.risk.send(ResumeTrading("operator"))
        driver.quiet(3.0)
        assert len(driver.of(BalanceAdopted)) == taken


def test_one_of_a_cross_symbol_is_shown_and_left_alone() -> None:
    """Nobody says what it would do to the positions of its assets."""
    cross = InstrumentId(VENUE, Symbol("ETH/BTC"))
    crosses = {"exchanges.arbitrage_enabled": True, "arbitrage.cross_symbols": [cross.symbol]}
    driver = CoreDriver({**ORDERS, **crosses})
    for _ in range(3):
        look(driver, replace(WHOLE, instrument=cross))
    assert driver.of(OrderAdopted) == []
    assert driver.watcher.board.venues[VENUE].foreign != ()
