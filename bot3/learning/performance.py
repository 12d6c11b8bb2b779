"""Turns what a target earned into a loss that a meta-learner can take.

Invariant: a loss is in [0, 1]; 0.5 is "neither earned nor lost", costs included.
"""

from __future__ import annotations

from math import expm1, isfinite


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
