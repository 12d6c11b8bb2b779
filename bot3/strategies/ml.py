"""Machine learning: an expected return as a target, net of what trading costs.

Invariant: no position is held on forecasts that may be luck, and none entered unless the expected
return exceeds the cost of entering; a position is left where staying is expected to lose more than
leaving costs.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import Protocol

from attrs import field, frozen, validators

from bot3.learning.online import Prediction
from bot3.learning.performance import RealizedCost
from bot3.messages.minds import FeaturesComputed, RegimeEstimated
from bot3.strategies.base import ABSTAIN, Opinion, check_inputs


class Predictor(Protocol):
    """Forecasts P(up) over its horizon from a feature vector; an `OnlineLearner` is one."""

    def predict(self, values: Sequence[float]) -> Prediction:
        """The forecast; it changes nothing that later forecasts depend on."""
        ...


@frozen
class MLSettings:
    """`cost_bps` of a trade, one way, before any fill: fee, half spread, slippage. A position is
    entered, or left, when so many times that is expected of it, or against it, over the predictor's
    horizon.
    `least_bps`: the same where trading costs nothing.
    """

    cost_bps: float = field(default=10.0, validator=validators.ge(0.0))
    enter_costs: float = field(default=1.0, validator=validators.ge(1.0))
    leave_costs: float = field(default=1.0, validator=validators.ge(0.0))
    least_bps: float = field(default=0.1, validator=validators.gt(0.0))


class MLStrategy:
    """Trades an expected return over the predictor's horizon.

    In, out, or as it was: between the cost of entering and that of leaving lies a band in which
    nothing is traded, and a half position would earn half for the same share of costs. Forecasts
    that persist earn for longer than the horizon, so one way is what an entry has to promise. The
    confidence is that of the direction, |2p - 1|; a predictor that is not ready abstains.
    """

    __slots__ = ("_cost", "_held", "_predictor", "_settings")

    name = "ml"

    def __init__(self, predictor: Predictor, settings: MLSettings | None = None) -> None:
        self._predictor = predictor
        self._settings = settings or MLSettings()
        self._held = 0.0
        self._cost = RealizedCost(self._settings.cost_bps)

    def on_cost(self, cost_bps: float) -> None:
        """What a fill cost."""
        self._cost.update(cost_bps)

    def decide(self, features: FeaturesComputed, regime: RegimeEstimated) -> Opinion:
        """Asks the predictor, weighs its expected return against costs and what is held.

        Raises:
            ValueError: unusable features, or a probability outside [0, 1].
        """
        check_inputs(features, regime)
        prediction = self._predictor.predict(features.values)
        probability, expected = prediction.probability_up, prediction.expected_return
        if not (0.0 <= probability <= 1.0 and isfinite(expected)):
            raise ValueError(f"{features.instrument}: probability {probability}, {expected}")
        if not prediction.is_ready:
            self._held = 0.0
            return ABSTAIN
        self._held = self._position(1e4 * expected) if prediction.is_believed else 0.0
        return Opinion(self._held, abs(2.0 * probability - 1.0))

    def _position(self, expected_bps: float) -> float:
        settings = self._settings
        cost_bps = max(self._cost.bps, settings.least_bps)
        edge, side = abs(expected_bps), 1.0 if expected_bps > 0.0 else -1.0
        if edge > settings.enter_costs * cost_bps:
            return side
        is_against = self._held * side < 0.0
        return 0.0 if is_against and edge > settings.leave_costs * cost_bps else self._held
