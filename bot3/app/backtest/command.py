"""`python -m bot3 backtest`: what a strategy would have done on recorded bars.

Invariant: the figures printed, exported and reported are one and the same.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pandas as pd
from attrs import evolve, frozen

from bot3.app.backtest.beside import growth_interval, percent
from bot3.app.backtest.made import HYBRID, Made
from bot3.app.backtest.own_strategy import find_strategy, settings_of
from bot3.app.backtest.read import (
    file_of,
    read_fundings,
    read_sources,
    said_of,
    span_of,
    venue_of,
)
from bot3.app.backtest.recordings import (
    Recording,
    is_book,
    recorded_book,
    recorded_trades,
)
from bot3.app.backtest.report import html_report
from bot3.app.backtest.simple import run_simple
from bot3.backtest.result import BacktestResult, result_of
from bot3.backtest.settings import BacktestSettings
from bot3.backtest.source import Asked, Source
from bot3.domain.errors import ConfigError, UnavailableError
from supervisors.clock import Clock, SystemClock

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
    funding: tuple[Path, ...]
    timerange: str | None
    is_repaired: bool
    export: Path | None
    is_json: bool


def run_backtest(options: BacktestOptions, environ: Mapping[str, str]) -> int:
    """The exit code; raises `DataError` and `ConfigError` with what to do."""
    clock = SystemClock()
    if options.strategy == HYBRID:
        warnings, made = _hybrid(options, environ, clock)
    else:
        is_any_book = any(is_book(file_of(path)) for path in options.data)
        warnings, made = (_book if is_any_book else _simple)(options, clock)
    course, beside, marks = made
    every = course.curve.equity.every
    if options.export is not None and every > 1:
        warnings.append(f"equity is exported every {every} rows; figures are of all of them")
    result = result_of(course, options.settings.cash, warnings)
    figures = {
        "strategy": beside.pop("strategy"),
        "symbols": [marked.name for marked in marks],
        "source": "replayed",
        **result.figures,
        **beside,
        "growth_per_day_interval": growth_interval(result.curve.daily.returns),
    }
    if options.export is not None:
        _export(options.export, result, html_report(figures, result, marks))
    print(json.dumps(figures) if options.is_json else "\n".join(_lines(figures)))
    return 0


def _book(options: BacktestOptions, clock: Clock) -> tuple[list[str], Made]:
    """One recording of an order book."""
    from bot3.app.backtest.book_run import run_book

    if len(options.data) != 1 or options.timerange or options.is_repaired:
        raise ConfigError("a recorded book is traded alone, and whole: one --data, no --timerange")
    started_ns = clock.monotonic_ns()
    given = settings_of(options.given)
    fundings = read_fundings(options.funding, ["book"])
    found = run_book(options.data[0], options.strategy, given, options.settings, fundings["book"])
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
    return warnings, (found.course, beside, [found.marked])


def _read(options: BacktestOptions, paths: Sequence[Path]) -> tuple[list[Source], list[str]]:
    return read_sources(paths, options.timerange, is_repaired=options.is_repaired)


def _simple(options: BacktestOptions, clock: Clock) -> tuple[list[str], Made]:
    sources, warnings = _read(options, options.data)
    strategy = find_strategy(options.strategy, settings_of(options.given))
    share = evolve(options.settings, cash=options.settings.cash / len(sources))
    fundings = read_fundings(options.funding, [source.name for source in sources])
    return warnings, run_simple(strategy, sources, share, warnings, clock, fundings)


def _hybrid(
    options: BacktestOptions, environ: Mapping[str, str], clock: Clock
) -> tuple[list[str], Made]:
    from bot3.app.backtest.hybrid import run_hybrid, run_hybrid_events

    if options.given:
        raise ConfigError("hybrid has no parameters: the configuration is its own (BOT3__…)")
    if options.funding:
        raise ConfigError("--funding: hybrid trades spot markets; leave it")
    tables = [path for path in options.data if not is_book(file_of(path))]
    sources, warnings = _read(options, tables)
    given = options.settings
    if len(tables) == len(options.data) and not any(source.is_trades for source in sources):
        return warnings, run_hybrid(sources, given, warnings, environ, clock)
    if len(tables) < len(options.data) and options.timerange:
        raise ConfigError("a recorded book is traded whole: no --timerange")
    recordings = recordings_of(options, sources)
    return warnings, run_hybrid_events(recordings, given, warnings, environ, clock)


def recordings_of(options: BacktestOptions, sources: Sequence[Source]) -> list[Recording]:
    """Of books and trades, in the order of their files; `sources`: those of the tables."""
    tables, found = iter(sources), []
    asked = Asked(options.is_repaired, *span_of(options.timerange), held_rows=0)
    for given in options.data:
        path, (venue, symbol) = file_of(given), said_of(given)
        if is_book(path):
            found.append(recorded_book(path, venue or venue_of(path), symbol))
            continue
        source = next(tables)
        if not source.is_trades:
            raise ConfigError(f"{path}: hybrid wants bars alone, or books and trades")
        found.append(recorded_trades(path, source, asked))
    if len({each.key for each in found}) < len(found):
        raise ConfigError("an instrument comes twice: say the venues, like okx:BTC/USDT=FILE")
    return found


def _export(directory: Path, result: BacktestResult, page: str) -> None:
    """Equity and trades as Parquet and CSV, and the report."""
    shown = result.curve.equity
    when = pd.to_datetime(shown.times_ns, unit="ns", utc=True)
    equity = pd.DataFrame({"time": when, "equity": shown.last})
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
    "funding",
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
