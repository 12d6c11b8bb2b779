"""The drawdown ladder: less is risked the deeper equity has fallen; its last step is the halt.

Invariant: a step is taken at once and given back late, when half of its height is regained; after
a re-opening by rule sizes stay small until the old peak is reached or an operator resumes.
"""

from __future__ import annotations

from typing import final

from attrs import field, frozen, validators

from bot3.messages.control import HaltCause, TradingHalted
from bot3.portfolio.drawdown import DAY_NS


@frozen
class LadderSettings:
    """`steps` of equal height up to `drawdown_max`, where all is halted; 0 steps: no reduction.

    A halt for drawdown ends by rule after `reopen_after_s` (0: by an operator only), at most
    `reopens_max` times between two resumptions by an operator, each time with `reopen_scale` of
    the size before.
    """

    drawdown_max: float = field(default=0.15, validator=[validators.gt(0), validators.le(1)])
    steps: int = field(default=3, validator=[validators.ge(0), validators.le(20)])
    reopen_after_s: float = field(default=0.0, validator=validators.ge(0))
    reopens_max: int = field(default=2, validator=validators.ge(0))
    reopen_scale: float = field(default=0.5, validator=[validators.gt(0), validators.le(1)])


@final
class DrawdownLadder:
    """Where we stand on it."""

    __slots__ = ("_reopens", "_settings", "step")

    def __init__(self, settings: LadderSettings) -> None:
        self._settings = settings
        self.step = 0
        self._reopens = 0

    def on_drawdown(self, drawdown: float, reopens: int) -> None:
        """`reopens`: how often trading was opened again by rule since equity was highest."""
        self._reopens = reopens
        steps = self._settings.steps
        height = self._settings.drawdown_max / (steps + 1)
        self.step = max(self.step, min(int(drawdown / height), steps))
        while self.step and drawdown < (self.step - 0.5) * height:
            self.step -= 1

    def restore(self, step: int, reopens: int) -> None:
        """Where an earlier life stood: a restart gives no step back."""
        self.step = min(step, self._settings.steps)
        self._reopens = reopens

    @property
    def scale(self) -> float:
        """The share of the size that is left, in (0, 1]."""
        left = 1.0 - self.step / (self._settings.steps + 1)
        return float(left * self._settings.reopen_scale**self._reopens)

    def may_reopen(self, halted: TradingHalted, reopens: int, now_ns: int) -> bool:
        """Whether a halt by a limit of our own is over by rule; one for a day's loss is not before
        the next day (UTC).
        """
        settings, passed_ns = self._settings, now_ns - halted.ts_ns
        if not settings.reopen_after_s or reopens >= settings.reopens_max:
            return False
        if halted.cause is HaltCause.ORDERED or passed_ns < settings.reopen_after_s * 1e9:
            return False
        is_next_day = now_ns // DAY_NS > halted.ts_ns // DAY_NS
        return halted.cause is not HaltCause.DAILY_LOSS or is_next_day
