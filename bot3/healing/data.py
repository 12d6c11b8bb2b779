"""Data requests of a venue whose rate budget runs low: shed, and resumed with hysteresis.

Invariant: between shedding and resuming lie at least `DWELL_S`, so that a budget that swings about
the thresholds does not make us swing with it.
"""

from __future__ import annotations

from typing import final

from bot3.domain.values import VenueName
from bot3.healing.decision import SECOND_NS, Decision
from bot3.healing.settings import HealingSettings
from bot3.messages.healing import BudgetRead, HealingAction, ResumeData, ShedData

DWELL_S = 5.0


@final
class DataShedding:
    """Of one venue."""

    def __init__(
        self, venue: VenueName, settings: HealingSettings, *, is_shed: bool, now_ns: int
    ) -> None:
        self.venue = venue
        self.is_shed = is_shed
        self._settings = settings
        self._changed_ns = now_ns if is_shed else now_ns - int(DWELL_S * SECOND_NS)

    def on_reading(self, read: BudgetRead, now_ns: int) -> Decision | None:
        """The budget as it is now."""
        if now_ns - self._changed_ns < DWELL_S * SECOND_NS:
            return None
        reason = f"{read.used_share:.0%} of the rate budget used"
        if not self.is_shed and read.used_share >= self._settings.shed_data_above:
            self.is_shed, self._changed_ns = True, now_ns
            return Decision(HealingAction.SHED_DATA, self.venue, reason, ShedData(self.venue))
        if self.is_shed and read.used_share < self._settings.resume_data_below:
            self.is_shed, self._changed_ns = False, now_ns
            return Decision(HealingAction.RESUME_DATA, self.venue, reason, ResumeData(self.venue))
        return None
