"""`--strategy hybrid`: the live system's own decision actors over recorded bars, with one account.

Invariant: all rungs of the cost ladder are the same bars, decided again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from attrs import evolve

from bot3.app.backtest.core_ladder import core_ladder
from bot3.app.backtest.core_run import CoreSettings, run_core
from bot3.app.backtest.made import Made, marked_of
from bot3.backtest.engine import BacktestingEngine
from bot3.backtest.result import course_at
from bot3.backtest.settings import BacktestSettings
from bot3.backtest.source import Source
from bot3.backtest.strategies import BuyAndHold
from bot3.domain.bars import Bars
from bot3.domain.errors import ConfigError
from supervisors.clock import Clock

HYBRID: Final = "hybrid"


def run_hybrid(
    sources: Sequence[Source],
    given: BacktestSettings,
    warnings: list[str],
    environ: Mapping[str, str],
    clock: Clock,
) -> Made:
    """At no, single and double costs. Raises `ConfigError` and `DataError`."""
    if any(source.is_trades for source in sources):
        raise ConfigError("hybrid decides at closes of bars: make bars of the trades first")
    if given.latency_s:
        raise ConfigError(
            "--latency-ms: hybrid decides at closes and meets the next open; leave it"
        )
    every, started_ns = [source.whole() for source in sources], clock.monotonic_ns()
    settings = CoreSettings(given.cash, given.fee, given.slippage, environ)
    run = run_core(every, settings)
    took_s = (clock.monotonic_ns() - started_ns) / 1e9
    bars = sum(map(len, every))
    warnings.append("orders cross at the next open; what would have rested is not modelled")
    warnings += [f"denied by risk: {reason} {count}" for reason, count in run.denials.items()]
    course = course_at(
        run.times_ns, run.equity, run.invested, given.cash, run.fills, run.trips, bars
    )
    beside = {
        "strategy": HYBRID,
        "events_per_s": bars / max(took_s, 1e-9),
        "cost_ladder": core_ladder(every, settings, run),
        "baselines": {"cash": 0.0, "buy_and_hold": _held(every, given)},
    }
    marks = [
        marked_of(one, tuple(f for f in run.fills if f.instrument.symbol == one.symbol))
        for one in every
    ]
    return course, beside, marks


def _held(every: Sequence[Bars], given: BacktestSettings) -> float:
    """Bought and held with equal shares of the cash."""
    engine = BacktestingEngine(evolve(given, cash=given.cash / len(every)))
    final = sum(engine.run(BuyAndHold(), bars).final_equity for bars in every)
    return final / given.cash - 1.0
