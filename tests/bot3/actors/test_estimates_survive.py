"""What took its time to be known outlives the gate's actor and the process."""

from __future__ import annotations

from typing import Any

import pytest

from bot3.actors.risk import RiskActor
from bot3.messages.control import TradingHalted
from bot3.messages.journal import JournalEntry
from bot3.messages.orders import AccountLost, AccountRestored, OrderDenied, ProposeOrder
from bot3.messages.risk import (
    AllocationSolved,
    BetsMeasured,
    CapitalChanged,
    LadderMoved,
    PairExamined,
    VolatilityFitted,
)
from supervisors.testing import actor_of
from tests.bot3.actors.core_driver import BITCOIN, KEYS, CoreDriver
from tests.bot3.actors.test_limits_adapt import bar, reborn
from tests.bot3.making import VENUE, d, make_intent


def lives(driver: CoreDriver, changes: dict[str, Any]) -> tuple[CoreDriver, CoreDriver]:
    """The gate's next life, and the next process's."""
    reborn(driver)
    again = CoreDriver(changes, memory=driver.memory)
    again.clock.move_to(driver.now_ns)
    return driver, again


def share(driver: CoreDriver) -> float:
    risk = actor_of(driver.core.risk)
    assert isinstance(risk, RiskActor)
    return risk.manager.limits_of(BITCOIN).position_fraction_max


def test_a_step_of_the_ladder_is_not_given_back_by_a_restart() -> None:
    """Two steps down, then half a step up: sizes stay those of the second step."""
    changes = {"risk.max_daily_loss": 1.0}
    driver = CoreDriver(changes)
    driver.quote_and_mark()
    for equity in ("9200", "9300"):
        driver.fund(equity)
        driver.tick(1.0)
    assert [each.step for each in driver.of(LadderMoved)] == [2]
    assert share(driver) == pytest.approx(0.015 * 0.5)
    for life in lives(driver, changes):
        life.fund("9300")
        life.quote_and_mark()
        assert share(life) == pytest.approx(0.015 * 0.5)
        status = life.watcher.board.risk.status()
        assert (status.ladder_step, status.capital) == (2, d(10_000))


def test_a_fitted_volatility_is_gone_on_with() -> None:
    changes = {"risk.volatile_multiplier": 1.0}
    driver = CoreDriver(changes)
    driver.quote_and_mark()
    for number in range(40):
        driver.tick(1.0)
        bar(driver, 1e-5 * (-1) ** number)
    before = share(driver)
    fitted = VolatilityFitted(BITCOIN, driver.now_ns, 1e-6, 0.1, 0.5, 0.0, 10.0)
    driver.core.journal.send(JournalEntry(fitted))
    for life in lives(driver, changes):
        for number in range(40):
            life.tick(1.0)
            bar(life, 1e-5 * (-1) ** number)
        assert share(life) < before / 2


def earning(driver: CoreDriver) -> None:
    driver.want(1.0)
    for number in range(960):
        driver.tick(1.0)
        bar(driver, 2e-4 + 1e-3 * (-1) ** number)


def test_kelly_s_evidence_is_gone_on_with() -> None:
    changes = {"risk.use_kelly_criterion": True, "risk.kelly_fraction": 2e-5}
    driver = CoreDriver(changes)
    driver.quote_and_mark()
    earning(driver)
    bets = driver.of(BetsMeasured)
    assert len(bets) >= 2
    assert bets[-1].instruments == KEYS
    before = share(driver)
    assert 0.0 < before < 0.015
    for life in lives(driver, changes):
        assert share(life) == 0.0
        life.quote_and_mark()
        assert share(life) == pytest.approx(before, rel=0.02)


def test_an_allocation_that_binds_goes_on_binding() -> None:
    changes = {"allocation.mode": "apply"}
    driver = CoreDriver(changes)
    driver.quote_and_mark()
    solved = AllocationSolved(
        0, {"hybrid binance BTC/USDT": 0.005}, ((BITCOIN, 0.005),), 0.995, 9.0, 0.5, False, "no"
    )
    driver.core.journal.send(JournalEntry(solved))
    for life in lives(driver, changes):
        assert share(life) == 0.005
        assert life.watcher.board.risk.status().allocation == "no"
    told = CoreDriver(memory=driver.memory)
    assert told.watcher.board.risk.status().allocation == ""


def test_an_account_that_is_out_of_sight_stays_so() -> None:
    driver = CoreDriver()
    driver.quote_and_mark()
    driver.core.publish(AccountLost(VENUE, "closed", driver.now_ns))
    reborn(driver)
    driver.core.risk.send(ProposeOrder(make_intent(1), 0))
    assert driver.of(OrderDenied)[-1].denial.detail == "closed"
    driver.core.publish(AccountRestored(VENUE, 0, driver.now_ns))
    reborn(driver)
    driver.core.risk.send(ProposeOrder(make_intent(1), 0))
    assert [each.denial.detail for each in driver.of(OrderDenied)].count("closed") == 1


def test_what_a_market_s_history_says_is_known_at_once() -> None:
    driver = CoreDriver({"protections.min_pair_volume": 1000.0})
    driver.quote_and_mark()
    driver.core.memory.send(PairExamined(BITCOIN, driver.now_ns, 5e6, 40))
    driver.core.risk.send(ProposeOrder(make_intent(1), 0))
    reborn(driver)
    driver.quiet(1.0)
    driver.core.risk.send(ProposeOrder(make_intent(2), 0))
    assert [each.denial.reason.value for each in driver.of(OrderDenied)] == ["pair_volume"]


def test_a_peak_between_two_marks_of_the_journal_counts() -> None:
    """15 % below the highest equity, not below the last that was written."""
    driver = CoreDriver({"risk.max_daily_loss": 1.0})
    driver.quote_and_mark()
    for equity in ("12000", "10500"):
        driver.fund(equity)
        driver.tick(1.0)
    reborn(driver)
    driver.fund("10100")
    driver.tick(1.0)
    (halted,) = driver.of(TradingHalted)
    assert halted.reason.endswith("from 12000.00")
    assert driver.of(CapitalChanged)
