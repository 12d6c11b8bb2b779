"""The machine-learning actor of one instrument: forecasts at a bar's close, learns afterwards.

Invariant: a target goes out before anything is learned from its bar, so orders never wait for
learning; a learner that misbehaves is benched, and says nothing until its time is over.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import final

from bot3.actors.memory import Memory
from bot3.actors.strategies import proposal
from bot3.domain.values import InstrumentId
from bot3.learning.bench import Bench, BenchReason, BenchSettings
from bot3.learning.duel import Duel, Row, Verdict
from bot3.learning.online import LearnerSettings
from bot3.learning.score import LearnerScore
from bot3.learning.snapshot import score_of
from bot3.market.features import FEATURE_NAMES
from bot3.messages.journal import JournalEntry
from bot3.messages.market import TimerTicked
from bot3.messages.minds import (
    CostRealized,
    DriftDetected,
    FeaturesComputed,
    FeaturesJudged,
    FeaturesProposed,
    LearningScored,
    ModelBenched,
    RegimeEstimated,
    TargetProposed,
)
from bot3.strategies.base import ABSTAIN, Opinion
from bot3.strategies.ml import MLSettings, MLStrategy
from supervisors.actor import Address, DecisionActor
from supervisors.clock import Clock

LABELS_PER_SNAPSHOT = 100
LABELS_PER_REVIEW = 3_000
UNLEARNED_MAX = 1_000


def is_snapshot_due(labels: int) -> bool:
    """Often while much is learned; one takes milliseconds, so rarely when little is to be lost."""
    return labels % (LABELS_PER_SNAPSHOT if labels <= 10 * LABELS_PER_SNAPSHOT else 1_000) == 0


LearningNews = LearningScored | DriftDetected | ModelBenched | FeaturesJudged


MLMessage = RegimeEstimated | TimerTicked | FeaturesProposed | CostRealized


@final
class MLActor(DecisionActor[MLMessage]):
    """Shell of `MLStrategy`, the `Duel` of its learners and the `Bench`.

    History is learned at once, live bars on the timer's next beat. A restarted one resumes from
    the last snapshot in memory; whether that is still the one to resume from, healing decides.
    """

    def __init__(
        self,
        instrument: InstrumentId,
        learner: LearnerSettings,
        settings: MLSettings,
        memory: Memory,
        clock: Clock,
        *,
        bench: BenchSettings,
        is_learning: bool,
        listeners: tuple[Address[TargetProposed], ...],
        board: Address[LearningNews],
        journal: Address[JournalEntry],
    ) -> None:
        self._instrument = instrument
        self._learner_settings, self._settings = learner, settings
        self._duel = self._made(())
        self._strategy = MLStrategy(self._duel, settings)
        self._models = memory.models(instrument)
        self._clock = clock
        self._bench = Bench(bench)
        self._is_learning = is_learning
        self._listeners = listeners
        self._board, self._journal = board, journal
        self._unlearned: deque[tuple[FeaturesComputed, Row]] = deque(maxlen=UNLEARNED_MAX)

    def _made(self, extra: Sequence[str]) -> Duel:
        return Duel(FEATURE_NAMES, self._learner_settings, extra=extra)

    def started(self) -> None:
        snapshot = self._models.take()
        if snapshot is None:
            return
        features = score_of(snapshot).get("features", FEATURE_NAMES)
        self._duel = self._made([name for name in features if name not in FEATURE_NAMES])
        self._strategy = MLStrategy(self._duel, self._settings)
        self._duel.learner.restore(snapshot)

    def handle(self, message: MLMessage) -> None:
        match message:
            case RegimeEstimated():
                self._speak(message)
            case TimerTicked():
                while self._unlearned:
                    self._learn(*self._unlearned.popleft())
            case FeaturesProposed(names=names):
                self._duel.challenge(names)
            case CostRealized(cost_bps=cost_bps):
                self._strategy.on_cost(cost_bps)

    def _speak(self, message: RegimeEstimated) -> None:
        features = message.features
        row = self._duel.see(features.values)
        proposed = proposal(self._strategy.name, self._decide(message), features)
        for listener in self._listeners:
            listener.send(proposed)
        if features.is_warm_up:
            self._learn(features, row)
        elif self._is_learning:
            self._unlearned.append((features, row))

    def _decide(self, message: RegimeEstimated) -> Opinion:
        features = message.features
        if self._bench.is_benched(features.ts_ns):
            return ABSTAIN
        learner = self._duel.learner
        started_ns, faults = self._clock.monotonic_ns(), learner.faults
        opinion = self._strategy.decide(features, message)
        took_us = (self._clock.monotonic_ns() - started_ns) / 1e3
        reason = self._bench.on_forecast(features.ts_ns, took_us, learner.faults - faults)
        self._tell_benched(features, reason)
        return opinion

    def _learn(self, features: FeaturesComputed, row: Row) -> None:
        learner = self._duel.learner
        if features.ts_ns <= learner.last_ts_ns:
            return  # history that the snapshot has seen
        has_learned, drifts, verdict = self._duel.learn(features.ts_ns, features.close, row)
        if verdict is not None:
            self._tell_verdict(features, verdict)
        for detector in drifts:
            self._tell_drift(features, detector)
        if not has_learned:
            return
        score = learner.score
        if score.labels % LABELS_PER_REVIEW == 0:
            self._duel.challenge(())  # are the features that were found still worth it?
        if is_snapshot_due(score.labels):
            self._models.keep(learner.snapshot())
        self._tell_score(features, score, learner.weights)

    def _tell_score(
        self, features: FeaturesComputed, score: LearnerScore, weights: dict[str, float]
    ) -> None:
        self._board.send(
            LearningScored(
                self._instrument,
                features.ts_ns,
                score.labels,
                score.accuracy,
                score.no_change_accuracy,
                score.log_loss,
                score.base_rate_log_loss,
                score.calibration_error,
                score.no_change_log_loss,
                score.r_squared,
                score.no_change_r_squared,
                weights,
            )
        )

    def _tell_drift(self, features: FeaturesComputed, detector: str) -> None:
        if features.is_warm_up:
            return
        drift = DriftDetected(self._instrument, features.ts_ns, detector)
        self._journal.send(JournalEntry(drift))
        self._board.send(drift)
        self._tell_benched(features, self._bench.on_drift(features.ts_ns))

    def _tell_verdict(self, features: FeaturesComputed, verdict: Verdict) -> None:
        judged = FeaturesJudged(self._instrument, features.ts_ns, *verdict)
        self._journal.send(JournalEntry(judged))
        self._board.send(judged)
        if verdict.is_promoted:
            self._models.keep(self._duel.learner.snapshot())

    def _tell_benched(self, features: FeaturesComputed, reason: BenchReason | None) -> None:
        if reason is None:
            return
        until_ns = self._bench.until_ns
        benched = ModelBenched(
            self._instrument, features.ts_ns, self._strategy.name, reason.value, until_ns
        )
        self._journal.send(JournalEntry(benched))
        self._board.send(benched)
