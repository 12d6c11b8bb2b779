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
from bot3.domain.fill import Fill
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


@frozen(eq=False)
class Course:
    """What happened to an account: `equity` and what was `invested` of it at `times_ns`."""

    times_ns: np.ndarray
    equity: Floats
    invested: Floats
    fills: tuple[Fill, ...]
    trips: tuple[RoundTrip, ...]
    bars: int
    is_trades: bool = False


def course_of(runs: Sequence[Run]) -> Course:
    """Of some runs together."""
    times, equity = portfolio_equity(runs)
    trips = sorted((t for run in runs for t in run.trips), key=lambda trip: trip.entry_ns)
    share = np.mean([np.mean(run.invested / np.maximum(run.equity, 1e-12)) for run in runs])
    return Course(
        times,
        equity,
        equity * share,
        tuple(fill for run in runs for fill in run.fills),
        tuple(trips),
        sum(len(run.bars) for run in runs),
        any(run.bars.is_trades for run in runs),
    )


def result_of(course: Course, cash: float, warnings: Sequence[str]) -> BacktestResult:
    """The figures of an account that began with `cash`."""
    equity = course.equity
    daily = daily_equity(course.times_ns, np.maximum(equity, 1e-12))
    found = statistics_of(daily.returns)
    closed = np.array([trip.pnl for trip in course.trips if trip.exit_ns is not None])
    trades = trade_statistics(closed)
    notes = list(warnings)
    if not found.is_annualized:
        notes.append(f"{found.days} days: nothing is annualized from less than 90")
    figures = {
        "final_equity": float(equity[-1]),
        "total_return": float(equity[-1] / cash - 1.0),
        "orders": len({fill.client_order_id for fill in course.fills}),
        "trades": [asdict(trip) for trip in course.trips],
        "max_drawdown": float(-np.min(drawdowns(np.concatenate(([cash], equity))))),
        "annual_return": found.annual_return,
        "sharpe": found.sharpe,
        "sortino": found.sortino,
        "calmar": found.calmar,
        "expected_shortfall": found.expected_shortfall,
        "profit_factor": trades.profit_factor,
        "expectancy": trades.expectancy,
        "win_rate": trades.win_rate,
        "fees": _fees(course.fills),
        "exposure": float(np.mean(course.invested / np.maximum(equity, 1e-12))),
        "ticks" if course.is_trades else "bars": course.bars,
        "warnings": notes,
    }
    return BacktestResult(course.times_ns, equity, course.trips, figures, daily.returns)


def _fees(fills: Sequence[Fill]) -> float:
    """In quote; those in base at the price of their fill."""
    return float(
        sum(
            fill.fee * fill.price.amount
            if fill.fee_asset == fill.instrument.symbol.partition("/")[0]
            else fill.fee
            for fill in fills
        )
    )
