"""The opinions of one instrument: a crash in there costs that instrument, and only for a while."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from bot3.actors.ml import LABELS_PER_SNAPSHOT
from bot3.domain.errors import DataError
from bot3.learning.duel import Duel
from bot3.learning.snapshot import score_of
from bot3.market.features import FEATURE_NAMES
from bot3.messages.control import EquityMarked
from bot3.messages.healing import StartEmpty
from bot3.messages.minds import (
    FeaturesComputed,
    FeaturesProposed,
    LearningScored,
    MarketRegimeEstimated,
    ModelBenched,
    RegimeChanged,
    RegimeEstimated,
    TargetProposed,
    WeightsChanged,
)
from supervisors.clock import ManualClock
from supervisors.testing import crash, crash_on_next_message
from tests.bot3.actors.core_driver import BITCOIN, ETHER, CoreDriver
from tests.bot3.actors.series import bars_of, wave

CLOSES = wave(500)
HORIZON = {"learning.horizon_bars": 2}


def warm_driver(bars: int = 300, **changes: Any) -> CoreDriver:
    driver = CoreDriver({**HORIZON, **changes})
    for key in (BITCOIN, ETHER):
        driver.history(key, bars_of(key, CLOSES[:bars]))
    return driver


def live(driver: CoreDriver, start: int, count: int) -> None:
    """Seconds of a market for both instruments. A bar closes with the second after it."""
    for price in CLOSES[start : start + count]:
        for key in (BITCOIN, ETHER):
            driver.book(key, round(price - 0.01, 2), round(price + 0.01, 2))
            driver.trade(key, round(price, 2))
        driver.tick(1.0)


def targets(driver: CoreDriver, strategy: str, key: Any = BITCOIN) -> list[TargetProposed]:
    return [
        each
        for each in driver.heard(TargetProposed)
        if (each.strategy, each.instrument, each.is_warm_up) == (strategy, key, False)
    ]


def test_a_poisoned_regime_dies_alone() -> None:
    driver = warm_driver()
    live(driver, 300, 5)
    poison = FeaturesComputed(BITCOIN, 1, 0, 100.0, 0.0, (), is_warm_up=False)
    driver.core.minds[BITCOIN].regime.send(poison)
    assert list(driver.errors()) == ["regime"]
    assert isinstance(driver.errors()["regime"], IndexError)
    cell = driver.core.minds[BITCOIN].regime
    assert [letter.message for letter in cell.dead_letters] == [poison]
    before = {key: len(targets(driver, "hybrid", key)) for key in (BITCOIN, ETHER)}
    live(driver, 305, 5)
    after = {key: len(targets(driver, "hybrid", key)) for key in (BITCOIN, ETHER)}
    assert {key: after[key] - before[key] for key in after} == {BITCOIN: 0, ETHER: 5}
    assert [*driver.errors()] == ["regime"]  # and nobody else
    assert len(driver.heard(EquityMarked)) == 10


def test_a_regime_that_is_back_handles_what_waited_and_goes_on() -> None:
    driver = warm_driver()
    live(driver, 300, 5)
    cell = driver.core.minds[BITCOIN].regime
    crash(cell, RuntimeError("cosmic ray"))
    live(driver, 305, 5)
    driver.restart(cell)
    live(driver, 310, 5)
    times = [each.ts_ns for each in driver.heard(RegimeEstimated) if each.instrument == BITCOIN]
    assert times == sorted(set(times))
    assert len(targets(driver, "hybrid")) == len(targets(driver, "hybrid", ETHER))


def test_without_ml_the_blend_still_speaks_once_a_bar() -> None:
    driver = warm_driver()
    live(driver, 300, 3)
    crash(driver.core.minds[BITCOIN].ml, RuntimeError("cosmic ray"))
    live(driver, 303, 10)
    spoken = targets(driver, "hybrid")
    bars = {each.ts_ns: each for each in targets(driver, "ta")}
    # The last bar's is due when the next bar comes.
    assert [each.ts_ns for each in spoken] == sorted(bars)[:-1]
    assert len(targets(driver, "hybrid", ETHER)) == len(bars)
    weights = {each.ts_ns: each.weights for each in driver.heard(WeightsChanged)}
    for each in spoken[4:]:  # ml has abstained: its confidence is none
        assert abs(each.confidence - weights[each.ts_ns]["ta"] * bars[each.ts_ns].confidence) < 0.02
    assert len(targets(driver, "ml")) == 2


def test_ml_resumes_from_the_snapshot_in_memory() -> None:
    driver = warm_driver()
    learned = [each for each in driver.heard(LearningScored) if each.instrument == BITCOIN]
    cell = driver.core.minds[BITCOIN].ml
    assert learned[-1].labels >= 2 * LABELS_PER_SNAPSHOT
    crash(cell, RuntimeError("cosmic ray"))
    driver.restart(cell)
    live(driver, 300, 8)
    again = [each for each in driver.heard(LearningScored) if each.instrument == BITCOIN]
    resumed = again[len(learned)]
    kept = learned[-1].labels // LABELS_PER_SNAPSHOT * LABELS_PER_SNAPSHOT
    assert kept < resumed.labels <= kept + 3
    assert again[-1].labels > resumed.labels
    assert driver.errors() == {}


def test_a_snapshot_that_cannot_be_read_fails_starts_until_memory_has_none() -> None:
    driver = warm_driver()
    cell = driver.core.minds[BITCOIN].ml
    driver.memory.models(BITCOIN).keep(b"not a snapshot")
    crash(cell, RuntimeError("cosmic ray"))
    for _ in range(2):
        with pytest.raises(DataError, match="snapshot"):
            driver.restart(cell)
    driver.memory.send(StartEmpty(BITCOIN, "ml"))
    driver.restart(cell)
    assert cell.is_up
    seen = len(driver.heard(LearningScored))
    live(driver, 300, 6)
    again = [each for each in driver.heard(LearningScored)[seen:] if each.instrument == BITCOIN]
    assert again[0].labels == 1  # anew


def test_ml_learns_on_the_beat_after_its_target_went_out() -> None:
    driver = warm_driver()
    driver.core.minds[BITCOIN].market.stop()  # the bars come from the test
    live(driver, 300, 3)
    market, mark = driver.core.minds[BITCOIN], len(driver.watcher.heard)
    bar = [each for each in driver.heard(RegimeEstimated) if each.instrument == BITCOIN][-1]
    for n in (1, 2, 3, 4):
        moved = FeaturesComputed(
            BITCOIN, bar.ts_ns + n * 10**9, 0, 100.0 + n, 0.01, bar.features.values
        )
        market.ml.send(RegimeEstimated(BITCOIN, moved.ts_ns, bar.probabilities, bar.label, moved))
    heard = driver.watcher.heard[mark:]
    assert [type(each) for each in heard] == [TargetProposed] * 4
    driver.tick(0.25)
    learned = [each for each in driver.heard(LearningScored) if each.ts_ns > bar.ts_ns]
    assert [each.ts_ns for each in learned if each.instrument == BITCOIN] == [
        bar.ts_ns + n * 10**9 for n in (1, 2, 3, 4)
    ]


def test_without_online_learning_live_bars_teach_nothing() -> None:
    driver = warm_driver(**{"learning.online_learning": False})
    seen = len(driver.heard(LearningScored))
    assert seen > 0
    live(driver, 300, 10)
    assert len(driver.heard(LearningScored)) == seen
    assert len(targets(driver, "ml")) == 9


def test_a_handler_that_raises_leaves_its_sender_alone() -> None:
    driver = warm_driver()
    crash_on_next_message(driver.core.minds[BITCOIN].ta, ValueError("bad day"))
    live(driver, 300, 2)
    assert [*driver.errors()] == ["ta"]
    assert driver.core.minds[BITCOIN].regime.is_up
    assert len(targets(driver, "ml")) == 1


def test_a_change_of_regime_is_journaled_once_and_not_of_history() -> None:
    driver = warm_driver()
    assert driver.of(RegimeChanged) == []
    closes = [100.0 * (1.03 if n % 2 else 0.97) for n in range(60)]  # wild
    for price in closes:
        driver.live_bar(BITCOIN, price)
    labels = [each.label for each in driver.heard(RegimeEstimated) if each.instrument == BITCOIN]
    moves = [
        (before, after)
        for before, after in zip(labels[-61:], labels[-60:], strict=False)
        if before is not after
    ]
    assert moves
    told = [each for each in driver.of(RegimeChanged) if each.instrument == BITCOIN]
    assert [(each.before, each.after) for each in told] == moves
    assert len(FEATURE_NAMES) == len(driver.heard(RegimeEstimated)[-1].features.values)


def test_the_market_as_a_whole_has_a_regime_and_nobody_waits_for_it() -> None:
    driver = warm_driver()
    crash(driver.core.market_regime, RuntimeError("cosmic ray"))
    live(driver, 300, 4)
    assert len(targets(driver, "hybrid")) == len(targets(driver, "hybrid", ETHER)) > 0
    mark = len(driver.heard(MarketRegimeEstimated))
    driver.restart(driver.core.market_regime)
    live(driver, 304, 5)
    told = driver.heard(MarketRegimeEstimated)[mark:]
    times = [each.ts_ns for each in told]
    assert times == sorted(set(times))
    assert {each.instruments for each in told} == {2}
    assert all(sum(each.probabilities) == pytest.approx(1.0) for each in told)


def test_proposed_features_are_judged_and_what_becomes_of_them_is_in_the_journal() -> None:
    driver = warm_driver()
    ml = driver.core.minds[BITCOIN].ml
    ml.send(FeaturesProposed(BITCOIN, 1, ("lag5(rsi_14)", "order_flow*trade_flow_1")))
    live(driver, 300, 5)
    assert driver.errors() == {}
    ml.send(FeaturesProposed(BITCOIN, 2, ("lag5(nothing)",)))  # one duel at a time: not read
    assert driver.errors() == {}
    ether = driver.core.minds[ETHER].ml
    ether.send(FeaturesProposed(ETHER, 2, ("lag5(nothing)",)))
    assert list(driver.errors()) == ["ml"]


def test_a_learner_resumes_with_the_features_that_its_snapshot_has() -> None:
    settings = warm_driver().core.settings.mind.learner
    duel = Duel(FEATURE_NAMES, settings, extra=("lag5(rsi_14)",))
    driver = CoreDriver(HORIZON)
    cell = driver.core.minds[BITCOIN].ml
    driver.memory.models(BITCOIN).keep(duel.learner.snapshot())
    crash(cell, RuntimeError("cosmic ray"))
    driver.restart(cell)
    for key in (BITCOIN, ETHER):
        driver.history(key, bars_of(key, CLOSES[:300]))
    live(driver, 300, 4)
    assert driver.errors() == {}
    kept = driver.memory.models(BITCOIN).newest[1]
    assert kept is not None
    assert score_of(kept)["features"] == [*FEATURE_NAMES, "lag5(rsi_14)"]


def test_what_is_told_of_a_learner_is_what_its_snapshot_says() -> None:
    driver = warm_driver()
    kept = driver.memory.models(BITCOIN).newest[1]
    assert kept is not None
    told = score_of(kept)
    [heard] = [
        each
        for each in driver.heard(LearningScored)
        if (each.instrument, each.labels) == (BITCOIN, told["labels"])
    ]
    names = told.keys() - {"features"}
    assert {name: getattr(heard, name) for name in names} == {name: told[name] for name in names}


def test_a_learner_that_is_slow_is_benched_and_the_bot_trades_on_without_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    driver = warm_driver(**{"learning.latency_budget_ms": 0.01})
    stopwatch = itertools.count(step=50_000)
    monkeypatch.setattr(ManualClock, "monotonic_ns", lambda _: next(stopwatch))
    live(driver, 300, 12)
    [benched, *_] = [each for each in driver.heard(ModelBenched) if each.instrument == BITCOIN]
    assert benched.reason == "too slow"
    assert benched.until_ns > benched.ts_ns
    said = [each.confidence for each in targets(driver, "ml") if each.ts_ns > benched.ts_ns]
    assert len(said) >= 3
    assert set(said) == {0.0}
    assert len(targets(driver, "hybrid")) == len(targets(driver, "ta"))


def test_a_fill_tells_its_own_instruments_strategies_what_trading_costs() -> None:
    driver = warm_driver()
    live(driver, 300, 2)
    cells = {key: driver.core.minds[key].priced() for key in (BITCOIN, ETHER)}
    driver.want(1.0)
    intent = driver.submitted()[-1]
    before = {key: [cell.handled for cell in each] for key, each in cells.items()}
    driver.fill(intent, intent.amount.amount)
    told = {
        key: [cell.handled - count for cell, count in zip(each, before[key], strict=True)]
        for key, each in cells.items()
    }
    assert told == {BITCOIN: [1, 1, 1], ETHER: [0, 0, 0]}
    assert driver.errors() == {}
