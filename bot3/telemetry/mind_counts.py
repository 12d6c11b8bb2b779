"""What became of learners, counted: drifts, times on the bench, feature sets judged.

Invariant: counts only rise.
"""

from __future__ import annotations

from collections import Counter
from typing import final

from bot3.messages.minds import DriftDetected, FeaturesJudged, ModelBenched

LearnerNews = DriftDetected | FeaturesJudged | ModelBenched


@final
class MindCounts:
    """By detector, by reason, by verdict."""

    def __init__(self) -> None:
        self.drifts: Counter[str] = Counter()
        self.benched: Counter[str] = Counter()
        self.judged: Counter[str] = Counter()

    def take(self, message: LearnerNews) -> None:
        """One of them."""
        match message:
            case DriftDetected(detector=detector):
                self.drifts[detector] += 1
            case ModelBenched(reason=reason):
                self.benched[reason] += 1
            case FeaturesJudged(is_promoted=is_promoted):
                self.judged["promoted" if is_promoted else "refused"] += 1
