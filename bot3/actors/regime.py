"""The regime of one instrument: features in; probabilities, label and its changes out.

Invariant: every feature vector is passed on once, with the regime in which it was seen.
"""

from __future__ import annotations

from typing import final

from bot3.market.features import FEATURE_INDEX
from bot3.messages.journal import JournalEntry
from bot3.messages.market import TimerTicked
from bot3.messages.minds import (
    DriftDetected,
    FeaturesComputed,
    RegimeChanged,
    RegimeEstimated,
)
from bot3.regime.detector import RegimeDetector
from supervisors.actor import Address, DecisionActor

_ADX = FEATURE_INDEX["adx_14"]


@final
class RegimeActor(DecisionActor[FeaturesComputed | TimerTicked]):
    """Shell of `RegimeDetector`. A restarted one learns the market anew from the next bar on.

    What a bar teaches is learned on the timer's next beat: no order waits for it.
    """

    def __init__(
        self,
        detector: RegimeDetector,
        *,
        listeners: tuple[Address[RegimeEstimated], ...],
        board: Address[DriftDetected],
        journal: Address[JournalEntry],
    ) -> None:
        self._detector = detector
        self._board = board
        self._last: FeaturesComputed | None = None
        self._listeners = listeners
        self._journal = journal

    def handle(self, message: FeaturesComputed | TimerTicked) -> None:
        if isinstance(message, TimerTicked):
            self._learn()
        else:
            self._estimate(message)

    def _learn(self) -> None:
        for detector in self._detector.learn():
            last = self._last
            assert last is not None  # it learned from a bar
            if not last.is_warm_up:
                drift = DriftDetected(last.instrument, last.ts_ns, detector)
                self._journal.send(JournalEntry(drift))
                self._board.send(drift)

    def _estimate(self, message: FeaturesComputed) -> None:
        self._last = message
        estimate = self._detector.update(message.log_return, message.values[_ADX])
        estimated = RegimeEstimated(
            message.instrument, message.ts_ns, estimate.probabilities, estimate.label, message
        )
        for listener in self._listeners:
            listener.send(estimated)
        if estimate.before is not None and not message.is_warm_up:
            changed = RegimeChanged(
                message.instrument, message.ts_ns, estimate.before, estimate.label
            )
            self._journal.send(JournalEntry(changed))
