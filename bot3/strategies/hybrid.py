"""The blend of several strategies, by weights that follow their results.

Invariant: the published weights are non-negative and sum to one; the target is in [-1, 1]. Where
every member loses after costs, the target is 0.
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen, validators

from bot3.learning.exposure import Exposure, ExposureSettings
from bot3.learning.performance import RealizedCost, loss_of, net_return
from bot3.learning.weights import AdaptiveWeights, WeightsSettings
from bot3.messages.minds import FeaturesComputed, RegimeEstimated
from bot3.strategies.base import ABSTAIN, Opinion, check_inputs, clip
from bot3.strategies.thresholds import AdaptiveThreshold, ThresholdSettings

_UNITS = 4.0  # a net return of so many of the exposure's counts as a loss of 0 or 1
# Where a promoted strategy begins: it moves next to nothing, and can earn more.
SHADOW_SHARE = 0.02
_SHARE = [validators.ge(0.0), validators.le(1.0)]


@frozen
class HybridSettings:
    """`ta_weight` and `ml_weight` sum to one: the prior where `adaptive`, else the blend.

    `cost_bps` per unit of turnover, one way, before any fill. `rebalance_band`: a position is left
    alone while it is within this share of what is wanted.
    `is_long_only`: spot; what a member would earn by selling short is not credited to it.
    """

    ta_weight: float = field(default=0.5, validator=_SHARE)
    ml_weight: float = field(default=0.5, validator=_SHARE)
    adaptive: bool = True
    weights: WeightsSettings = field(factory=WeightsSettings)
    exposure: ExposureSettings = field(factory=ExposureSettings)
    cost_bps: float = field(default=10.0, validator=validators.ge(0.0))
    threshold: ThresholdSettings = field(factory=ThresholdSettings)
    rebalance_band: float = field(default=0.3, validator=_SHARE)
    is_long_only: bool = True

    def __attrs_post_init__(self) -> None:
        if abs(self.ta_weight + self.ml_weight - 1.0) > 1e-9:
            raise ValueError(f"ta_weight + ml_weight is {self.ta_weight + self.ml_weight}, not 1")
        if self.adaptive and 0.0 in (self.ta_weight, self.ml_weight):
            raise ValueError("adaptive weights need both ta_weight and ml_weight above 0")


class _Followed:
    """The position that follows a target as execution would, and what a bar earned of it."""

    __slots__ = ("_before", "_held", "_settings")

    def __init__(self, settings: HybridSettings) -> None:
        self._settings = settings
        self._before = self._held = 0.0

    def net_return(self, log_return: float, cost_bps: float) -> float:
        return net_return(log_return, self._held, self._before, cost_bps)

    def follow(self, target: float) -> None:
        wanted = max(target, 0.0) if self._settings.is_long_only else target
        is_near = abs(wanted - self._held) <= self._settings.rebalance_band * abs(wanted)
        self._before, self._held = self._held, self._held if is_near else wanted


class HybridStrategy:
    """Blends the opinions of its members, by name; only strong blends go through.

    A member that abstains leaves its weight to the others. Each bar, the position that followed a
    member's targets is charged with its turnover and paid the bar's return: its loss, from which
    the weights learn; the blend's own decides how much of it is followed. A `shadow` is a member
    whose strategy may change: it begins with next to nothing, and while it says nothing its weight
    stays; only where the blend is adaptive.
    """

    __slots__ = (
        "_adaptive", "_blend", "_cost", "_exposure", "_followed", "_is_shadow_asleep", "_regime",
        "_settings", "_shadow", "_threshold", "_weights",
    )  # fmt: skip

    name = "hybrid"

    def __init__(
        self, ta: str, ml: str, settings: HybridSettings | None = None, shadow: str | None = None
    ) -> None:
        self._settings = settings = settings or HybridSettings()
        self._shadow = shadow if settings.adaptive else None
        names: tuple[str, ...] = (ta, ml)
        prior: tuple[float, ...] = (settings.ta_weight, settings.ml_weight)
        if self._shadow is not None:
            names = (*names, self._shadow)
            prior = (*(each * (1.0 - SHADOW_SHARE) for each in prior), SHADOW_SHARE)
        self._weights = dict(zip(names, prior, strict=True))
        if len(self._weights) != len(names):
            raise ValueError(f"two strategies named {ta}")
        self._cost = RealizedCost(settings.cost_bps)
        self._adaptive = (
            AdaptiveWeights(names, prior, settings.weights) if settings.adaptive else None
        )
        self._exposure = Exposure(settings.cost_bps, settings.exposure)
        self._threshold = AdaptiveThreshold(settings.threshold)
        self._price()
        self._followed = {name: _Followed(settings) for name in names}
        self._blend = _Followed(settings)
        self._regime = ""
        self._is_shadow_asleep = True

    def renew_shadow(self) -> None:
        """The shadow is another strategy from now on: it has its weight to earn."""
        if self._shadow is not None and self._adaptive is not None:
            self._adaptive.renew(self._shadow, SHADOW_SHARE)
            self._followed[self._shadow] = _Followed(self._settings)

    @property
    def weights(self) -> dict[str, float]:
        """The blend now, by strategy name; sums to one."""
        return dict(self._weights)

    @property
    def exposure(self) -> float:
        """The share of the blend that is followed; 1 where nothing adapts."""
        return 1.0 if self._adaptive is None else self._exposure.value

    def on_cost(self, cost_bps: float) -> None:
        """What a fill cost."""
        self._cost.update(cost_bps)
        self._price()

    def _price(self) -> None:
        if self._adaptive is not None:
            self._threshold.cost_bps = self._cost.bps

    def blend(
        self, features: FeaturesComputed, regime: RegimeEstimated, opinions: Mapping[str, Opinion]
    ) -> Opinion:
        """One opinion of each member, at this bar's close.

        Raises:
            ValueError: unusable features, or not one opinion of each member.
        """
        check_inputs(features, regime)
        if opinions.keys() != self._weights.keys():
            raise ValueError(f"opinions of {sorted(opinions)}, members {sorted(self._weights)}")
        self._learn(features.log_return, regime.label.value)
        mixed = self._mix(opinions)
        gated = self._threshold.update(mixed.target, features.log_return, regime.label.value)
        for name, said in opinions.items():
            self._followed[name].follow(said.target)
        if self._shadow is not None:
            self._is_shadow_asleep = opinions[self._shadow].confidence == 0.0
        self._blend.follow(gated)
        return Opinion(gated * self.exposure, mixed.confidence)

    def _learn(self, log_return: float, regime: str) -> None:
        """The bar that just closed was earned by what was decided in the regime before it."""
        decided_in, self._regime = self._regime or regime, regime
        if self._adaptive is None:
            return
        scale = _UNITS * self._exposure.unit
        losses = {
            name: loss_of(each.net_return(log_return, self._cost.bps), scale)
            for name, each in self._followed.items()
        }
        asleep = (self._shadow,) if self._shadow is not None and self._is_shadow_asleep else ()
        self._adaptive.update(decided_in, losses, asleep)
        self._weights = self._adaptive.weights(regime)
        earned = self._blend.net_return(log_return, self._cost.bps)
        self._exposure.update(earned, log_return)

    def _mix(self, opinions: Mapping[str, Opinion]) -> Opinion:
        weights = self._weights
        speaking = sum(weights[name] for name, said in opinions.items() if said.confidence > 0.0)
        if speaking <= 0.0:
            return ABSTAIN
        if self._shadow is not None and all(
            said.confidence == 0.0 for name, said in opinions.items() if name != self._shadow
        ):
            speaking = 1.0  # a shadow does not inherit from the others: it has what it earned
        target = sum(weights[n] * o.target for n, o in opinions.items() if o.confidence > 0.0)
        confidence = sum(weights[name] * said.confidence for name, said in opinions.items())
        return Opinion(clip(target / speaking), min(confidence, 1.0))
