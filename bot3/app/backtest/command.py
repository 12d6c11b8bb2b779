"""`python -m bot3 backtest`: what a strategy would have done on recorded bars.

Invariant: the figures printed, exported and reported are one and the same.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pandas as pd
from attrs import evolve, frozen

from bot3.app.backtest.beside import baselines, cost_ladder, growth_interval, percent
from bot3.app.backtest.own_strategy import find_strategy, settings_of
from bot3.app.backtest.read import read_all
from bot3.app.backtest.report import html_report
from bot3.backtest.engine import BacktestingEngine, BacktestSettings
from bot3.backtest.result import BacktestResult, result_of
from bot3.domain.errors import UnavailableError
from supervisors.clock import SystemClock

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


def run_backtest(options: BacktestOptions) -> int:
    """The exit code; raises `DataError` and `ConfigError` with what to do."""
    strategy = find_strategy(options.strategy, settings_of(options.given))
    every, warnings = read_all(options.data, options.timerange, is_repaired=options.is_repaired)
    share = evolve(options.settings, cash=options.settings.cash / len(every))
    engine, clock = BacktestingEngine(share), SystemClock()
    engine.run(strategy, every[0].rows(every[0].open_ns <= every[0].open_ns[1]))  # compiles
    started_ns = clock.monotonic_ns()
    runs = [engine.run(strategy, bars) for bars in every]
    took_s = (clock.monotonic_ns() - started_ns) / 1e9
    if not options.settings.slippage:
        warnings.append("filled in full at opens, without slippage: --slippage-bps adds some")
    result = result_of(runs, options.settings.cash, warnings)
    figures = {
        "strategy": strategy.name,
        "symbols": [bars.symbol for bars in every],
        "source": "replayed",
        **result.figures,
        "events_per_s": result.figures["bars"] / max(took_s, 1e-9),
        "cost_ladder": cost_ladder(strategy, every, share),
        "baselines": baselines(every, share),
        "growth_per_day_interval": growth_interval(result.daily_returns),
    }
    if options.export is not None:
        page = html_report(figures, result, runs)
        _export(options.export, result, page)
    if options.is_json:
        print(json.dumps(figures))
    else:
        print("\n".join(_lines(figures)))
    return 0


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
