"""The regime of the market as a whole: every instrument's bars in, one regime out.

Invariant: no instrument's decision waits for it.
"""

from __future__ import annotations

from typing import final

from bot3.domain.values import InstrumentId, Symbol, VenueName
from bot3.market.features import FEATURE_INDEX
from bot3.messages.journal import JournalEntry
from bot3.messages.market import TimerTicked
from bot3.messages.minds import MarketRegimeEstimated, RegimeChanged, RegimeEstimated
from bot3.regime.market_wide import MarketWideRegime
from supervisors.actor import Address, DecisionActor

# Whose regime it is in the journal.
WHOLE_MARKET = InstrumentId(VenueName("all"), Symbol("MARKET"))
_ADX = FEATURE_INDEX["adx_14"]


@final
class MarketRegimeActor(DecisionActor[RegimeEstimated | TimerTicked]):
    """Shell of `MarketWideRegime`. A restarted one learns the market anew."""

    def __init__(
        self,
        regime: MarketWideRegime,
        *,
        board: Address[MarketRegimeEstimated],
        journal: Address[JournalEntry],
    ) -> None:
        self._regime = regime
        self._board, self._journal = board, journal

    def handle(self, message: RegimeEstimated | TimerTicked) -> None:
        if isinstance(message, TimerTicked):
            self._regime.learn()
            return
        features = message.features
        found = self._regime.hear(
            message.instrument, message.ts_ns, features.log_return, features.values[_ADX]
        )
        if found is None:
            return
        estimate = found.estimate
        self._board.send(
            MarketRegimeEstimated(
                found.ts_ns, found.instruments, estimate.probabilities, estimate.label
            )
        )
        if estimate.before is not None and not features.is_warm_up:
            changed = RegimeChanged(WHOLE_MARKET, found.ts_ns, estimate.before, estimate.label)
            self._journal.send(JournalEntry(changed))
