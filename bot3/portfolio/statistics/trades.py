"""Statistics of closed trades, and how much an account of ours may hold.

Invariant: a figure that its trades cannot give is None, never zero or infinite.
"""

from __future__ import annotations

import math

import numpy as np
from attrs import frozen

from bot3.portfolio.statistics.daily import Floats


@frozen(kw_only=True)
class TradeStatistics:
    """Of `trades` profits net of costs. `expectancy` is the mean profit of a trade, `payoff` the
    mean win over the mean loss, `sqn` the system quality number (Tharp): the mean over the sample
    deviation, times the root of the number of trades. `fees` and the rest in the quote asset.
    """

    trades: int
    profit: float
    win_rate: float | None
    profit_factor: float | None
    expectancy: float | None
    payoff: float | None
    sqn: float | None
    best: float | None
    worst: float | None
    losses_in_a_row: int


def trade_statistics(profits: Floats) -> TradeStatistics:
    """Of profits in the order of their closing, shape (trades,)."""
    count, wins, losses = len(profits), profits[profits > 0], profits[profits < 0]
    gained, lost = float(wins.sum()), float(-losses.sum())
    deviation = float(np.std(profits, ddof=1)) if count > 1 else 0.0
    mean = float(np.mean(profits)) if count else None
    return TradeStatistics(
        trades=count,
        profit=float(profits.sum()),
        win_rate=len(wins) / count if count else None,
        profit_factor=gained / lost if lost > 0 else None,
        expectancy=mean,
        payoff=float(wins.mean() / -losses.mean()) if len(wins) and len(losses) else None,
        sqn=None if mean is None or deviation == 0 else math.sqrt(count) * mean / deviation,
        best=float(profits.max()) if count else None,
        worst=float(profits.min()) if count else None,
        losses_in_a_row=_run(profits),
    )


def _run(profits: Floats) -> int:
    longest = current = 0
    for is_loss in (profits < 0).tolist():
        current = current + 1 if is_loss else 0
        longest = max(longest, current)
    return longest


def capacity(daily_volume: float, turnover: float, participation: float) -> float | None:
    """The equity at which we trade `participation` of a market's daily volume, in its unit.

    `turnover` is what we trade in a day as a multiple of equity; None where we trade nothing.
    """
    return None if turnover <= 0 else participation * daily_volume / turnover
