"""The hybrid: a blend that sums to one and follows what pays after costs."""

from __future__ import annotations

import pytest

from bot3.domain.values import InstrumentId, Symbol, VenueName
from bot3.market.features import FEATURE_NAMES
from bot3.messages.minds import FeaturesComputed, RegimeEstimated, RegimeLabel
from bot3.strategies.base import ABSTAIN, Opinion
from bot3.strategies.hybrid import HybridSettings, HybridStrategy
from bot3.strategies.thresholds import ThresholdSettings

BTC = InstrumentId(VenueName("binance"), Symbol("BTC/USDT"))
OPEN = ThresholdSettings(entry_min=0.0, entry_max=0.0, exit_min=0.0)


class _Member:
    """A strategy that says what it is told to."""

    def __init__(self, name: str, target: float = 0.0, confidence: float = 1.0) -> None:
        self.name, self.says = name, Opinion(target, confidence)


class _Blended:
    """A hybrid and its two members."""

    def __init__(self, ta: _Member, ml: _Member, settings: HybridSettings | None = None) -> None:
        self.members = (ta, ml)
        self.hybrid = HybridStrategy(ta.name, ml.name, settings)

    @property
    def weights(self) -> dict[str, float]:
        return self.hybrid.weights


def _decide(blended: _Blended, log_return: float = 0.0) -> Opinion:
    features = FeaturesComputed(BTC, 1, 0, 100.0, log_return, (0.0,) * len(FEATURE_NAMES))
    regime = RegimeEstimated(BTC, 1, (1.0, 0.0), RegimeLabel.CALM, features)
    opinions = {member.name: member.says for member in blended.members}
    return blended.hybrid.blend(features, regime, opinions)


def _hybrid(ta: _Member, ml: _Member, **settings: object) -> _Blended:
    given = {"threshold": OPEN, "is_long_only": False, **settings}
    return _Blended(ta, ml, HybridSettings(**given))


def test_the_configured_split_is_the_blend_at_first() -> None:
    hybrid = _hybrid(_Member("ta", 1.0), _Member("ml", -0.5, 0.2), ta_weight=0.7, ml_weight=0.3)
    assert _decide(hybrid) == pytest.approx((0.7 - 0.15, 0.7 + 0.06))
    assert hybrid.weights == pytest.approx({"ta": 0.7, "ml": 0.3})


def test_a_member_that_abstains_leaves_its_weight_to_the_other() -> None:
    assert _decide(_hybrid(_Member("ta", 0.8), _Member("ml", 0.0, 0.0))).target == 0.8
    both = _hybrid(_Member("ta", 0.0, 0.0), _Member("ml", 0.0, 0.0))
    assert _decide(both) == ABSTAIN


def test_weight_moves_to_what_earns_and_back_when_it_turns() -> None:
    hybrid = _hybrid(_Member("ta", 1.0), _Member("ml", -1.0), cost_bps=0.0)
    for _ in range(300):
        _decide(hybrid, 0.001)
        assert sum(hybrid.weights.values()) == pytest.approx(1.0)
    assert hybrid.weights["ta"] > 0.95
    for _ in range(600):
        _decide(hybrid, -0.001)
    assert hybrid.weights["ml"] > 0.95


def test_a_return_is_credited_to_the_targets_before_it_not_after() -> None:
    """ta is long before each rise and turns short at its close; looking ahead would punish it."""
    ta, ml = _Member("ta"), _Member("ml")
    hybrid = _hybrid(ta, ml, cost_bps=0.0)
    for step in range(200):
        is_rise = step % 2 == 1
        ta.says = Opinion(-1.0 if is_rise else 1.0, 1.0)
        _decide(hybrid, 0.001 if is_rise else -0.001)
    assert hybrid.weights["ta"] > 0.8


def test_turnover_is_charged() -> None:
    """Both are flat on average in a market that does not move; one pays for changing its mind."""
    ta, ml = _Member("ta", 0.5), _Member("ml", 0.5)
    hybrid = _hybrid(ta, ml)
    for step in range(200):
        ta.says = Opinion(0.5 if step % 2 else -0.5, 1.0)
        _decide(hybrid)
    assert hybrid.weights["ml"] > 0.9


def test_without_adaptive_the_split_stays() -> None:
    hybrid = _hybrid(_Member("ta", 1.0), _Member("ml", -1.0), adaptive=False)
    for _ in range(100):
        _decide(hybrid, 0.01)
    assert hybrid.weights == {"ta": 0.5, "ml": 0.5}


def test_weak_blends_are_held_back() -> None:
    ta = _Member("ta", 0.49)
    hybrid = _Blended(ta, _Member("ml", 0.0, 0.0))
    assert _decide(hybrid).target == 0.0
    ta.says = Opinion(0.51, 1.0)
    assert _decide(hybrid).target == 0.51


@pytest.mark.parametrize(
    "settings", [{"ta_weight": 0.6}, {"ta_weight": 1.0, "ml_weight": 0.0}, {"ta_weight": -0.1}]
)
def test_a_split_that_cannot_be_is_refused(settings: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="weight"):
        HybridSettings(**settings)


def test_opinions_must_be_the_members() -> None:
    hybrid = HybridStrategy("ta", "ml")
    features = FeaturesComputed(BTC, 1, 0, 100.0, 0.0, (0.0,) * len(FEATURE_NAMES))
    regime = RegimeEstimated(BTC, 1, (1.0, 0.0), RegimeLabel.CALM, features)
    with pytest.raises(ValueError, match="opinions"):
        hybrid.blend(features, regime, {"ta": ABSTAIN})
