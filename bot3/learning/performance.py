"""Turns what a target earned into a loss that a meta-learner can take.

Invariant: a loss is in [0, 1]; 0.5 is "neither earned nor lost", costs included.
"""

from __future__ import annotations

from math import expm1, isfinite

from attrs import field, frozen, validators


@frozen
class PerformanceSettings:
    """`cost_bps` per unit of turnover, one way: fee, half spread and slippage.

    `return_scale_bps`: the net return of a bar that counts as a loss of 0 (or 1 if it is lost);
    a few times the usual move, so that few bars are clipped.
    """

    cost_bps: float = field(default=10.0, validator=validators.ge(0.0))
    return_scale_bps: float = field(default=100.0, validator=validators.gt(0.0))


def net_return(log_return: float, target: float, before: float, cost_bps: float) -> float:
    """What `target` earned over a bar, after the turnover from `before` was paid.

    Raises:
        ValueError: a number that is not finite, or a target outside [-1, 1].
    """
    if not (isfinite(log_return) and abs(target) <= 1.0 and abs(before) <= 1.0):
        raise ValueError(f"return {log_return} on target {target} after {before}")
    return target * expm1(log_return) - cost_bps * 1e-4 * abs(target - before)


def loss(log_return: float, target: float, before: float, settings: PerformanceSettings) -> float:
    """The net return as a loss: 0.5 - net / (2 * scale), clipped to [0, 1]."""
    net = net_return(log_return, target, before, settings.cost_bps)
    scaled = 0.5 - net / (2e-4 * settings.return_scale_bps)
    return min(max(scaled, 0.0), 1.0)
