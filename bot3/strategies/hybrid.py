"""The blend of technical analysis and machine learning, by weights that follow their results.

Invariant: the published weights are non-negative and sum to one; the target is in [-1, 1].
"""

from __future__ import annotations

from attrs import field, frozen, validators

from bot3.learning.meta import MetaLearner, MetaSettings
from bot3.learning.performance import PerformanceSettings, loss
from bot3.messages.minds import FeaturesComputed, RegimeEstimated
from bot3.strategies.base import ABSTAIN, Opinion, check_inputs, clip
from bot3.strategies.thresholds import AdaptiveThreshold, ThresholdSettings

_SHARE = [validators.ge(0.0), validators.le(1.0)]


@frozen
class HybridSettings:
    """`ta_weight` and `ml_weight` sum to one: the prior where `adaptive`, else the blend."""

    ta_weight: float = field(default=0.5, validator=_SHARE)
    ml_weight: float = field(default=0.5, validator=_SHARE)
    adaptive: bool = True
    meta: MetaSettings = field(factory=MetaSettings)
    performance: PerformanceSettings = field(factory=PerformanceSettings)
    threshold: ThresholdSettings = field(factory=ThresholdSettings)

    def __attrs_post_init__(self) -> None:
        if abs(self.ta_weight + self.ml_weight - 1.0) > 1e-9:
            raise ValueError(f"ta_weight + ml_weight is {self.ta_weight + self.ml_weight}, not 1")
        if self.adaptive and 0.0 in (self.ta_weight, self.ml_weight):
            raise ValueError("adaptive weights need both ta_weight and ml_weight above 0")


class HybridStrategy:
    """Blends the opinions of a TA and an ML strategy, by name; only strong blends go through.

    A member that abstains leaves its weight to the other. Each bar, every member's last target is
    charged with its turnover and paid the bar's return: its loss, from which the weights learn.
    """

    __slots__ = ("_before", "_last", "_meta", "_settings", "_threshold", "_weights")

    name = "hybrid"

    def __init__(self, ta: str, ml: str, settings: HybridSettings | None = None) -> None:
        self._settings = settings or HybridSettings()
        names, prior = (ta, ml), (self._settings.ta_weight, self._settings.ml_weight)
        self._weights = dict(zip(names, prior, strict=True))
        if len(self._weights) != len(names):
            raise ValueError(f"two strategies named {ta}")
        self._meta = (
            MetaLearner(names, prior, self._settings.meta) if self._settings.adaptive else None
        )
        self._threshold = AdaptiveThreshold(self._settings.threshold)
        self._before = dict.fromkeys(names, 0.0)  # targets before the last ones
        self._last = dict.fromkeys(names, 0.0)

    @property
    def weights(self) -> dict[str, float]:
        """The blend now, by strategy name; sums to one."""
        return dict(self._weights)

    def blend(
        self, features: FeaturesComputed, regime: RegimeEstimated, opinions: dict[str, Opinion]
    ) -> Opinion:
        """One opinion of each member, at this bar's close.

        Raises:
            ValueError: unusable features, or not one opinion of each member.
        """
        check_inputs(features, regime)
        if opinions.keys() != self._weights.keys():
            raise ValueError(f"opinions of {sorted(opinions)}, members {sorted(self._weights)}")
        self._learn(features.log_return)
        self._before, self._last = self._last, {n: o.target for n, o in opinions.items()}
        return self._gate(self._mix(opinions))

    def _learn(self, log_return: float) -> None:
        """The bar that just closed was earned by the targets of the bar before."""
        if self._meta is None:
            return
        settings = self._settings.performance
        self._weights = self._meta.update(
            {name: loss(log_return, self._last[name], self._before[name], settings)
             for name in self._weights}
        )  # fmt: skip

    def _mix(self, opinions: dict[str, Opinion]) -> Opinion:
        weights = self._weights
        speaking = sum(weights[name] for name, said in opinions.items() if said.confidence > 0.0)
        if speaking <= 0.0:
            return ABSTAIN
        target = sum(weights[n] * o.target for n, o in opinions.items() if o.confidence > 0.0)
        confidence = sum(weights[name] * said.confidence for name, said in opinions.items())
        return Opinion(clip(target / speaking), min(confidence, 1.0))

    def _gate(self, opinion: Opinion) -> Opinion:
        return Opinion(self._threshold.update(opinion.target), opinion.confidence)
