"""What an allocation makes of several strategies' targets."""

from __future__ import annotations

import pytest

from bot3.messages.minds import TargetProposed
from bot3.messages.risk import AllocationSolved
from bot3.risk.adaptive.allocated import Allocated
from tests.bot3.making import KEY, START_NS


def said(strategy: str, target: float, ts_ns: int = START_NS) -> TargetProposed:
    return TargetProposed(KEY, strategy, ts_ns, 7, target, 0.5)


def allocated() -> Allocated:
    made = Allocated("hybrid")
    weights = {"ta binance BTC/USDT": 0.03, "ml binance BTC/USDT": 0.01, "hybrid okx X": 0.5}
    made.take(AllocationSolved(START_NS, weights, ((KEY, 0.04),), 0.96, 9.0, 0.5, False, "not yet"))
    return made


def test_each_strategy_has_its_share_of_the_position() -> None:
    made = allocated()
    assert made.blended(said("ta", 1.0)) is None
    assert made.blended(said("ml", -1.0)) is None
    blended = made.blended(said("hybrid", 0.2))
    assert blended == TargetProposed(KEY, "hybrid", START_NS, 7, 0.75 * 0.5, 1.0)
    assert made.share(KEY) * blended.target == pytest.approx(0.03 * 0.5)  # spot: never short


def test_what_was_said_of_another_bar_does_not_count() -> None:
    made = allocated()
    made.blended(said("ta", 1.0))
    later = made.blended(said("hybrid", 1.0, START_NS + 1))
    assert later is not None
    assert later.target == 0.0


def test_before_the_first_allocation_nothing_is_held() -> None:
    made = Allocated("hybrid")
    blended = made.blended(said("hybrid", 1.0))
    assert blended is not None
    assert (blended.target, made.share(KEY)) == (0.0, 0.0)
