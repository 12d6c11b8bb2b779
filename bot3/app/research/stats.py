"""`python -m bot3 stats`: what an equity curve or a list of trades says, and how sure it is.

Invariant: every figure that the data cannot give is absent with the reason, and those of a file are
said to be its own: bot3 does not know how they came to be.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, Final

import numpy as np
from attrs import asdict, frozen

from bot3.app.research.equity_file import EquityRows, TradeRows, read_file, read_table
from bot3.app.research.journal_rows import read_journal_rows
from bot3.app.research.stats_table import stats_table
from bot3.domain.errors import DataError
from bot3.portfolio.statistics.daily import DailyEquity, Floats, daily_equity
from bot3.portfolio.statistics.intervals import daily_sharpe, growth, intervals
from bot3.portfolio.statistics.overfitting import overfitting
from bot3.portfolio.statistics.returns import (
    ANNUALIZED_FROM_DAYS,
    DAYS_PER_YEAR,
    ReturnStatistics,
    sharpe_of,
    statistics_of,
)
from bot3.portfolio.statistics.sharpe import (
    best_of_trials,
    deflated_sharpe,
    periods_needed,
    probabilistic_sharpe,
)
from bot3.portfolio.statistics.trades import capacity, trade_statistics

PARTICIPATION: Final = 0.01  # of the market's volume: above it our own trades move the price


@frozen
class StatsOptions:
    """What the user asked for. `trials` tried before this one was chosen; `trials_file` has their
    returns, a column each; `daily_volume` is the market's, in the unit of equity;
    `directory` has the journal to read where no file is given.
    """

    equity: Path | None
    trades: Path | None
    directory: Path | None
    trials: int
    trials_file: Path | None
    daily_volume: float | None
    seed: int
    is_json: bool


def show_stats(options: StatsOptions) -> int:
    """Prints; raises `DataError` for files that say nothing."""
    trials = None if options.trials_file is None else _trials(options.trials_file)
    found: dict[str, Any] = {"source": "as given", "is_annualized_by_days": DAYS_PER_YEAR}
    rows = None if options.equity is None else read_file(options.equity)
    if isinstance(rows, EquityRows):
        found |= _of_equity(rows, options, trials)
    elif isinstance(rows, TradeRows):
        found["trades"] = asdict(trade_statistics(rows.profits))
    if options.directory is not None:
        past = read_journal_rows(options.directory)
        found |= {"source": past.source, **_of_equity(past.equity, options, trials)}
        found["trades"] = asdict(trade_statistics(past.profits))
    if options.trades is not None:
        found["trades"] = asdict(trade_statistics(_profits(options.trades)))
    if trials is not None:
        found["overfitting"] = asdict(overfitting(trials))
    print(json.dumps(found) if options.is_json else stats_table(found))
    return 0


def _profits(path: Path) -> Floats:
    rows = read_file(path)
    if not isinstance(rows, TradeRows):
        raise DataError(f"{path}: is equity, not trades: give it as --equity")
    return rows.profits


def _trials(path: Path) -> Floats:
    """A column of returns a trial; a column of times, if any, is left out."""
    frame = read_table(path).select_dtypes("number")
    return frame.to_numpy(dtype=np.float64)


def _of_equity(rows: EquityRows, options: StatsOptions, trials: Floats | None) -> dict[str, Any]:
    daily = daily_equity(rows.times_ns, rows.equity)
    found = statistics_of(daily.returns)
    turnover = _turnover(rows, daily)
    traded = options.daily_volume is not None and turnover is not None
    return {
        **_span(rows, daily),
        "total_return": daily.total_return,
        **asdict(found),
        "notes": _notes(found, daily),
        **_confidence(found, options.trials, trials),
        "intervals": _intervals(daily.returns, found, options.seed),
        "exposure": None if rows.invested is None else _exposure(rows),
        "turnover_per_day": turnover,
        "capacity": capacity(options.daily_volume or 0.0, turnover or 0.0, PARTICIPATION)
        if traded
        else None,
    }


def _span(rows: EquityRows, daily: DailyEquity) -> dict[str, Any]:
    first = np.datetime64(daily.first_day, "D")
    return {
        "rows": len(rows.equity),
        "first_day": str(first),
        "last_day": str(first + (len(daily.equity) - 1)),
        "missing_days": daily.missing,
    }


def _notes(found: ReturnStatistics, daily: DailyEquity) -> list[str]:
    notes = []
    if not found.is_annualized:
        notes.append(
            f"{found.days} days: nothing is annualized from less than {ANNUALIZED_FROM_DAYS}"
        )
    if daily.missing:
        notes.append(f"{daily.missing} days have no row: they keep the equity before them")
    return notes


def _confidence(found: ReturnStatistics, told: int, returns: Floats | None) -> dict[str, Any]:
    """Probabilistic and deflated Sharpe. Without the trials' own returns, the variance of their
    ratios is that of a ratio whose true value is zero: one over the days.
    """
    if found.sharpe_daily is None or found.skew is None or found.kurtosis is None:
        return {"probabilistic_sharpe": None, "deflated_sharpe": None}
    shape = {"skew": found.skew, "kurtosis": found.kurtosis}
    trials, variance = told, 1.0 / found.days
    if returns is not None:
        ratios = [sharpe_of(column) or 0.0 for column in returns.T]
        trials, variance = max(trials, len(ratios)), float(np.var(ratios))
    needed = periods_needed(found.sharpe_daily, **shape)
    return {
        "probabilistic_sharpe": probabilistic_sharpe(found.sharpe_daily, found.days, **shape),
        "trials": trials,
        "sharpe_of_luck": best_of_trials(trials, variance),
        "deflated_sharpe": deflated_sharpe(
            found.sharpe_daily, found.days, **shape, trials=trials, variance=variance
        ),
        "days_needed": None if needed is None else math.ceil(needed),
    }


def _intervals(returns: Floats, found: ReturnStatistics, seed: int) -> dict[str, Any] | None:
    told = intervals(returns, seed, {"growth": growth, "sharpe": daily_sharpe})
    if told is None:
        return None
    low, high = told["growth"].low, told["growth"].high
    by_day = {
        "growth_per_day": [low, high],
        "sharpe_daily": [told["sharpe"].low, told["sharpe"].high],
    }
    if not found.is_annualized:
        return by_day
    root = math.sqrt(DAYS_PER_YEAR)
    return by_day | {
        "annual_return": [math.expm1(each * DAYS_PER_YEAR) for each in (low, high)],
        "sharpe": [told["sharpe"].low * root, told["sharpe"].high * root],
    }


def _exposure(rows: EquityRows) -> float:
    """The mean share of equity that was invested."""
    assert rows.invested is not None
    return float(np.mean(rows.invested / rows.equity))


def _turnover(rows: EquityRows, daily: DailyEquity) -> float | None:
    """What was traded in a day, as a multiple of equity."""
    if rows.traded is None:
        return None
    return float(np.sum(rows.traded / rows.equity)) / len(daily.equity)
