"""What is known of the minds together: the market's regime, and what became of learners, counted.

Invariant: counts only rise.
"""

from __future__ import annotations

from collections import Counter
from typing import final

from bot3.messages.minds import (
    DriftDetected,
    EvolutionSearched,
    FeaturesJudged,
    MarketRegimeEstimated,
    ModelBenched,
    StrategyPromoted,
)

MindsNews = (
    MarketRegimeEstimated
    | DriftDetected
    | FeaturesJudged
    | ModelBenched
    | EvolutionSearched
    | StrategyPromoted
)


@final
class MindsCard:
    """`drifts` by detector, `benched` by reason, `judged` by verdict,
    `evolved`: strategies tried, rejected by gate, and promoted.
    """

    def __init__(self) -> None:
        self.market_regime: MarketRegimeEstimated | None = None
        self.drifts: Counter[str] = Counter()
        self.benched: Counter[str] = Counter()
        self.judged: Counter[str] = Counter()
        self.evolved: Counter[str] = Counter()

    def take(self, message: MindsNews) -> None:
        """One of them."""
        match message:
            case MarketRegimeEstimated():
                self.market_regime = message
            case DriftDetected(detector=detector):
                self.drifts[detector] += 1
            case ModelBenched(reason=reason):
                self.benched[reason] += 1
            case FeaturesJudged(is_promoted=is_promoted):
                self.judged["promoted" if is_promoted else "refused"] += 1
            case EvolutionSearched(evaluated=evaluated, rejected=rejected):
                self.evolved["tried"] += evaluated
                self.evolved.update(rejected)
            case StrategyPromoted():
                self.evolved["promoted"] += 1
