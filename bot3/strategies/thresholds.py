"""Entry and exit thresholds that follow how strong signals usually are, and what they paid.

Invariant: a position is entered at a higher strength than it is left at, so a signal that hovers
around one threshold does not flap; thresholds stay within their bounds. What is known not to pay
its costs is not entered.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from math import isfinite

from attrs import field, frozen, validators

from bot3.strategies.payoff import Payoff, PayoffSettings

_SHARE = [validators.ge(0.0), validators.le(1.0)]


@frozen
class ThresholdSettings:
    """Quantiles of the last `window` strengths |signal|, and bounds on what they give.

    `start_signals`: until as many were seen, entering takes `entry_max`.
    """

    window: int = field(default=500, validator=validators.ge(2))
    start_signals: int = field(default=50, validator=validators.ge(1))
    entry_quantile: float = field(default=0.7, validator=_SHARE)
    exit_quantile: float = field(default=0.4, validator=_SHARE)
    entry_min: float = field(default=0.1, validator=_SHARE)
    entry_max: float = field(default=0.5, validator=_SHARE)
    exit_min: float = field(default=0.02, validator=_SHARE)
    payoff: PayoffSettings = field(factory=PayoffSettings)

    def __attrs_post_init__(self) -> None:
        if not (self.exit_min <= self.entry_min <= self.entry_max):
            raise ValueError(f"exit_min <= entry_min <= entry_max is needed: {self}")
        if self.exit_quantile > self.entry_quantile or self.start_signals > self.window:
            raise ValueError(f"exit above entry, or a start longer than the window: {self}")


class AdaptiveThreshold:
    """Lets a signal through from a strong entry until a weak exit; one payoff a regime.

    Signals of a strength must have returned more than `cost_bps` to be entered, and not have lost
    more to be held; None: whatever they paid.
    """

    __slots__ = ("_direction", "_ordered", "_payoffs", "_recent", "_settings", "cost_bps")

    def __init__(
        self, settings: ThresholdSettings | None = None, cost_bps: float | None = None
    ) -> None:
        self._settings = settings or ThresholdSettings()
        self.cost_bps = cost_bps
        self._recent: deque[float] = deque()
        self._ordered: list[float] = []
        self._payoffs = Payoff(self._settings.payoff)
        self._direction = 0

    @property
    def entry(self) -> float:
        """The strength that opens a position now, where it pays."""
        settings = self._settings
        if len(self._ordered) < settings.start_signals:
            return settings.entry_max
        quantile = self._quantile(settings.entry_quantile)
        return min(max(quantile, settings.entry_min), settings.entry_max)

    @property
    def exit(self) -> float:
        """The strength below which a position is closed now; never above `entry`."""
        settings = self._settings
        if len(self._ordered) < settings.start_signals:
            return settings.exit_min
        quantile = self._quantile(settings.exit_quantile)
        return min(max(quantile, settings.exit_min), self.entry)

    def update(self, signal: float, log_return: float = 0.0, regime: str = "") -> float:
        """The signal while a position is on, 0.0 otherwise; all thresholds are of earlier signals.

        `log_return` is that of the bar that just closed, `regime` what it is in now.

        Raises:
            ValueError: the signal is not in [-1, 1]; nothing has changed.
        """
        if not (isfinite(signal) and abs(signal) <= 1.0):
            raise ValueError(f"a signal of {signal} is not in [-1, 1]")
        self._payoffs.learn(log_return)
        strength, side = abs(signal), (signal > 0.0) - (signal < 0.0)
        is_held = side == self._direction and strength >= self.exit
        if not (is_held and side != 0 and self._pays(regime, strength, -1.0)):
            is_entered = strength >= self.entry and self._pays(regime, strength, 1.0)
            self._direction = side if is_entered else 0
        self._remember(strength)
        self._payoffs.watch(regime, signal)
        return signal if self._direction else 0.0

    def _pays(self, regime: str, strength: float, costs: float) -> bool:
        if self.cost_bps is None:
            return True
        return self._payoffs.pays(regime, strength, costs * self.cost_bps)

    def _remember(self, strength: float) -> None:
        if len(self._recent) == self._settings.window:
            oldest = self._recent.popleft()
            del self._ordered[bisect_left(self._ordered, oldest)]
        self._recent.append(strength)
        insort(self._ordered, strength)

    def _quantile(self, share: float) -> float:
        """Linear between the two nearest of the ordered strengths, as numpy's default."""
        ordered = self._ordered
        place = share * (len(ordered) - 1)
        below = int(place)
        above = min(below + 1, len(ordered) - 1)
        return ordered[below] + (place - below) * (ordered[above] - ordered[below])
