"""The strategy actors of one instrument: TA, ML with its learner, and the blend of both.

Invariant: a target goes out before anything is learned from its bar, so orders never wait for
learning; each bar gets one blended target.
"""

from __future__ import annotations

from collections import deque
from typing import final

from bot3.actors.memory import Memory
from bot3.domain.values import InstrumentId
from bot3.learning.online import OnlineLearner
from bot3.messages.market import TimerTicked
from bot3.messages.minds import (
    FeaturesComputed,
    LearningScored,
    RegimeEstimated,
    TargetProposed,
    WeightsChanged,
)
from bot3.strategies.base import ABSTAIN, Opinion
from bot3.strategies.hybrid import HybridStrategy
from bot3.strategies.ml import MLSettings, MLStrategy
from bot3.strategies.ta import TAStrategy
from supervisors.actor import Address, DecisionActor

LABELS_PER_SNAPSHOT = 100
UNLEARNED_MAX = 1_000


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


@final
class TAActor(DecisionActor[RegimeEstimated]):
    """Shell of `TAStrategy`, which has no memory."""

    def __init__(
        self, strategy: TAStrategy, *, listeners: tuple[Address[TargetProposed], ...]
    ) -> None:
        self._strategy = strategy
        self._listeners = listeners

    def handle(self, message: RegimeEstimated) -> None:
        opinion = self._strategy.decide(message.features, message)
        proposed = proposal(self._strategy.name, opinion, message.features)
        for listener in self._listeners:
            listener.send(proposed)


@final
class MLActor(DecisionActor[RegimeEstimated | TimerTicked]):
    """Shell of `MLStrategy` and its `OnlineLearner`.

    History is learned at once, live bars on the timer's next beat. A restarted one resumes from
    the last snapshot in memory; whether that is still the one to resume from, healing decides.
    """

    def __init__(
        self,
        instrument: InstrumentId,
        learner: OnlineLearner,
        settings: MLSettings,
        memory: Memory,
        *,
        is_learning: bool,
        listeners: tuple[Address[TargetProposed], ...],
        board: Address[LearningScored],
    ) -> None:
        self._instrument = instrument
        self._learner = learner
        self._strategy = MLStrategy(learner, settings)
        self._models = memory.models(instrument)
        self._is_learning = is_learning
        self._listeners = listeners
        self._board = board
        self._unlearned: deque[FeaturesComputed] = deque(maxlen=UNLEARNED_MAX)

    def started(self) -> None:
        snapshot = self._models.take()
        if snapshot is not None:
            self._learner.restore(snapshot)

    def handle(self, message: RegimeEstimated | TimerTicked) -> None:
        if isinstance(message, TimerTicked):
            while self._unlearned:
                self._learn(self._unlearned.popleft())
            return
        features = message.features
        proposed = proposal(self._strategy.name, self._strategy.decide(features, message), features)
        for listener in self._listeners:
            listener.send(proposed)
        if features.is_warm_up:
            self._learn(features)
        elif self._is_learning:
            self._unlearned.append(features)

    def _learn(self, features: FeaturesComputed) -> None:
        if not self._learner.learn(features.ts_ns, features.close, features.values):
            return
        score = self._learner.score
        if score.labels % LABELS_PER_SNAPSHOT == 0:
            self._models.keep(self._learner.snapshot())
        self._board.send(
            LearningScored(
                self._instrument,
                features.ts_ns,
                score.labels,
                score.accuracy,
                score.no_change_accuracy,
            )
        )


@final
class HybridActor(DecisionActor[RegimeEstimated | TargetProposed]):
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

    def handle(self, message: RegimeEstimated | TargetProposed) -> None:
        if isinstance(message, RegimeEstimated):
            self._decide()
            self._bar = message
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
