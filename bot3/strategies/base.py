"""What a strategy is: features and a regime in, an opinion out.

Invariant: a target is in [-1, 1] and a confidence in [0, 1]; a confidence of 0 is an abstention.
"""

from __future__ import annotations

from math import isfinite
from typing import NamedTuple, Protocol

from bot3.market.features import FEATURE_NAMES
from bot3.messages.minds import FeaturesComputed, RegimeEstimated


class Opinion(NamedTuple):
    """Where a strategy wants to be: `target` of the full position, and how sure it is of it."""

    target: float
    confidence: float


ABSTAIN = Opinion(0.0, 0.0)


class Strategy(Protocol):
    """Says where it wants to be, once a bar; asking moves its own memory on, nothing else."""

    @property
    def name(self) -> str: ...

    def decide(self, features: FeaturesComputed, regime: RegimeEstimated) -> Opinion:
        """The opinion at a bar's close.

        Raises:
            ValueError: features of another width or not finite, or probabilities that are none.
        """
        ...


def check_inputs(features: FeaturesComputed, regime: RegimeEstimated) -> None:
    """Raises ValueError for what no strategy can use."""
    values = features.values
    if len(values) != len(FEATURE_NAMES) or not isfinite(sum(values) + features.log_return):
        raise ValueError(f"{features.instrument}: unusable features at {features.ts_ns}: {values}")
    if not 0.0 <= regime.probabilities[-1] <= 1.0:
        raise ValueError(f"{features.instrument}: unusable regime {regime.probabilities}")


def clip(value: float) -> float:
    """`value` within [-1, 1]."""
    return min(max(value, -1.0), 1.0)
