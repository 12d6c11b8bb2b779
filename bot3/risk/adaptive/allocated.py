"""An allocation in force: the position that all strategies make together, each with its share.

    position of an instrument = sum over strategies of (share of its sleeve * its target), of equity

Invariant: before the first allocation nothing is held; a strategy that said nothing of a bar wants
nothing there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import final

import msgspec

from bot3.domain.values import InstrumentId
from bot3.messages.minds import TargetProposed
from bot3.messages.risk import AllocationSolved
from bot3.portfolio.sleeves import Sleeve


@final
class Allocated:
    """`blend` names the strategy whose targets are traded; those of the others are its members'."""

    __slots__ = ("_blend", "_said", "_shares", "_weights")

    def __init__(self, blend: str) -> None:
        self._blend = blend
        self._weights: Mapping[str, float] = {}
        self._shares: Mapping[InstrumentId, float] = {}
        self._said: dict[InstrumentId, dict[str, TargetProposed]] = {}

    def take(self, solved: AllocationSolved) -> None:
        """From now on."""
        self._weights, self._shares = solved.weights, dict(solved.shares)

    def share(self, instrument: InstrumentId) -> float:
        """The most that may be held there, as a share of equity."""
        return self._shares.get(instrument, 0.0)

    def blended(self, proposed: TargetProposed) -> TargetProposed | None:
        """The blend's target, made of what all strategies said of its bar; None for a member's."""
        said = self._said.setdefault(proposed.instrument, {})
        said[proposed.strategy] = proposed
        if proposed.strategy != self._blend:
            return None
        total = wanted = 0.0
        for each in said.values():
            weight = self._weights.get(Sleeve(each.strategy, each.instrument).name, 0.0)
            total += weight
            if each.ts_ns == proposed.ts_ns:
                wanted += weight * max(each.target, 0.0) * each.confidence
        target = min(wanted / total, 1.0) if total > 0.0 else 0.0
        return msgspec.structs.replace(proposed, target=target, confidence=1.0)
