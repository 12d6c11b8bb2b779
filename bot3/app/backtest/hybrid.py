"""`--strategy hybrid`: the live system's own decision actors over recorded bars, with one account.

Invariant: all rungs of the cost ladder are the same bars, decided again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import evolve

from bot3.app.backtest.core_events import run_events
from bot3.app.backtest.core_ladder import core_ladder, grown_by_bars, grown_by_events
from bot3.app.backtest.core_run import bars_config, keys_of, run_core
from bot3.app.backtest.driven import CoreRun, CoreSettings, configured
from bot3.app.backtest.made import HYBRID, Made, Marked
from bot3.app.backtest.pairs import check_rules
from bot3.app.backtest.recordings import Recording
from bot3.backtest.curve import Thinned
from bot3.backtest.holding import Holding
from bot3.backtest.result import Course
from bot3.backtest.settings import BacktestSettings
from bot3.backtest.source import Source
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
    settings = _settings(given, environ)
    rules = bars_config(sources, settings).protections
    warnings += check_rules(rules, given.slippage, None)
    started_ns = clock.monotonic_ns()
    run = run_core(sources, settings)
    took_s = (clock.monotonic_ns() - started_ns) / 1e9
    bars = sum(source.rows for source in sources)
    seen = [_seen(source, evolve(given, cash=given.cash / len(sources))) for source in sources]
    held = sum(holding.equity for _, holding in seen) / given.cash - 1.0
    warnings.append("orders cross at the next open; what would have rested is not modelled")
    beside = {
        "strategy": HYBRID,
        "events_per_s": bars / max(took_s, 1e-9),
        "cost_ladder": core_ladder(grown_by_bars, sources, settings, run.grown, bars),
        "baselines": {"cash": 0.0, "buy_and_hold": held},
    }
    warnings += _denied(run)
    course = Course(run.curve, run.exposure, run.fills, run.trips, bars)
    drawn = [prices for prices, _ in seen]
    return course, beside, _marks(run, keys_of(sources), [s.name for s in sources], drawn)


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
    settings, keys = _settings(given, environ), [recording.key for recording in recordings]
    rules = configured(keys, settings, {}).protections
    warnings += check_rules(rules, given.slippage, recordings)
    started_ns = clock.monotonic_ns()
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
        "cost_ladder": core_ladder(grown_by_events, recordings, settings, run.grown, run.events),
        "baselines": {"cash": 0.0, "buy_and_hold": found.held_return},
    }
    warnings += _denied(run)
    course = Course(run.curve, run.exposure, run.fills, run.trips, run.events, is_trades=True)
    return course, beside, _marks(run, keys, _names(keys), found.prices)


def _settings(given: BacktestSettings, environ: Mapping[str, str]) -> CoreSettings:
    return CoreSettings(given.cash, given.fee, given.slippage, environ, given.latency_s)


def _denied(run: CoreRun) -> list[str]:
    return [f"denied by risk: {reason} {count}" for reason, count in run.denials.items()]


def _names(keys: Sequence[InstrumentId]) -> list[str]:
    """With the venue where there are several."""
    if len({key.venue for key in keys}) == 1:
        return [str(key.symbol) for key in keys]
    return [f"{key.venue}:{key.symbol}" for key in keys]


def _marks(
    run: CoreRun, keys: Sequence[InstrumentId], names: Sequence[str], prices: Sequence[Thinned]
) -> list[Marked]:
    return [
        Marked(name, drawn, tuple(fill for fill in run.fills if fill.instrument == key))
        for key, name, drawn in zip(keys, names, prices, strict=True)
    ]


def _seen(source: Source, share: BacktestSettings) -> tuple[Thinned, Holding]:
    """Closes for the report, and what holding came to with equal shares of the cash."""
    prices, holding = Thinned(), Holding(share)
    for bars in source.chunks():
        prices.take(bars.open_ns, bars.close)
        holding.take(bars)
    return prices, holding
