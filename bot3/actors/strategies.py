"""The strategy actors of one instrument: TA, and the blend of TA and ML.

Invariant: each bar gets one blended target.
"""

from __future__ import annotations

from typing import final

from bot3.messages.minds import (
    CostRealized,
    FeaturesComputed,
    RegimeEstimated,
    StrategyPromoted,
    TargetProposed,
    WeightsChanged,
)
from bot3.strategies.base import ABSTAIN, Opinion
from bot3.strategies.evolved import EvolvedStrategy
from bot3.strategies.hybrid import HybridStrategy
from bot3.strategies.ta import TAStrategy
from supervisors.actor import Address, DecisionActor


def proposal(name: str, opinion: Opinion, features: FeaturesComputed) -> TargetProposed:
    """An opinion as the message that everybody understands."""
    return TargetProposed(
        features.instrument,
        name,
        features.ts_ns,
        features.origin_ns,
        opinion.target,
        opinion.confidence,
        features.is_warm_up,
    )


TAMessage = RegimeEstimated | CostRealized
EvolvedMessage = RegimeEstimated | StrategyPromoted
HybridMessage = RegimeEstimated | TargetProposed | CostRealized | StrategyPromoted


@final
class TAActor(DecisionActor[TAMessage]):
    """Shell of `TAStrategy`. A restarted one learns anew what pays."""

    def __init__(
        self, strategy: TAStrategy, *, listeners: tuple[Address[TargetProposed], ...]
    ) -> None:
        self._strategy = strategy
        self._listeners = listeners

    def handle(self, message: TAMessage) -> None:
        if isinstance(message, CostRealized):
            self._strategy.on_cost(message.cost_bps)
            return
        opinion = self._strategy.decide(message.features, message)
        proposed = proposal(self._strategy.name, opinion, message.features)
        for listener in self._listeners:
            listener.send(proposed)


@final
class EvolvedActor(DecisionActor[EvolvedMessage]):
    """Shell of `EvolvedStrategy`: follows what evolution has promoted, from its next bar on."""

    def __init__(
        self,
        strategy: EvolvedStrategy,
        *,
        hybrid: Address[StrategyPromoted],
        listeners: tuple[Address[TargetProposed], ...],
    ) -> None:
        self._strategy, self._hybrid, self._listeners = strategy, hybrid, listeners

    def handle(self, message: EvolvedMessage) -> None:
        if isinstance(message, StrategyPromoted):
            self._strategy.adopt(message.genome)
            self._hybrid.send(message)
            return
        opinion = self._strategy.decide(message.features, message)
        proposed = proposal(self._strategy.name, opinion, message.features)
        for listener in self._listeners:
            listener.send(proposed)


@final
class HybridActor(DecisionActor[HybridMessage]):
    """Shell of `HybridStrategy`: waits for every member's opinion on a bar, or for the next bar.

    A member that is down when the next bar comes has abstained.
    """

    def __init__(
        self,
        hybrid: HybridStrategy,
        *,
        listeners: tuple[Address[TargetProposed], ...],
        board: Address[WeightsChanged],
    ) -> None:
        self._hybrid = hybrid
        self._listeners = listeners
        self._board = board
        self._bar: RegimeEstimated | None = None
        self._opinions: dict[str, Opinion] = {}

    def handle(self, message: HybridMessage) -> None:
        if isinstance(message, RegimeEstimated):
            self._decide()
            self._bar = message
        elif isinstance(message, CostRealized):
            self._hybrid.on_cost(message.cost_bps)
        elif isinstance(message, StrategyPromoted):
            self._hybrid.renew_shadow()
        elif self._bar is not None and message.ts_ns == self._bar.ts_ns:
            self._opinions[message.strategy] = Opinion(message.target, message.confidence)
            if len(self._opinions) == len(self._hybrid.weights):
                self._decide()

    def _decide(self) -> None:
        bar = self._bar
        if bar is None:
            return
        opinions = {name: self._opinions.get(name, ABSTAIN) for name in self._hybrid.weights}
        self._bar, self._opinions = None, {}
        opinion = self._hybrid.blend(bar.features, bar, opinions)
        proposed = proposal(self._hybrid.name, opinion, bar.features)
        for listener in self._listeners:
            listener.send(proposed)
        if not bar.features.is_warm_up:
            weights = self._hybrid.weights
            self._board.send(WeightsChanged(proposed.instrument, bar.ts_ns, weights))
