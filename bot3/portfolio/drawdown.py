"""Equity over time: its peak, the fall from it, and the loss since the day began (UTC).

Invariant: the peak is never below the equity; both falls are in [0, 1].
"""

from __future__ import annotations

from decimal import Decimal

from attrs import evolve, frozen

DAY_NS = 86_400 * 1_000_000_000


def fall(since: Decimal, now: Decimal) -> float:
    """The loss from `since` to `now` as a fraction; 0 for a gain, 1 for everything or more."""
    if since <= 0:
        return 0.0
    return float(min(max((since - now) / since, Decimal(0)), Decimal(1)))


@frozen
class DrawdownWatch:
    """Replaced, never changed. `drawdown_max` is the deepest fall since the watch began.

    `reopens`: how often trading was opened again by rule since it was `high` last, or since an
    operator resumed; `high` is the peak that such a re-opening leaves as it is.
    """

    equity: Decimal | None = None
    peak: Decimal = Decimal(0)
    day: int = 0
    day_open: Decimal = Decimal(0)
    drawdown_max: float = 0.0
    high: Decimal = Decimal(0)
    reopens: int = 0

    @property
    def drawdown(self) -> float:
        """The fall from the peak."""
        return 0.0 if self.equity is None else fall(self.peak, self.equity)

    @property
    def daily_loss(self) -> float:
        """The fall from the day's first equity."""
        return 0.0 if self.equity is None else fall(self.day_open, self.equity)

    def mark(self, equity: Decimal, ts_ns: int) -> DrawdownWatch:
        """After another valuation. A new UTC day opens at the last equity of the day before."""
        day, day_open = ts_ns // DAY_NS, self.day_open
        if self.equity is None:
            day_open = equity
        elif day != self.day:
            day_open = self.equity
        peak = equity if self.equity is None else max(self.peak, equity)
        deepest = max(self.drawdown_max, fall(peak, equity))
        is_high = equity >= self.high
        high, reopens = (equity, 0) if is_high else (self.high, self.reopens)
        return DrawdownWatch(equity, peak, day, day_open, deepest, high, reopens)

    def rebase(self, *, is_by_rule: bool = False) -> DrawdownWatch:
        """Peak and day start at the present equity: somebody has seen the loss and goes on."""
        if self.equity is None:
            return self
        high, reopens = (self.high, self.reopens + 1) if is_by_rule else (self.equity, 0)
        return evolve(self, peak=self.equity, day_open=self.equity, high=high, reopens=reopens)
