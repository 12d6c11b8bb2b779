"""Opinions: features, regimes, predictions, targets.

`ts_ns` is the decision's time; `origin_ns` the monotonic time at which the market event that caused
it was received (for tick-to-order latency; 0 where unknown).
"""

from __future__ import annotations

from enum import Enum, unique

import msgspec

from bot3.domain.values import InstrumentId


@unique
class RegimeLabel(Enum):
    """What the market is doing."""

    CALM = "calm"
    TRENDING = "trending"
    VOLATILE = "volatile"


class FeaturesComputed(msgspec.Struct, frozen=True):
    """One feature vector at a bar's close, in the order of `bot3.market.features.FEATURE_NAMES`."""

    instrument: InstrumentId
    ts_ns: int
    origin_ns: int
    close: float
    log_return: float
    values: tuple[float, ...]
    is_warm_up: bool = False


class RegimeEstimated(msgspec.Struct, frozen=True):
    """Filtered probabilities of the states, by rising volatility; they sum to one."""

    instrument: InstrumentId
    ts_ns: int
    probabilities: tuple[float, ...]
    label: RegimeLabel
    features: FeaturesComputed


class MarketRegimeEstimated(msgspec.Struct, frozen=True):
    """The regime of all `instruments` together, at the close of their bars at `ts_ns`."""

    ts_ns: int
    instruments: int
    probabilities: tuple[float, ...]
    label: RegimeLabel


class RegimeChanged(msgspec.Struct, frozen=True, tag=True):
    """The label changed, after hysteresis."""

    instrument: InstrumentId
    ts_ns: int
    before: RegimeLabel
    after: RegimeLabel


class TargetProposed(msgspec.Struct, frozen=True):
    """Where a strategy wants to be: `target` in [-1, 1], `confidence` in [0, 1]."""

    instrument: InstrumentId
    strategy: str
    ts_ns: int
    origin_ns: int
    target: float
    confidence: float
    is_warm_up: bool = False


class LearningScored(msgspec.Struct, frozen=True):
    """Prequential scores of the online learner, beside those of forecasts that need no learning.

    Log losses in nats, R2 of the expected returns; `weights` of its models in their blend.
    """

    instrument: InstrumentId
    ts_ns: int
    labels: int
    accuracy: float
    no_change_accuracy: float
    log_loss: float = 0.0
    base_rate_log_loss: float = 0.0
    calibration_error: float = 0.0
    no_change_log_loss: float = 0.0
    r_squared: float = 0.0
    no_change_r_squared: float = 0.0
    weights: dict[str, float] = {}


class WeightsChanged(msgspec.Struct, frozen=True):
    """The blend of the strategies; weights sum to one."""

    instrument: InstrumentId
    ts_ns: int
    weights: dict[str, float]


class DriftDetected(msgspec.Struct, frozen=True, tag=True):
    """A drift detector fired."""

    instrument: InstrumentId
    ts_ns: int
    detector: str


class ModelBenched(msgspec.Struct, frozen=True, tag=True):
    """A learner misbehaves: it is not listened to until `until_ns`."""

    instrument: InstrumentId
    ts_ns: int
    strategy: str
    reason: str
    until_ns: int


class FeaturesProposed(msgspec.Struct, frozen=True):
    """Features that a search found: the learner is to judge them."""

    instrument: InstrumentId
    ts_ns: int
    names: tuple[str, ...]


class FeaturesJudged(msgspec.Struct, frozen=True, tag=True):
    """What became of a challenger with other features, or none: the evidence of a promotion.

    `labels` were forecast by both; the errors are mean squared ones of probabilities.
    """

    instrument: InstrumentId
    ts_ns: int
    names: tuple[str, ...]
    is_promoted: bool
    labels: int
    error_used: float
    error_challenger: float


class CostRealized(msgspec.Struct, frozen=True):
    """A fill's fee and distance from the mid, in basis points of its notional."""

    instrument: InstrumentId
    ts_ns: int
    cost_bps: float


class StrategyPromoted(msgspec.Struct, frozen=True, tag=True):
    """Evolution has found a strategy that passed every gate: the evidence, and the whole genome.

    Log growth is told as returns; `p_spa` and `p_holdout` are of the best of all candidates, and of
    this one on data that no search has seen. `trials` were made for it.
    """

    instrument: InstrumentId
    ts_ns: int
    genome: str
    expression: str
    trials: int
    return_search: float
    return_holdout: float
    p_spa: float
    p_holdout: float
    deflated_sharpe: float


class EvolutionSearched(msgspec.Struct, frozen=True):
    """A search beside trading is over: how many strategies it tried, and why they were rejected."""

    instrument: InstrumentId
    ts_ns: int
    evaluated: int
    promoted: int
    rejected: dict[str, int]
