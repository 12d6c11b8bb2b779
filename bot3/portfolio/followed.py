"""A position that follows a strategy's targets without being traded: what it would have earned.

Invariant: a bar is earned by the target that stood before it, and pays for its turnover once.
"""

from __future__ import annotations

from math import expm1
from typing import final


@final
class Followed:
    """Spot: a target below zero is no position. `cost_bps` per unit of turnover, one way; a holding
    is left alone within `rebalance_band` of what is wanted.
    """

    __slots__ = ("_band", "_before", "_cost", "_held")

    def __init__(self, cost_bps: float, rebalance_band: float) -> None:
        self._cost, self._band = cost_bps * 1e-4, rebalance_band
        self._before = self._held = 0.0

    def follow(self, target: float) -> None:
        """Where the strategy wants to be from now on."""
        wanted = max(target, 0.0)
        if abs(wanted - self._held) > self._band * wanted:
            self._held = wanted

    def earn(self, log_return: float) -> float:
        """The simple return of a bar, net of its turnover; the caller sees to a finite return."""
        paid = self._cost * abs(self._held - self._before)
        self._before = self._held
        return self._held * expm1(log_return) - paid
