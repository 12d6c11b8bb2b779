"""What a backtest came to: figures, and how sure they are.

Invariant: every figure includes fees and slippage; what the data cannot give is None, and said so.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from attrs import asdict, field, frozen

from bot3.backtest.bars import Floats
from bot3.backtest.engine import RoundTrip, Run, portfolio_equity
from bot3.portfolio.statistics.daily import daily_equity
from bot3.portfolio.statistics.returns import drawdowns, statistics_of
from bot3.portfolio.statistics.trades import trade_statistics


@frozen(eq=False)
class BacktestResult:
    """Of all instruments together; `figures` are plain numbers for JSON."""

    times_ns: np.ndarray
    equity: Floats
    trips: tuple[RoundTrip, ...]
    figures: dict[str, Any]
    daily_returns: Floats = field(factory=lambda: np.array([]))


def result_of(runs: Sequence[Run], cash: float, warnings: Sequence[str]) -> BacktestResult:
    """The figures of some runs that began with `cash` in all."""
    times, equity = portfolio_equity(runs)
    daily = daily_equity(times, np.maximum(equity, 1e-12))
    found = statistics_of(daily.returns)
    trips = tuple(sorted((t for run in runs for t in run.trips), key=lambda trip: trip.entry_ns))
    closed = np.array([trip.pnl for trip in trips if trip.exit_ns is not None])
    trades = trade_statistics(closed)
    whole = np.concatenate(([cash], equity))
    notes = list(warnings)
    if not found.is_annualized:
        notes.append(f"{found.days} days: nothing is annualized from less than 90")
    figures = {
        "final_equity": float(equity[-1]),
        "total_return": float(equity[-1] / cash - 1.0),
        "orders": sum(len(run.fills) for run in runs),
        "trades": [asdict(trip) for trip in trips],
        "max_drawdown": float(-np.min(drawdowns(whole))),
        "annual_return": found.annual_return,
        "sharpe": found.sharpe,
        "sortino": found.sortino,
        "calmar": found.calmar,
        "expected_shortfall": found.expected_shortfall,
        "profit_factor": trades.profit_factor,
        "expectancy": trades.expectancy,
        "win_rate": trades.win_rate,
        "fees": float(sum(float(fill.fee) for run in runs for fill in run.fills)),
        "exposure": _exposure(runs),
        "bars": sum(len(run.bars) for run in runs),
        "warnings": notes,
    }
    return BacktestResult(times, equity, trips, figures, daily.returns)


def _exposure(runs: Sequence[Run]) -> float:
    """The mean share of the equity that was invested."""
    shares = [np.mean(run.invested / np.maximum(run.equity, 1e-12)) for run in runs]
    return float(np.mean(shares))
