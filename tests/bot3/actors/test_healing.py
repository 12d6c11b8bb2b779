"""Healing by messages: what goes wrong is answered, journaled, shown, and outlives crashes."""

from __future__ import annotations

import pytest

from bot3.domain.errors import DataError
from bot3.messages.healing import (
    ActorCrashed,
    BudgetRead,
    HealingActed,
    ResumeData,
    ShedData,
    VenueCall,
    VenueCallEnded,
)
from bot3.messages.market import FeedLost, ResyncBook
from bot3.messages.orders import OrderDenied, SubmitOrder
from supervisors.testing import crash
from tests.bot3.actors.core_driver import BITCOIN, ETHER, CoreDriver
from tests.bot3.actors.series import bars_of, wave
from tests.bot3.making import VENUE

QUICK = {"healing.circuit_failures": 2, "healing.circuit_open_s": 3.0}
ML = "bot3/minds/binance BTC-USDT/ml"
MARKET = "bot3/minds/binance BTC-USDT/market"


def call(driver: CoreDriver, problem: str = "", kind: VenueCall = VenueCall.SUBMIT) -> None:
    driver.core.healing.send(VenueCallEnded(VENUE, kind, problem))


def fail_twice(driver: CoreDriver) -> None:
    call(driver, "time-out", VenueCall.QUERY)
    call(driver, "HTTP 503")


def acted(driver: CoreDriver) -> list[str]:
    """The actions that are in the journal; the board was told of the same."""
    records = driver.of(HealingActed)
    assert driver.heard(HealingActed) == records
    return [record.action.value for record in records]


def denials(driver: CoreDriver) -> list[str]:
    return [denied.denial.reason.value for denied in driver.of(OrderDenied)]


def test_a_failing_venue_gets_no_entries_until_one_was_taken() -> None:
    driver = CoreDriver(QUICK)
    driver.quote_and_mark()
    fail_twice(driver)
    driver.want(1.0)
    assert denials(driver) == ["circuit_open"]
    assert driver.watcher.board.venues[VENUE].circuit.value == "open"
    driver.quiet(4.5)  # the target stands, and is worked when the denied instrument has rested
    (probe,) = driver.submitted()
    assert driver.watcher.board.venues[VENUE].circuit.value == "half_open"
    call(driver)
    assert driver.watcher.board.venues[VENUE].circuit.value == "closed"
    assert acted(driver) == ["open_circuit", "probe_circuit", "close_circuit"]
    assert probe.number == 3
    reasons = [record.reason for record in driver.of(HealingActed)]
    assert reasons[0] == "2 failed calls within 30 s, the last: HTTP 503"
    assert driver.watcher.board.healing == dict.fromkeys(acted(driver), 1)


def test_a_probe_that_fails_shuts_the_venue_again() -> None:
    driver = CoreDriver(QUICK)
    driver.quote_and_mark()
    fail_twice(driver)
    driver.quiet(3.5)
    call(driver, "HTTP 503")
    driver.want(1.0)
    assert acted(driver) == ["open_circuit", "probe_circuit", "open_circuit"]
    assert denials(driver) == ["circuit_open"]
    assert driver.of(SubmitOrder) == []


@pytest.mark.parametrize("name", ["risk", "healing"])
def test_an_open_circuit_outlives_the_actors_that_know_of_it(name: str) -> None:
    driver = CoreDriver(QUICK)
    driver.quote_and_mark()
    fail_twice(driver)
    cell = next(cell for cell in driver.cells() if cell.name == name)
    crash(cell, RuntimeError("cosmic ray"))
    driver.restart(cell)
    driver.quiet(0.5)
    driver.want(1.0)
    assert denials(driver) == ["circuit_open"]
    driver.quiet(5.0)
    assert len(driver.submitted()) == 1
    call(driver)
    assert acted(driver) == ["open_circuit", "probe_circuit", "close_circuit"]
    assert driver.memory.standing.circuits == {}


def test_a_silent_book_is_asked_for_through_the_feed() -> None:
    driver = CoreDriver()
    driver.quote_and_mark()
    driver.quote_and_mark(ETHER)
    driver.tick(5.0)
    driver.book(ETHER, 99.97, 100.03)
    driver.tick(4.0)
    assert acted(driver) == []
    driver.tick(1.0)
    assert [asked.instrument for asked in driver.of(ResyncBook)] == [BITCOIN]
    (record,) = driver.of(HealingActed)
    assert (record.action.value, record.subject) == ("resync_book", "binance:BTC/USDT")
    assert (record.reason, record.ts_ns) == ("silent for 10.0 s", driver.now_ns)


