"""What a venue has been like: how late its answers are, how often it fails, how often it fills
what rests there.

Invariant: every figure starts from a prior and fades, so that neither silence nor one bad minute
decides for ever.
"""

from __future__ import annotations

from typing import final

from attrs import define

from bot3.execution.router import penalty_of

PRIOR_LATENCY_S = 0.05
PRIOR_RESTS = 5.0
_NEW = 0.1  # the weight of one more latency or outcome
_FADE = 0.98  # of the rests seen, for each order of any kind: what crosses now may rest again


@final
@define
class VenueRecord:
    """`failure_rate` of submissions: refused, lapsed before the engine, or of unknown outcome."""

    latency_s: float = PRIOR_LATENCY_S
    failure_rate: float = 0.0
    rests: float = 0.0
    filled: float = 0.0

    def on_answer(self, latency_s: float) -> None:
        """The venue took an order, so long after it was decided."""
        self.latency_s += _NEW * (max(latency_s, 0.0) - self.latency_s)
        self.rests *= _FADE
        self.filled *= _FADE
        self.on_outcome(has_failed=False)

    def on_outcome(self, *, has_failed: bool) -> None:
        """An order was taken, or not."""
        self.failure_rate += _NEW * (has_failed - self.failure_rate)

    def on_rest(self, share_filled: float) -> None:
        """A resting order ended filled, or out of patience with so much of it filled."""
        self.rests += 1
        self.filled += share_filled

    def fill_probability(self, modelled: float) -> float:
        """The model's as a prior worth `PRIOR_RESTS` orders, and what was seen."""
        return (PRIOR_RESTS * modelled + self.filled) / (PRIOR_RESTS + self.rests)

    def penalty_bps(self, volatility_bps_per_root_s: float, retry_s: float) -> float:
        """Of sending an order there; after a failure it is sent again `retry_s` later."""
        retry_bps = penalty_of(retry_s, volatility_bps_per_root_s, 0.0, 0.0)
        return penalty_of(self.latency_s, volatility_bps_per_root_s, self.failure_rate, retry_bps)
