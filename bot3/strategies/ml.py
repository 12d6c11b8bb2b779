"""Machine learning: a forecast of the direction as a target, net of what trading costs.

Invariant: no new or larger position unless the forecast's edge exceeds the cost of a round trip.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import pi, sqrt
from typing import Protocol

from attrs import field, frozen, validators

from bot3.learning.online import Prediction
from bot3.market.features import FEATURE_INDEX
from bot3.messages.minds import FeaturesComputed, RegimeEstimated
from bot3.strategies.base import ABSTAIN, Opinion, check_inputs

_VOLATILITY = FEATURE_INDEX["volatility_60"]
# E|z| of a standard normal z: turns a volatility into an expected move.
_MEAN_ABSOLUTE_NORMAL = sqrt(2.0 / pi)


class Predictor(Protocol):
    """Forecasts P(up) over its horizon from a feature vector; an `OnlineLearner` is one."""

    def predict(self, values: Sequence[float]) -> Prediction:
        """The forecast; it changes nothing that later forecasts depend on."""
        ...


@frozen
class MLSettings:
    """`horizon_bars` of the predictor; `cost_bps` of a trade, one way: fee, half spread, slippage.

    `full_edge`: the share of the expected move that, earned net, is worth the full position.
    """

    horizon_bars: int = field(default=5, validator=validators.ge(1))
    cost_bps: float = field(default=10.0, validator=validators.ge(0.0))
    full_edge: float = field(default=0.2, validator=validators.gt(0.0))


class MLStrategy:
    """Trades a calibrated probability.

    The edge is (2p - 1) times the expected absolute move over the horizon (60-bar volatility,
    normal moves). A position held costs nothing to keep, so it may shrink only with its gross
    edge, and grows only by its edge net of a round trip: a band in which nothing is traded.
    The confidence is |2p - 1|; a predictor that is not ready abstains.
    """

    __slots__ = ("_held", "_predictor", "_settings")

    name = "ml"

    def __init__(self, predictor: Predictor, settings: MLSettings | None = None) -> None:
        self._predictor = predictor
        self._settings = settings or MLSettings()
        self._held = 0.0

    def decide(self, features: FeaturesComputed, regime: RegimeEstimated) -> Opinion:
        """Asks the predictor, weighs its edge against costs and what is held.

        Raises:
            ValueError: unusable features, or a probability outside [0, 1].
        """
        check_inputs(features, regime)
        prediction = self._predictor.predict(features.values)
        if not 0.0 <= prediction.probability_up <= 1.0:
            raise ValueError(f"{features.instrument}: a probability of {prediction.probability_up}")
        settings = self._settings
        volatility = features.values[_VOLATILITY]
        move = volatility * sqrt(settings.horizon_bars) * _MEAN_ABSOLUTE_NORMAL
        if not prediction.is_ready or move <= 0.0:
            self._held = 0.0
            return ABSTAIN
        lean = 2.0 * prediction.probability_up - 1.0
        edge, round_trip = abs(lean), 2e-4 * settings.cost_bps / move
        size = min(max((edge - round_trip) / settings.full_edge, 0.0), 1.0)
        if self._held * lean > 0.0:
            size = max(size, min(abs(self._held), edge / settings.full_edge))
        self._held = size if lean > 0.0 else -size
        return Opinion(self._held, edge)
