"""`--strategy hybrid`: the live system's own decision actors over recorded bars, with one account.

Invariant: all rungs of the cost ladder are the same bars, decided again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import evolve

from bot3.app.backtest.core_events import run_events
from bot3.app.backtest.core_ladder import core_ladder, grown_by_bars, grown_by_events
from bot3.app.backtest.core_run import keys_of, run_core
from bot3.app.backtest.driven import CoreRun, CoreSettings
from bot3.app.backtest.made import HYBRID, Made, marked_of
from bot3.app.backtest.recordings import Recording
from bot3.backtest.engine import BacktestingEngine
from bot3.backtest.result import course_at
from bot3.backtest.settings import BacktestSettings
from bot3.backtest.source import Source
from bot3.backtest.strategies import BuyAndHold
from bot3.domain.bars import Bars
from bot3.domain.errors import ConfigError
from bot3.domain.values import InstrumentId
from supervisors.clock import Clock


def run_hybrid(
    sources: Sequence[Source],
    given: BacktestSettings,
    warnings: list[str],
    environ: Mapping[str, str],
    clock: Clock,
) -> Made:
    """Over bars, at no, single and double costs. Raises `ConfigError` and `DataError`."""
    every, started_ns = [source.whole() for source in sources], clock.monotonic_ns()
    settings = _settings(given, environ)
    run = run_core(every, settings)
    took_s = (clock.monotonic_ns() - started_ns) / 1e9
    bars = sum(map(len, every))
    warnings.append("orders cross at the next open; what would have rested is not modelled")
    beside = {
        "strategy": HYBRID,
        "events_per_s": bars / max(took_s, 1e-9),
        "cost_ladder": core_ladder(grown_by_bars, every, settings, _grown(run, given), bars),
        "baselines": {"cash": 0.0, "buy_and_hold": _held(every, given)},
    }
    return _made(run, every, keys_of(every), given, warnings, beside, bars)


def run_hybrid_events(
    recordings: Sequence[Recording],
    given: BacktestSettings,
    warnings: list[str],
    environ: Mapping[str, str],
    clock: Clock,
) -> Made:
    """Over books and trades, the same."""
    if given.slippage and any(recording.is_book for recording in recordings):
        raise ConfigError("--slippage-bps: a book has its own depth; leave it out")
    settings, started_ns = _settings(given, environ), clock.monotonic_ns()
    found = run_events(recordings, settings)
    took_s = (clock.monotonic_ns() - started_ns) / 1e9
    run = found.run
    warnings.append("marked at the best bid; our orders do not move the recorded market")
    if not all(recording.is_book for recording in recordings):
        warnings.append("of trades the touch is taken from the last one; what rests waits for less")
    beside = {
        "strategy": HYBRID,
        "events_per_s": run.events / max(took_s, 1e-9),
        "rested": run.rested,
        "fill_rate": run.rested_filled / run.rested if run.rested else None,
        "cost_ladder": core_ladder(
            grown_by_events, recordings, settings, _grown(run, given), run.events
        ),
        "baselines": {"cash": 0.0, "buy_and_hold": found.held_return},
    }
    keys = [recording.key for recording in recordings]
    return _made(run, found.bars, keys, given, warnings, beside, run.events)


def _settings(given: BacktestSettings, environ: Mapping[str, str]) -> CoreSettings:
    return CoreSettings(given.cash, given.fee, given.slippage, environ, given.latency_s)


def _grown(run: CoreRun, given: BacktestSettings) -> float:
    return float(run.equity[-1]) / given.cash - 1.0


def _made(
    run: CoreRun,
    every: Sequence[Bars],
    keys: Sequence[InstrumentId],
    given: BacktestSettings,
    warnings: list[str],
    beside: dict[str, Any],
    rows: int,
) -> Made:
    warnings += [f"denied by risk: {reason} {count}" for reason, count in run.denials.items()]
    course = course_at(
        run.times_ns, run.equity, run.invested, given.cash, run.fills, run.trips, rows,
        is_trades=every[0].is_trades,
    )  # fmt: skip
    marks = [
        marked_of(one, tuple(fill for fill in run.fills if fill.instrument == key))
        for one, key in zip(every, keys, strict=True)
    ]
    return course, beside, marks


def _held(every: Sequence[Bars], given: BacktestSettings) -> float:
    """Bought and held with equal shares of the cash."""
    engine = BacktestingEngine(evolve(given, cash=given.cash / len(every)))
    final = sum(engine.run(BuyAndHold(), bars).final_equity for bars in every)
    return final / given.cash - 1.0
