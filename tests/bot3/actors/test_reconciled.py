"""Books that differ from the venue's: asked about, then no entries, until they agree again."""

from __future__ import annotations

from bot3.messages.account import Reconcile, ReconcileMatched, ReconcileMismatch
from bot3.messages.control import ResumeTrading
from bot3.messages.orders import OrderDenied
from tests.bot3.actors.core_driver import CoreDriver
from tests.bot3.making import BTC, d


def robbed(seconds: int = 20) -> CoreDriver:
    """Half of the money is gone, and the venue says so again whenever it is asked."""
    driver = CoreDriver({"risk.max_drawdown": 1.0, "risk.max_daily_loss": 1.0})
    driver.quote_and_mark()
    for _ in range(seconds):
        driver.fund("5000")
        driver.quiet(1.0)
    return driver


def test_the_venue_is_asked_before_anything_is_told() -> None:
    driver = robbed(seconds=5)
    assert len(driver.of(Reconcile)) == 1
    assert driver.of(ReconcileMismatch) == []


def test_a_mismatch_halts_entries_and_says_what_differs() -> None:
    driver = robbed()
    (told,) = driver.of(ReconcileMismatch)
    assert told.words == "binance USDT: the venue has 5000, our books have 10000"
    driver.want(1.0)
    denied = driver.of(OrderDenied)[-1]
    assert (denied.denial.reason.value, denied.denial.detail) == ("reconcile_mismatch", told.words)
    assert driver.submitted() == []
    assert list(driver.watcher.board.unreconciled.values()) == [told]


def test_it_ends_when_the_money_is_back() -> None:
    driver = robbed()
    driver.fund("10000")
    driver.quiet(3.0)
    assert [matched.asset for matched in driver.of(ReconcileMatched)] == ["USDT"]
    driver.want(1.0)
    assert len(driver.submitted()) == 1
    assert not driver.watcher.board.unreconciled


def test_an_operator_takes_the_venues_word() -> None:
    driver = robbed()
    driver.core.risk.send(ResumeTrading("it was me who took it out"))
    driver.quiet(3.0)
    assert len(driver.of(ReconcileMatched)) == 1
    driver.want(1.0)
    assert len(driver.submitted()) == 1


def test_less_at_the_venue_than_our_fills_left_is_a_mismatch_too() -> None:
    """Also where the ledger was opened with the venue's figure, as after a restart."""
    driver = CoreDriver()
    driver.quote_and_mark()
    driver.want(1.0)
    (intent,) = driver.submitted()
    driver.acknowledge(intent)
    driver.fill(intent, intent.amount.amount)
    driver.memory.balances.clear()  # another process
    second = CoreDriver(memory=driver.memory)
    for _ in range(20):
        second.fund("10000", "1")
        second.quiet(1.0)
    (told,) = second.of(ReconcileMismatch)
    assert (told.asset, told.venue_total) == (BTC, d(1))
    assert told.ledger_total == intent.amount.amount
