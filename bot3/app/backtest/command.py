"""`python -m bot3 backtest`: what a strategy would have done on recorded bars.

Invariant: the figures printed, exported and reported are one and the same.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from attrs import evolve, frozen

from adapters.simulated.bar_file import BAR_SUFFIXES
from bot3.app.backtest.beside import baselines, cost_ladder, growth_interval, percent
from bot3.app.backtest.own_strategy import find_strategy, settings_of
from bot3.app.backtest.read import read_all
from bot3.app.backtest.report import Marked, html_report
from bot3.backtest.bars import Bars
from bot3.backtest.engine import BacktestingEngine, BacktestSettings
from bot3.backtest.result import BacktestResult, Course, course_of, result_of
from bot3.domain.errors import ConfigError, UnavailableError
from supervisors.clock import Clock, SystemClock

_Made = tuple[Course, dict[str, Any], list[Marked]]
HYBRID: Final = "hybrid"
_WARM_UP_BARS: Final = 200
_SHARES: Final = {
    "total_return", "max_drawdown", "annual_return", "exposure", "win_rate", "expected_shortfall",
}  # fmt: skip


@frozen
class BacktestOptions:
    """What the user asked for; `settings` for all instruments together."""

    data: tuple[Path, ...]
    strategy: str
    given: tuple[str, ...]
    settings: BacktestSettings
    timerange: str | None
    is_repaired: bool
    export: Path | None
    is_json: bool


def run_backtest(options: BacktestOptions, environ: Mapping[str, str]) -> int:
    """The exit code; raises `DataError` and `ConfigError` with what to do."""
    clock = SystemClock()
    if any(_is_book(path) for path in options.data):
        every, warnings, made = _book(options, clock)
    else:
        every, warnings = read_all(options.data, options.timerange, is_repaired=options.is_repaired)
        how = partial(_hybrid, environ=environ) if options.strategy == HYBRID else _simple
        made = how(options, every, warnings, clock=clock)
    course, beside, marks = made
    result = result_of(course, options.settings.cash, warnings)
    figures = {
        "strategy": beside.pop("strategy"),
        "symbols": [bars.symbol for bars in every],
        "source": "replayed",
        **result.figures,
        **beside,
        "baselines": beside.pop("baselines", None) or baselines(every, _shared(options, every)),
        "growth_per_day_interval": growth_interval(result.daily_returns),
    }
    if options.export is not None:
        _export(options.export, result, html_report(figures, result, marks))
    print(json.dumps(figures) if options.is_json else "\n".join(_lines(figures)))
    return 0


def _is_book(path: Path) -> bool:
    """What is no table is a recording of frames."""
    return not BAR_SUFFIXES.intersection(suffix.lower() for suffix in path.suffixes)


def _book(options: BacktestOptions, clock: Clock) -> tuple[list[Bars], list[str], _Made]:
    """One recording of an order book."""
    from bot3.app.backtest.book_run import run_book

    if len(options.data) != 1 or options.timerange or options.is_repaired:
        raise ConfigError("a recorded book is traded alone, and whole: one --data, no --timerange")
    started_ns = clock.monotonic_ns()
    given = settings_of(options.given)
    found = run_book(options.data[0], options.strategy, given, options.settings)
    took_s = (clock.monotonic_ns() - started_ns) / 1e9
    beside = {
        "strategy": options.strategy,
        # At three costs, where there are any: the recording was read three times.
        "events_per_s": (3 if options.settings.fee else 1) * found.course.bars / max(took_s, 1e-9),
        **found.figures,
        "cost_ladder": found.ladder,
        "baselines": {"cash": 0.0, "buy_and_hold": found.held_return},
    }
    warnings = ["marked at the best bid; our orders do not move the recorded market"]
    marks = [Marked(found.bars, found.course.fills, found.course.equity)]
    return [found.bars], warnings, (found.course, beside, marks)


def _shared(options: BacktestOptions, every: Sequence[Bars]) -> BacktestSettings:
    return evolve(options.settings, cash=options.settings.cash / len(every))


def _simple(
    options: BacktestOptions, every: Sequence[Bars], warnings: list[str], *, clock: Clock
) -> _Made:
    """A strategy of bars, each instrument with its share of the cash."""
    strategy = find_strategy(options.strategy, settings_of(options.given))
    share = _shared(options, every)
    engine = BacktestingEngine(share)
    engine.run(strategy, every[0].rows(np.arange(min(len(every[0]), _WARM_UP_BARS))))  # compiles
    started_ns = clock.monotonic_ns()
    runs = [engine.run(strategy, bars) for bars in every]
    took_s = (clock.monotonic_ns() - started_ns) / 1e9
    if not share.slippage:
        warnings.append("filled in full at opens, without slippage: --slippage-bps adds some")
    course = course_of(runs)
    beside = {
        "strategy": strategy.name,
        "events_per_s": course.bars / max(took_s, 1e-9),
        "cost_ladder": cost_ladder(strategy, every, share),
    }
    return course, beside, [Marked(run.bars, run.fills, run.equity) for run in runs]


def _hybrid(
    options: BacktestOptions,
    every: Sequence[Bars],
    warnings: list[str],
    *,
    environ: Mapping[str, str],
    clock: Clock,
) -> _Made:
    """The live system's own decision actors, with one account, at no, single and double costs."""
    from bot3.app.backtest.core_ladder import core_ladder
    from bot3.app.backtest.core_run import CoreSettings, run_core

    if options.given:
        raise ConfigError("hybrid has no parameters: the configuration is its own (BOT3__…)")
    if any(bars.is_trades for bars in every):
        raise ConfigError("hybrid decides at closes of bars: make bars of the trades first")
    if options.settings.latency_s:
        raise ConfigError(
            "--latency-ms: hybrid decides at closes and meets the next open; leave it"
        )
    given, started_ns = options.settings, clock.monotonic_ns()
    settings = CoreSettings(given.cash, given.fee, given.slippage, environ)
    run = run_core(every, settings)
    took_s = (clock.monotonic_ns() - started_ns) / 1e9
    bars = sum(map(len, every))
    warnings.append("orders cross at the next open; what would have rested is not modelled")
    warnings += [f"denied by risk: {reason} {count}" for reason, count in run.denials.items()]
    course = Course(run.times_ns, run.equity, run.invested, run.fills, run.trips, bars)
    beside = {
        "strategy": HYBRID,
        "events_per_s": bars / max(took_s, 1e-9),
        "cost_ladder": core_ladder(every, settings, run),
    }
    marks = [
        Marked(one, tuple(f for f in run.fills if f.instrument.symbol == one.symbol), None)
        for one in every
    ]
    return course, beside, marks


