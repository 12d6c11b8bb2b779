"""How long to wait before a child that crashed is started again.

Invariant: `base * (1 - jitter) <= delay <= base`, where base = initial * factor ** (crashes - 1),
never above `max_s`. After `reset_after_s` without a crash the sequence starts anew.
"""

from __future__ import annotations

import math
from typing import final

from attrs import frozen

from supervisors.entropy import Dice
from supervisors.errors import SpecError


@final
@frozen(kw_only=True)
class Backoff:
    """Exponential back-off with a cap; jitter shortens, so that the cap is a cap.

    `reset_after_s` is counted from readiness; None means (initial_s + max_s) / 2.
    """

    initial_s: float = 0.2
    factor: float = 2.0
    max_s: float = 30.0
    jitter: float = 0.2
    reset_after_s: float | None = None

    def __attrs_post_init__(self) -> None:
        numbers = (self.initial_s, self.factor, self.max_s, self.jitter, self.calm_s)
        if not all(math.isfinite(number) for number in numbers):
            raise SpecError(f"back-off: {self} has a number that is not finite")
        if not 0 <= self.initial_s <= self.max_s:
            raise SpecError(f"back-off: need 0 <= initial_s {self.initial_s} <= max_s {self.max_s}")
        if self.factor < 1 or not 0 <= self.jitter <= 1 or self.calm_s < 0:
            raise SpecError(
                f"back-off: need factor >= 1, 0 <= jitter <= 1, no negative time: {self}"
            )

    @property
    def calm_s(self) -> float:
        """Seconds without a crash after which the sequence starts anew."""
        if self.reset_after_s is None:
            return (self.initial_s + self.max_s) / 2
        return self.reset_after_s

    def base_s(self, crashes: int) -> float:
        """The delay before jitter for the `crashes`-th crash in a row, from 1."""
        if self.initial_s == 0:
            return 0.0
        # Compared as logarithms: factor ** crashes leaves the floats after some hundred crashes.
        if (crashes - 1) * math.log(self.factor) >= math.log(self.max_s) - math.log(self.initial_s):
            return self.max_s
        return min(self.max_s, self.initial_s * self.factor ** (crashes - 1))

    def delay_s(self, crashes: int, dice: Dice) -> float:
        """The delay for the `crashes`-th crash in a row."""
        return self.base_s(crashes) * (1 - self.jitter * dice.random())


@final
class CrashStreak:
    """The crashes in a row of one child. Without a `Backoff` every delay is 0."""

    def __init__(self, backoff: Backoff | None) -> None:
        self.crashes = 0
        self._backoff = backoff

    def next_delay_s(self, up_s: float, dice: Dice) -> float:
        """Counts one more crash, `up_s` after readiness (0 for a failed start)."""
        if self._backoff is None:
            self.crashes += 1
            return 0.0
        if up_s >= self._backoff.calm_s and up_s > 0:
            self.crashes = 0
        self.crashes += 1
        return self._backoff.delay_s(self.crashes, dice)
