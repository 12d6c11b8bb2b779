"""Kelly sizing by what the blend earned: what is bet on, what it costs, what a restart keeps."""

from __future__ import annotations

import attrs
import pytest

from bot3.domain.values import InstrumentId, Symbol
from bot3.messages.minds import TargetProposed
from bot3.risk.adaptive.manager import AdaptiveRiskManager
from bot3.risk.edge import KellySettings
from tests.bot3.making import KEY, SECOND_NS, START_NS, VENUE, d
from tests.bot3.risk.adaptive.moving import ETHER, HARD, KEYS, NARROW, QUIET, bar, share


def test_kelly_bets_on_what_earned_and_on_nothing_else() -> None:
    kelly = KellySettings(fraction=0.5, cap=0.2, bars_min=50, cost_bps=0.0)
    made = AdaptiveRiskManager(HARD, KEYS, attrs.evolve(QUIET, is_kelly_used=True, kelly=kelly))
    for key in KEYS:
        made.on_target(TargetProposed(key, "hybrid", START_NS, 0, 1.0, 1.0))
    assert share(made) == 0.0
    rises = 0.001
    for number in range(1, 4_001):
        noise = 0.02 * (-1) ** number
        made.on_bar(bar(number, rises + noise), NARROW, d(1))
        made.on_bar(bar(number, -rises + noise, ETHER), NARROW, d(1))
    made.size_by_kelly()
    assert share(made, ETHER) == 0.0
    assert 0.0 < share(made) <= 0.2
    assert made.scaled(KEY, START_NS).share == share(made)


def test_costs_are_charged_to_the_bet() -> None:
    """A target that flips every bar pays a round trip in two bars: no edge is left."""
    for cost_bps, is_bet in ((0.0, True), (10.0, False)):
        kelly = KellySettings(cap=0.2, bars_min=50, cost_bps=cost_bps)
        made = AdaptiveRiskManager(HARD, KEYS, attrs.evolve(QUIET, is_kelly_used=True, kelly=kelly))
        for number in range(1, 1_000):
            is_long = number % 2
            made.on_target(TargetProposed(KEY, "hybrid", START_NS, 0, float(is_long), 1.0))
            made.on_bar(bar(number, 0.0005 if is_long else -0.0005), NARROW, d(1))
            made.on_bar(bar(number, 0.0, ETHER), NARROW, d(1))
        made.size_by_kelly()
        assert (share(made) > 0.0) is is_bet


def test_what_the_blend_earned_is_gone_on_with() -> None:
    kelly = KellySettings(fraction=0.05, cap=0.2, bars_min=50, cost_bps=0.0)
    told = attrs.evolve(QUIET, is_kelly_used=True, kelly=kelly)
    first = AdaptiveRiskManager(HARD, KEYS, told)
    assert first.weigh_bets(START_NS) is None  # nothing was seen
    for key in KEYS:
        first.on_target(TargetProposed(key, "hybrid", START_NS, 0, 1.0, 1.0))
    for number in range(1, 800):
        first.on_bar(bar(number, 0.001 + 0.02 * (-1) ** number), NARROW, d(1))
        first.on_bar(bar(number, 0.0005 + 0.02 * (-1) ** (number // 2), ETHER), NARROW, d(1))
    bets = first.weigh_bets(START_NS + 800 * SECOND_NS)
    assert bets is not None
    assert min(share(first), share(first, ETHER)) > 0.0
    for keys in (KEYS, KEYS[::-1], (*KEYS, InstrumentId(VENUE, Symbol("SOL/USDT")))):
        again = AdaptiveRiskManager(HARD, keys, told)
        again.restore_bets(bets)
        again.size_by_kelly()
        for key in KEYS:
            assert share(again, key) == pytest.approx(share(first, key), rel=1e-9)
    for other in (attrs.evolve(told, bar_s=60.0), attrs.evolve(told, is_kelly_used=False)):
        empty = AdaptiveRiskManager(HARD, KEYS, other)
        empty.restore_bets(bets)
        empty.size_by_kelly()
        assert share(empty) == (0.0 if other.is_kelly_used else 0.2)