def _export(directory: Path, result: BacktestResult, page: str) -> None:
    """Equity and trades as Parquet and CSV, and the report."""
    when = pd.to_datetime(result.times_ns, unit="ns", utc=True)
    equity = pd.DataFrame({"time": when, "equity": result.equity})
    trades = pd.DataFrame(result.figures["trades"], columns=list(_TRADE_COLUMNS))
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for name, frame in (("equity", equity), ("trades", trades)):
            frame.to_parquet(directory / f"{name}.parquet")
            frame.to_csv(directory / f"{name}.csv", index=False)
        (directory / "report.html").write_text(page, encoding="utf-8")
    except OSError as error:
        raise UnavailableError(f"--export {directory}: {error.strerror or error}") from None


_TRADE_COLUMNS: Final = (
    "symbol", "entry_ns", "entry_price", "exit_ns", "exit_price", "amount", "fees", "pnl", "reason",
)  # fmt: skip


def _lines(figures: dict[str, Any]) -> list[str]:
    lines = [f"{figures['strategy']} on {', '.join(figures['symbols'])} (replayed)"]
    for name, value in figures.items():
        if name in {"strategy", "symbols", "source", "trades", "warnings", "cost_ladder"}:
            continue
        lines.append(f"{name.replace('_', ' '):<26}{_shown(name, value)}")
    lines.append(f"{'trades':<26}{len(figures['trades']):,}")
    for rung in figures["cost_ladder"]:
        late = ", a bar late" if rung["bars_late"] else ""
        lines.append(f"{'at ' + format(rung['costs'], 'g') + ' x costs' + late:<26}"
                     f"{percent(rung['total_return'])}")  # fmt: skip
    return [*lines, *(f"note: {words}" for words in figures["warnings"])]


def _shown(name: str, value: Any) -> str:
    match value:
        case None:
            return "-"
        case dict():
            return ", ".join(f"{key} {percent(each)}" for key, each in value.items())
        case list():
            return " to ".join(f"{each:.4%}" for each in value)
        case float() if name in _SHARES:
            return percent(value)
        case float():
            return f"{value:,.4f}" if abs(value) < 1000 else f"{value:,.2f}"
        case _:
            return f"{value:,}"
