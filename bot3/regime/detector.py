"""Names the market's regime from returns and the strength of the trend, and notices changes.

Invariant: the label changes only past the far threshold of its band, so that a value that hovers
around one threshold does not flap. What is learned from a bar changes no answer about it.
"""

from __future__ import annotations

from math import isfinite
from typing import NamedTuple

from attrs import field, frozen, validators

from bot3.market.drift import DriftMonitor, DriftSettings
from bot3.messages.minds import RegimeLabel
from bot3.regime.change_points import ChangePointSettings
from bot3.regime.changes import ReturnChanges
from bot3.regime.hamilton import HamiltonFilter, HamiltonParameters, HamiltonSettings
from bot3.regime.learning import LearningFilter

VOLATILITY_DRIFT = "|log return|"
CHANGE_POINT = "change point"
_SHARE = [validators.ge(0.0), validators.le(1.0)]
_INDEX = [validators.ge(0.0), validators.le(100.0)]


@frozen
class RegimeSettings:
    """Bands of the labels.

    `volatile_enter`, `volatile_leave`: probability of the most volatile state.
    `trend_enter`, `trend_leave`: trend strength as ADX, 0 to 100; Wilder calls 25 a trend.
    """

    filter: HamiltonSettings = field(factory=HamiltonSettings)
    change_points: ChangePointSettings = field(default=ChangePointSettings(hypotheses_max=200))
    drift: DriftSettings = field(factory=DriftSettings)
    volatile_enter: float = field(default=0.7, validator=_SHARE)
    volatile_leave: float = field(default=0.4, validator=_SHARE)
    trend_enter: float = field(default=25.0, validator=_INDEX)
    trend_leave: float = field(default=20.0, validator=_INDEX)

    def __attrs_post_init__(self) -> None:
        if self.volatile_leave > self.volatile_enter or self.trend_leave > self.trend_enter:
            raise ValueError(f"a label must be left at or below where it is entered: {self}")


class RegimeEstimate(NamedTuple):
    """`probabilities` by rising volatility, they sum to one; `before` is the label it replaced."""

    probabilities: tuple[float, ...]
    label: RegimeLabel
    before: RegimeLabel | None

    @property
    def has_changed(self) -> bool:
        """True where the label differs from the last bar's."""
        return self.before is not None


class RegimeDetector:
    """One instrument's regime, bar by bar. `parameters` fixes the filter's instead of learning."""

    __slots__ = ("_changes", "_drift", "_filter", "_label", "_settings", "_unlearned")

    def __init__(
        self,
        settings: RegimeSettings | None = None,
        parameters: HamiltonParameters | None = None,
    ) -> None:
        self._settings = settings or RegimeSettings()
        self._filter: HamiltonFilter | LearningFilter = (
            LearningFilter(self._settings.filter)
            if parameters is None
            else HamiltonFilter(self._settings.filter, parameters)
        )
        self._label = RegimeLabel.CALM
        self._changes = ReturnChanges(self._settings.change_points)
        self._drift = DriftMonitor(VOLATILITY_DRIFT, self._settings.drift)
        self._unlearned: list[float] = []

    @property
    def label(self) -> RegimeLabel:
        """The last label; CALM at first."""
        return self._label

    @property
    def probabilities(self) -> tuple[float, ...]:
        """Of the states, before the next return is known."""
        return self._filter.probabilities

    @property
    def parameters(self) -> HamiltonParameters | None:
        """What the filter believes about the states; None before its first guess."""
        return self._filter.parameters

    def update(self, log_return: float, trend_strength: float) -> RegimeEstimate:
        """Takes a bar's log return and its trend strength (ADX, 0 to 100).

        Raises:
            ValueError: a number that is not finite, or a strength outside its range; nothing has
                changed.
        """
        if not (isfinite(log_return) and 0.0 <= trend_strength <= 100.0 + 1e-9):
            raise ValueError(f"return {log_return}, trend strength {trend_strength} of 0 to 100")
        probabilities = self._filter.update(log_return)
        before, label = self._label, self._name(probabilities[-1], trend_strength)
        self._label = label
        self._unlearned.append(log_return)
        return RegimeEstimate(probabilities, label, before if before is not label else None)

    def learn(self) -> list[str]:
        """Learns from the bars since the last call, off the way of orders.

        Returns what has changed for good by its evidence: `VOLATILITY_DRIFT` (ADWIN on the absolute
        return), `CHANGE_POINT` (the most probable segmentation has a new last segment).
        """
        if not self._unlearned:
            return []
        self._filter.learn()
        news: list[str] = []
        for log_return in self._unlearned:
            if self._drift.update(abs(log_return)):
                news.append(self._drift.name)
            if self._changes.update(log_return):
                news.append(CHANGE_POINT)
        self._unlearned = []
        return news

    def _name(self, volatile: float, trend: float) -> RegimeLabel:
        settings, label = self._settings, self._label
        is_volatile, is_trending = label is RegimeLabel.VOLATILE, label is RegimeLabel.TRENDING
        if volatile >= (settings.volatile_leave if is_volatile else settings.volatile_enter):
            return RegimeLabel.VOLATILE
        if trend >= (settings.trend_leave if is_trending else settings.trend_enter):
            return RegimeLabel.TRENDING
        return RegimeLabel.CALM
