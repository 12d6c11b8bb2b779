"""Turns what a target earned into a loss that a meta-learner can take.

Invariant: a loss is in [0, 1]; 0.5 is "neither earned nor lost", costs included.
"""

from __future__ import annotations

from math import expm1, isfinite
from typing import Final, final

COST_MAX_BPS: Final = 200.0  # of one fill: a mid that jumped is no cost of trading
_PRIOR_FILLS: Final = 20.0
_MEMORY_FILLS: Final = 200.0


def net_return(log_return: float, target: float, before: float, cost_bps: float) -> float:
    """What `target` earned over a bar, after the turnover from `before` was paid.

    `cost_bps` per unit of turnover, one way: fee, half spread and slippage.

    Raises:
        ValueError: a number that is not finite, or a target outside [-1, 1].
    """
    if not (isfinite(log_return) and abs(target) <= 1.0 and abs(before) <= 1.0):
        raise ValueError(f"return {log_return} on target {target} after {before}")
    return target * expm1(log_return) - cost_bps * 1e-4 * abs(target - before)


def loss_of(net: float, scale: float) -> float:
    """A net return as a loss: 0.5 - net / (2 * scale), clipped to [0, 1].

    `scale` is the net return that counts as a loss of 0, or of 1 where it is lost.
    """
    if scale <= 0.0:
        return 0.5
    return min(max(0.5 - net / (2.0 * scale), 0.0), 1.0)


@final
class RealizedCost:
    """What a trade costs one way: a prior worth a few fills, then what fills cost.

    Fee and distance from the mid, in basis points of the notional; never below zero, so that no run
    of lucky fills makes trading look free.
    """

    __slots__ = ("_bps", "_fills")

    def __init__(self, prior_bps: float) -> None:
        self._bps, self._fills = prior_bps, _PRIOR_FILLS

    @property
    def bps(self) -> float:
        """The estimate now."""
        return max(self._bps, 0.0)

    def update(self, cost_bps: float) -> None:
        """One fill's; raises ValueError for what is not finite."""
        if not isfinite(cost_bps):
            raise ValueError(f"a fill that cost {cost_bps} bps")
        self._fills = min(self._fills + 1.0, _MEMORY_FILLS)
        bounded = min(max(cost_bps, -COST_MAX_BPS), COST_MAX_BPS)
        self._bps += (bounded - self._bps) / self._fills
