"""What is known of risk: the ladder, the capital, the allocation.

Invariant: the last word on each; None where nobody has said it yet.
"""

from __future__ import annotations

from typing import final

import msgspec

from bot3.domain.values import InstrumentId
from bot3.messages.risk import AllocationSolved, CapitalChanged, LadderMoved, RiskScaled
from bot3.telemetry.status import RiskStatus

RiskCardNews = RiskScaled | LadderMoved | CapitalChanged | AllocationSolved


@final
class RiskCard:
    """Kept by the board."""

    def __init__(self) -> None:
        self.scaled: dict[InstrumentId, RiskScaled] = {}
        self.ladder: LadderMoved | None = None
        self.capital: CapitalChanged | None = None
        self.allocation: AllocationSolved | None = None

    def take(self, message: RiskCardNews) -> None:
        """One of them."""
        match message:
            case RiskScaled(instrument=instrument):
                self.scaled[instrument] = message
            case LadderMoved():
                self.ladder = message
            case CapitalChanged():
                self.capital = message
            case AllocationSolved():
                self.allocation = message

    def status(self) -> RiskStatus:
        """As faces show it."""
        ladder, capital, solved = self.ladder, self.capital, self.allocation
        told = RiskStatus(
            ladder_step=0 if ladder is None else ladder.step,
            ladder_scale=1.0 if ladder is None else ladder.scale,
            capital=None if capital is None else capital.capital,
            reserve=None if capital is None else capital.reserve,
        )
        if solved is None:
            return told
        return msgspec.structs.replace(
            told,
            allocation=solved.words,
            is_target_supported=solved.is_supported,
            weights=solved.weights,
            cash=solved.cash,
            apy=solved.apy,
            apy_low=solved.apy_low,
            apy_high=solved.apy_high,
        )
