"""What a backtest came to: figures, and how sure they are.

Invariant: every figure includes fees and slippage; what the data cannot give is None, and said so.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from attrs import asdict, frozen

from bot3.backtest.curve import Curve, CurveTally
from bot3.backtest.engine import Running
from bot3.backtest.portfolio import Parts, together
from bot3.backtest.settings import RoundTrip
from bot3.domain.fill import Fill
from bot3.portfolio.statistics.returns import statistics_of
from bot3.portfolio.statistics.trades import trade_statistics


@frozen(eq=False)
class BacktestResult:
    """Of all instruments together; `figures` are plain numbers for JSON."""

    curve: Curve
    trips: tuple[RoundTrip, ...]
    figures: dict[str, Any]


@frozen(eq=False)
class Course:
    """What happened to an account; `exposure`: the mean share of its equity that was invested."""

    curve: Curve
    exposure: float
    fills: tuple[Fill, ...]
    trips: tuple[RoundTrip, ...]
    bars: int
    is_trades: bool = False


def course_of(
    runs: Sequence[Running],
    parts: Sequence[Parts],
    settings_cash: float,
    *,
    is_trades: bool,
) -> Course:
    """Of some runs together, which go on as `parts` are read."""
    tally = CurveTally(settings_cash * len(runs))
    for times, equity in together(parts, settings_cash):
        tally.take(times, equity)
    return Course(
        tally.curve(),
        float(np.mean([run.exposure for run in runs])),
        tuple(fill for run in runs for fill in run.fills),
        tuple(sorted((t for run in runs for t in run.trips), key=lambda trip: trip.entry_ns)),
        sum(run.rows for run in runs),
        is_trades,
    )


def result_of(course: Course, cash: float, warnings: Sequence[str]) -> BacktestResult:
    """The figures of an account that began with `cash`."""
    curve = course.curve
    found = statistics_of(curve.daily.returns)
    closed = np.array([trip.pnl for trip in course.trips if trip.exit_ns is not None])
    trades = trade_statistics(closed)
    notes = list(warnings)
    if not found.is_annualized:
        notes.append(f"{found.days} days: nothing is annualized from less than 90")
    figures = {
        "final_equity": curve.final,
        "total_return": curve.final / cash - 1.0,
        "orders": len({fill.client_order_id for fill in course.fills}),
        "trades": [asdict(trip) for trip in course.trips],
        "max_drawdown": curve.max_drawdown,
        "annual_return": found.annual_return,
        "sharpe": found.sharpe,
        "sortino": found.sortino,
        "calmar": found.calmar,
        "expected_shortfall": found.expected_shortfall,
        "profit_factor": trades.profit_factor,
        "expectancy": trades.expectancy,
        "win_rate": trades.win_rate,
        "fees": _fees(course.fills),
        "funding": sum(trip.funding for trip in course.trips),
        "exposure": course.exposure,
        "ticks" if course.is_trades else "bars": course.bars,
        "warnings": notes,
    }
    return BacktestResult(curve, course.trips, figures)


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
