"""What evolution promotes, through the whole core: followed once durable, after every restart."""

from __future__ import annotations

import pytest

from bot3.messages.journal import JournalEntry
from bot3.messages.minds import StrategyPromoted, TargetProposed, WeightsChanged
from bot3.strategies.hybrid import SHADOW_SHARE
from supervisors.testing import crash
from tests.bot3.actors.core_driver import BITCOIN, CoreDriver
from tests.bot3.actors.series import bars_of
from tests.bot3.making import START_NS

EVOLVING = {"evolution.enabled": True}
ALWAYS = "rule atr_14>-1 atr_14<-1"
CLOSES = [100.0 + 0.1 * (at % 7) for at in range(300)]
PROMOTED = StrategyPromoted(
    BITCOIN, START_NS, ALWAYS, "enter when atr_14 > -1", 900, 0.1, 0.02, 0.01, 0.03, 0.98
)


def started(driver: CoreDriver) -> CoreDriver:
    driver.history(BITCOIN, bars_of(BITCOIN, CLOSES))
    return driver


def opinions(driver: CoreDriver, bars: int = 3) -> list[float]:
    """Of what was promoted, at the bars that now close."""
    before = len(driver.heard(TargetProposed))
    for at in range(bars):
        driver.live_bar(BITCOIN, CLOSES[at])
    told = driver.heard(TargetProposed)[before:]
    assert driver.errors() == {}
    return [each.target for each in told if each.strategy == "evolved"]


def promote(driver: CoreDriver) -> None:
    mind = driver.core.minds[BITCOIN]
    deliver = ((mind.evolved, PROMOTED), (driver.watcher, PROMOTED))
    driver.core.journal.send(JournalEntry(PROMOTED, deliver))


def test_a_promotion_is_followed_once_it_is_durable() -> None:
    driver = started(CoreDriver(EVOLVING))
    assert set(opinions(driver)) == {0.0}
    weights = driver.heard(WeightsChanged)[-1].weights
    assert weights["evolved"] == pytest.approx(SHADOW_SHARE, abs=1e-3)
    assert sum(weights.values()) == pytest.approx(1.0)
    driver.journal.is_slow = True
    promote(driver)
    assert set(opinions(driver)) == {0.0}
    driver.journal.is_slow = False
    driver.journal.release()
    assert set(opinions(driver)) == {1.0}
    assert driver.watcher.board.minds.evolved == {"promoted": 1}


def test_a_restarted_actor_and_a_restarted_process_follow_it_still() -> None:
    driver = started(CoreDriver(EVOLVING))
    promote(driver)
    cell = driver.core.minds[BITCOIN].evolved
    crash(cell, RuntimeError("cosmic ray"))
    driver.restart(cell)
    assert set(opinions(driver)) == {1.0}
    second = CoreDriver(EVOLVING, driver.memory)
    second.clock.move_to(driver.now_ns)
    assert set(opinions(second)) == {1.0}


def test_without_evolution_nobody_speaks_for_it() -> None:
    driver = started(CoreDriver())
    assert opinions(driver) == []
    assert driver.heard(WeightsChanged)[-1].weights.keys() == {"ta", "ml"}
