"""Limits that adapt, through the actors: news in, sizes out; halts and capital through restarts."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from bot3.actors.core import DecisionCore
from bot3.actors.memory import Memory
from bot3.domain.values import Side
from bot3.market.features import FEATURE_NAMES
from bot3.messages.control import (
    HaltCause,
    HaltTrading,
    TradingHalted,
    TradingResumed,
)
from bot3.messages.minds import FeaturesComputed, RegimeEstimated, RegimeLabel, TargetProposed
from bot3.messages.orders import SubmitOrder, TargetSized
from bot3.messages.risk import AllocationSolved, CapitalChanged, RiskScaled, VolatilityFitted
from bot3.portfolio.recovery import Recovery
from tests.bot3.actors.core_driver import BITCOIN, ETHER, CoreDriver
from tests.bot3.actors.venue_words import canceled
from tests.bot3.listening import Ear
from tests.bot3.making import START_NS, d

REOPENS: dict[str, Any] = {"risk.reopen_after_s": 60.0, "risk.max_daily_loss": 1.0}


def bar(driver: CoreDriver, log_return: float, volatile: float = 0.0) -> None:
    ts_ns = driver.now_ns
    values = (0.0,) * len(FEATURE_NAMES)
    features = FeaturesComputed(BITCOIN, ts_ns, 0, 100.0, log_return, values)
    probabilities = (1.0 - volatile, volatile)
    driver.core.risk.send(
        RegimeEstimated(BITCOIN, ts_ns, probabilities, RegimeLabel.CALM, features)
    )


def sized(driver: CoreDriver) -> Any:
    driver.want(1.0)
    return float(driver.heard(TargetSized)[-1].position)


def test_a_bar_changes_what_a_target_is_sized_to() -> None:
    driver = CoreDriver({"risk.volatile_multiplier": 0.5})
    driver.quote_and_mark()
    before = sized(driver)
    bar(driver, 0.0, volatile=1.0)
    assert sized(driver) == pytest.approx(before / 2, rel=1e-3)
    told = driver.heard(RiskScaled)[-1]
    assert (told.instrument, told.factors["regime"], told.scale) == (BITCOIN, 0.5, 0.5)
    assert driver.watcher.board.risk.scaled[BITCOIN] == told


def test_without_adapting_a_bar_changes_nothing() -> None:
    driver = CoreDriver({"risk.adaptive": False})
    driver.quote_and_mark()
    before = sized(driver)
    bar(driver, 0.3, volatile=1.0)
    assert sized(driver) == before


def test_a_fitted_volatility_counts() -> None:
    driver = CoreDriver({"risk.volatile_multiplier": 1.0})
    driver.quote_and_mark()
    for number in range(40):
        driver.tick(1.0)
        bar(driver, 1e-5 * (-1) ** number)
    driver.book(BITCOIN, 99.98, 100.02)
    before = sized(driver)
    fitted = VolatilityFitted(BITCOIN, driver.now_ns, 1e-6, 0.1, 0.5, 0.0, 10.0)
    driver.core.risk.send(fitted)
    driver.tick(1.0)
    bar(driver, 1e-5)
    driver.book(BITCOIN, 99.98, 100.02)
    assert sized(driver) < before / 2


def test_kelly_holds_nothing_that_has_not_earned() -> None:
    driver = CoreDriver({"risk.use_kelly_criterion": True})
    driver.quote_and_mark()
    assert sized(driver) == 0
    assert driver.submitted() == []


def test_an_allocation_binds_where_it_is_applied_and_is_only_told_elsewhere() -> None:
    solved = AllocationSolved(
        0, {"hybrid binance BTC/USDT": 0.005}, ((BITCOIN, 0.005),), 0.995, 9.0, 0.5, False, "no"
    )
    for mode, share in (("report", 1.0), ("apply", 0.005 / 0.015)):
        driver = CoreDriver({"allocation.mode": mode})
        driver.quote_and_mark()
        before = CoreDriver()
        before.quote_and_mark()
        full = sized(before)
        if mode == "apply":
            assert sized(driver) == 0
        driver.core.risk.send(solved)
        assert sized(driver) == pytest.approx(full * share, rel=1e-2)


def test_an_allocation_shares_among_strategies() -> None:
    """Of what technical analysis wants, by its share, whatever the blend makes of it."""
    driver = CoreDriver({"allocation.mode": "apply"})
    weights = {"ta binance BTC/USDT": 0.004, "hybrid binance BTC/USDT": 0.0}
    driver.core.risk.send(
        AllocationSolved(0, weights, ((BITCOIN, 0.004),), 0.996, 9.0, 0.5, False, "no")
    )
    price = 100.0
    for number in range(150):
        price = round(price * (1.0004 if number % 3 else 0.9998), 2)
        driver.live_bar(BITCOIN, price)
    told = [each for each in driver.heard(TargetProposed) if each.strategy == "ta"][-1]
    (last,) = [each for each in driver.heard(TargetSized) if each.ts_ns == told.ts_ns]
    wanted = told.target * told.confidence * 0.004 * 0.99 * 10_000
    assert wanted > 5.0
    assert float(last.position) * price == pytest.approx(wanted, abs=1.0)


def test_whoever_allocates_hears_of_every_strategy() -> None:
    driver, ear = CoreDriver(), Ear()
    outlets = evolve(driver.core.outlets, estimation=ear)
    memory = Memory(Recovery("another"), bars_kept=1)
    core = DecisionCore(driver.core.settings, memory, driver.runs, driver.clock, outlets)
    core.start()
    values = (0.0,) * len(FEATURE_NAMES)
    core.minds[BITCOIN].regime.send(FeaturesComputed(BITCOIN, START_NS, 0, 100.0, 0.0, values))
    told = [each.strategy for each in ear.heard if isinstance(each, TargetProposed)]
    assert sorted(told) == ["hybrid", "ml", "ta"]


def fallen(changes: dict[str, Any]) -> CoreDriver:
    """One bitcoin is held when equity falls by a fifth."""
    driver = CoreDriver({**changes, "risk.stop_loss": 0.0})
    driver.quote_and_mark()
    driver.want(1.0)
    (intent,) = driver.submitted()
    driver.acknowledge(intent)
    driver.fill(intent, d(1))
    driver.core.publish(canceled(intent, driver.now_ns, d(1)))
    driver.fund("7900", "1")
    driver.tick(1.0)
    for more in driver.submitted()[1:]:  # the rest of the target was on its way
        driver.core.publish(canceled(more, driver.now_ns))
    return driver


def reborn(driver: CoreDriver) -> None:
    driver.core.risk.stop()
    driver.restart(driver.core.risk)


def sells(driver: CoreDriver) -> list[Any]:
    return [each for each in driver.submitted() if each.side is Side.SELL]


def test_a_limit_that_is_reached_sells_what_is_held() -> None:
    driver = fallen({})
    (halted,) = driver.of(TradingHalted)
    assert (halted.cause, halted.is_flattening) == (HaltCause.DRAWDOWN, True)
    driver.quiet(1.0)
    (sold,) = sells(driver)
    assert (sold.amount.amount, sold.strategy) == (d(1), "flatten")


def sold_off(changes: dict[str, Any]) -> CoreDriver:
    driver = fallen(changes)
    driver.quiet(1.0)
    (sold,) = sells(driver)
    driver.acknowledge(sold)
    driver.fill(sold, d(1), trade=2)
    driver.fund("8000", "0")
    driver.quiet(1.0)
    return driver


def test_it_opens_by_rule_after_its_time_through_a_restart_with_smaller_sizes() -> None:
    driver = sold_off(REOPENS)
    driver.quiet(30.0)
    reborn(driver)
    driver.quiet(20.0)
    assert driver.of(TradingResumed) == []
    driver.quiet(15.0)
    (resumed,) = driver.of(TradingResumed)
    assert resumed.is_by_rule
    half = sized(driver)
    reborn(driver)
    driver.quiet(2.0)
    assert sized(driver) == half
    assert half == pytest.approx(8000 * 0.015 * 0.99 / 2 / 100, rel=1e-2)


def test_another_process_goes_on_waiting() -> None:
    driver = sold_off(REOPENS)
    again = CoreDriver({**REOPENS, "risk.stop_loss": 0.0}, memory=driver.memory)
    again.clock.move_to(driver.now_ns)
    again.quiet(70.0)
    assert [each.is_by_rule for each in again.of(TradingResumed)] == [True]


def test_an_operator_s_halt_on_top_is_not_ended_by_the_rule() -> None:
    driver = sold_off(REOPENS)
    driver.core.risk.send(HaltTrading("wait"))
    driver.quiet(90.0)
    assert driver.of(TradingResumed) == []
    assert driver.of(TradingHalted)[-1].reason.startswith("wait; drawdown")


def test_capital_is_what_fills_settled_and_another_life_knows_it() -> None:
    changes = {"reinvestment.compounding": "fixed"}
    driver = CoreDriver(changes)
    driver.quote_and_mark()
    (begun,) = driver.of(CapitalChanged)
    assert (begun.base, begun.capital) == (d(10_000), d(10_000))
    before = sized(driver)
    driver.fund("20000")
    driver.tick(1.0)
    driver.book(BITCOIN, 99.98, 100.02)
    assert sized(driver) == before
    reborn(driver)
    driver.tick(1.0)
    driver.book(BITCOIN, 99.98, 100.02)
    assert sized(driver) == before
    assert len(driver.of(CapitalChanged)) == 1


def test_a_protected_base_is_not_risked() -> None:
    driver = CoreDriver(
        {"reinvestment.protected_share": 0.99, "reinvestment.protection_multiple": 1.0}
    )
    driver.quote_and_mark()
    assert sized(driver) == 0  # 1.5 % of a hundred is below what the venue takes
    assert driver.of(SubmitOrder) == []


def test_every_factor_is_told_of_every_instrument() -> None:
    driver = CoreDriver()
    driver.quote_and_mark()
    driver.quote_and_mark(ETHER)
    core: DecisionCore = driver.core
    assert core.settings.adaptive.volatility_target > 0
    bar(driver, 1e-4)
    assert set(driver.heard(RiskScaled)[-1].factors) >= {"volatility", "regime", "spread"}
