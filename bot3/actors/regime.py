"""The regime of one instrument: features in; probabilities, label and its changes out.

Invariant: every feature vector is passed on once, with the regime in which it was seen.
"""

from __future__ import annotations

from typing import final

from bot3.market.features import FEATURE_INDEX
from bot3.messages.journal import JournalEntry
from bot3.messages.market import TimerTicked
from bot3.messages.minds import FeaturesComputed, RegimeChanged, RegimeEstimated
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
        journal: Address[JournalEntry],
    ) -> None:
        self._detector = detector
        self._listeners = listeners
        self._journal = journal

    def handle(self, message: FeaturesComputed | TimerTicked) -> None:
        if isinstance(message, TimerTicked):
            self._detector.learn()
        else:
            self._estimate(message)

    def _estimate(self, message: FeaturesComputed) -> None:
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