def test_while_the_feed_is_down_nobody_asks_it() -> None:
    driver = CoreDriver()
    driver.quote_and_mark()
    driver.core.healing.send(FeedLost(VENUE, "reset by peer", driver.now_ns))
    driver.change(BITCOIN, [(101.0, 1.0)], [])  # crossed
    driver.tick(30.0)
    assert driver.of(ResyncBook) == []
    assert acted(driver) == []


def test_a_low_budget_sheds_data_and_a_new_incarnation_resumes_it() -> None:
    driver = CoreDriver()
    driver.core.healing.send(BudgetRead(VENUE, 0.7))
    assert driver.of(ShedData) == [ShedData(VENUE)]
    crash(driver.core.healing, RuntimeError("cosmic ray"))
    driver.restart(driver.core.healing)
    driver.tick(6.0)
    driver.core.healing.send(BudgetRead(VENUE, 0.7))
    driver.core.healing.send(BudgetRead(VENUE, 0.1))
    assert driver.of(ResumeData) == [ResumeData(VENUE)]
    assert acted(driver) == ["shed_data", "resume_data"]
    assert driver.memory.standing.shed == {}


def rebuild(driver: CoreDriver) -> str:
    """One crash of the learner's actor and the start after it; the error of that start."""
    cell = driver.core.minds[BITCOIN].ml
    crash(cell, RuntimeError("cosmic ray"))
    try:
        driver.restart(cell)
    except DataError as error:
        return str(error)
    return ""


def test_a_learner_that_crashes_on_its_snapshot_gets_the_one_before_then_none() -> None:
    driver = CoreDriver({"learning.horizon_bars": 2, "healing.max_crashes_on_same_state": 2})
    driver.history(BITCOIN, bars_of(BITCOIN, wave(300)))
    shelf = driver.memory.models(BITCOIN)
    assert shelf.origin.generations == 2  # of the history
    shelf.keep(b"not a snapshot")
    for _ in range(2):
        error = rebuild(driver)
        assert "not a model snapshot" in error
        driver.core.healing.send(ActorCrashed(ML, error))
    assert acted(driver) == ["restore_snapshot"]
    assert rebuild(driver) == ""
    assert shelf.origin.generations == 1
    for _ in range(2):  # now it starts, and dies of what it has learned
        driver.core.healing.send(ActorCrashed(ML, "ValueError: nan"))
        assert rebuild(driver) == ""
    assert acted(driver) == ["restore_snapshot", "start_empty"]
    assert shelf.take() is None
    subjects = {record.subject for record in driver.of(HealingActed)}
    assert subjects == {"binance:BTC/USDT ml"}


def test_a_market_that_crashes_on_its_bars_starts_without_them() -> None:
    driver = CoreDriver({"healing.max_crashes_on_same_state": 2})
    driver.history(BITCOIN, bars_of(BITCOIN, wave(50)))
    driver.core.healing.send(ActorCrashed(MARKET, "ValueError: nan"))
    assert acted(driver) == []  # this one was not built from bars
    for _ in range(2):
        crash(driver.market(BITCOIN), RuntimeError("cosmic ray"))
        driver.restart(driver.market(BITCOIN))
        driver.core.healing.send(ActorCrashed(MARKET, "ValueError: nan"))
    # Each new one had no book, either.
    assert acted(driver) == ["resync_book", "resync_book", "start_empty"]
    assert driver.memory.origin(BITCOIN, "market").generations == 0


def test_crashes_of_others_are_the_supervisors_business() -> None:
    driver = CoreDriver({"healing.max_crashes_on_same_state": 1})
    paths = ("bot3/risk", "bot3/minds", "bot3/minds/binance BTC-USDT", "bot3", "")
    for path in (*paths, "bot3/minds/binance BTC-USDT/ta", "bot3/venues/binance/feed"):
        driver.core.healing.send(ActorCrashed(path, "ValueError"))
    assert acted(driver) == []
    assert driver.errors() == {}
