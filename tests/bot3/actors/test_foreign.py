"""Orders that are not ours are shown and left alone."""

from __future__ import annotations

from bot3.domain.order import OrderStatus
from bot3.domain.values import Price, Quantity, Side
from bot3.messages.orders import (
    CancelOrder,
    ForeignOrdersSeen,
    OpenOrdersFetched,
    VenueOrder,
)
from bot3.portfolio.report import ReportFold
from supervisors.testing import crash
from tests.bot3.actors.core_driver import ACCOUNT, BITCOIN, CoreDriver
from tests.bot3.making import START_NS, VENUE, d

WORDS = "binance BTC/USDT buy 0.75 at 100 (id somebody-else)"


def at_venue(client_order_id: str, venue_order_id: str) -> VenueOrder:
    return VenueOrder(
        client_order_id, venue_order_id, BITCOIN, Side.BUY, OrderStatus.OPEN,
        Quantity(d(1)), Quantity(d("0.25")), Price(d(100)), START_NS,
    )  # fmt: skip


def look(driver: CoreDriver, *orders: VenueOrder) -> None:
    driver.core.execution.send(OpenOrdersFetched(VENUE, orders, driver.now_ns))


def test_what_is_not_ours_is_told_once_and_left_alone() -> None:
    driver = CoreDriver()
    driver.quote_and_mark()
    driver.want(0.5)
    [ours] = driver.submitted()
    foreign, own = at_venue("somebody-else", "v8"), at_venue(ours.client_order_id, "v9")
    look(driver, own)
    assert driver.of(ForeignOrdersSeen) == []
    look(driver, own, foreign)
    look(driver, own, foreign)
    [seen] = driver.of(ForeignOrdersSeen)
    assert seen.words == (WORDS,)
    assert driver.watcher.board.venues[VENUE].foreign == (WORDS,)
    assert driver.of(CancelOrder) == []
    look(driver, own)
    assert driver.watcher.board.venues[VENUE].foreign == ()


def test_what_the_journal_knows_is_ours_though_execution_is_new() -> None:
    driver = CoreDriver()
    driver.quote_and_mark()
    driver.want(0.5)
    [ours] = driver.submitted()
    driver.fill(ours, ours.amount.amount)
    crash(driver.core.execution, RuntimeError("cosmic ray"))
    driver.restart(driver.core.execution)
    look(driver, at_venue(ours.client_order_id, "v9"))  # its view of open orders lags
    assert driver.of(ForeignOrdersSeen) == []


def test_the_report_has_the_last_word_of_this_process() -> None:
    driver = CoreDriver()
    look(driver, at_venue("somebody-else", "v8"))
    fold = ReportFold(ACCOUNT)
    fold.fold(driver.journal.records)
    assert fold.report().foreign_orders == (WORDS,)
    look(driver)
    again = ReportFold(ACCOUNT)
    again.fold(driver.journal.records)
    assert again.report().foreign_orders == ()
