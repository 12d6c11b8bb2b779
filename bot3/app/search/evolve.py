"""`python -m bot3 evolve`: breeds strategies on recorded bars, and promotes what is proven.

Invariant: the same data, settings and seed give the same result on any number of workers; of the
hold-out nothing is read before the finalists are known, and then once, for good.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from typing import Any, Final

from attrs import asdict, frozen

from bot3.app.search.checkpoint import Checkpoint, run_digest
from bot3.app.search.columns import ColumnFiles, column_files
from bot3.app.search.data import bars_digest, days_of, read_columns
from bot3.app.search.executors import Work, computing
from bot3.app.search.ledger_file import LedgerFile
from bot3.app.search.options import SearchOptions
from bot3.app.search.told import export, lines, promoted_json, zone_words
from bot3.app.search.verdict import Docket, counted, verdicts
from bot3.backtest.validation.court import (
    Court,
    Judged,
)
from bot3.backtest.validation.ledger import run_row, trials_row
from bot3.backtest.validation.zones import Zones, zones_of
from bot3.domain.bars import Bars
from bot3.evolution.engine import EvolutionEngine, EvolutionSettings, Score
from bot3.evolution.fitness import EMBARGO_BARS, levels_of, measure, search_data
from bot3.evolution.generator import QUANTILES, StrategyGenerator
from bot3.evolution.strategy import held
from bot3.evolution.table import FeatureTable, table_of
from bot3.evolution.whole import candidates_of, different_of, early_rejections
from bot3.strategies.genome import REGIME, Genome
from supervisors.clock import SystemClock

VERSION: Final = 1  # of what decides a result
_SAVE_EVERY_NS: Final = 5_000_000_000
_WARM_UP: Final = (f"rule {REGIME}>0.5 {REGIME}<0.5",)
Tell = Callable[[int, int, float], None]


@frozen(kw_only=True)
class EvolveOptions(SearchOptions):
    """What the user asked for."""

    settings: EvolutionSettings


@frozen(eq=False)
class _Run:
    """One search: its data and where it keeps its books."""

    options: EvolveOptions
    tables: tuple[FeatureTable, ...]
    zones: Zones
    files: ColumnFiles
    docket: Docket


def run_evolve(options: EvolveOptions, tell: Tell) -> int:
    """The exit code; raises `DataError`, `ConfigError` and `UnavailableError` with what to do."""
    with column_files(options.directory) as files:
        return _evolved(options, tell, files)


def _evolved(options: EvolveOptions, tell: Tell, files: ColumnFiles) -> int:
    every, warnings = read_columns(options, files)
    run = _begun(options, every, files)
    engine, speed = _searched(run, tell)
    judged, counts, trials = _judged(run, engine)
    promoted = [each for each in judged if each.rejection is None]
    figures = {
        "symbols": [bars.symbol for bars in every],
        "source": "replayed",
        "evaluated": len(engine.scores),
        "evals_per_s": speed,
        "generations": engine.generation,
        "seed": options.settings.seed,
        "run": run.docket.run,
        "zones": zone_words(run.zones),
        "trials": trials,
        "promoted": [promoted_json(each) for each in promoted],
        "rejected": counts,
        "nearest": [_nearest(each) for each in judged if each.rejection is not None][:3],
        "warnings": warnings,
    }
    if options.export is not None:
        export(options.export, promoted, figures)
    print(json.dumps(figures) if options.is_json else "\n".join(lines(figures)))
    return 0


def _begun(options: EvolveOptions, every: Sequence[Bars], files: ColumnFiles) -> _Run:
    tables = tuple(table_of(bars, files.keep) for bars in every)
    zones = zones_of(every, tables[0].warm, EMBARGO_BARS)
    days, holdout = days_of(every, zones)
    name = run_digest(
        {
            "version": VERSION,
            "data": [bars_digest(bars) for bars in every],
            "settings": asdict(options.settings),
            "fee": options.fee,
        }
    )
    ledger = LedgerFile(options.directory)
    ledger.read()  # a ledger that cannot be read is found out before hours of searching
    ledger.add(run_row(name, "evolve", days))
    return _Run(options, tables, zones, files, Docket(ledger, name, days, holdout))


def _searched(run: _Run, tell: Tell) -> tuple[EvolutionEngine, float]:
    """The search, over; and how many a second it evaluated once its workers were there."""
    options = run.options
    data = search_data(run.tables, run.zones, options.fee, run.files.keep)
    settings = options.settings
    engine = EvolutionEngine(
        settings, StrategyGenerator(levels_of(data, QUANTILES), settings.mutation_rate)
    )
    checkpoint = Checkpoint(options.directory, run.docket.run)
    state = checkpoint.read()
    if state is not None:
        engine.restore(state)
    before, clock = len(engine.scores), SystemClock()
    work = Work(measure, data, _WARM_UP)
    with computing(work, options.workers, options.cluster) as ask:
        started_ns, saved_ns = clock.monotonic_ns(), 0
        while not engine.is_over:
            scores = _generation(engine, ask)
            run.docket.ledger.add(trials_row(run.docket.run, _trials(scores)))
            if clock.monotonic_ns() - saved_ns > _SAVE_EVERY_NS:
                checkpoint.write(engine.state())
                saved_ns = clock.monotonic_ns()
            best = max(score.aims[0] for score in engine.scores.values())
            tell(engine.generation, len(engine.scores), best)
        took_s = (clock.monotonic_ns() - started_ns) / 1e9
    checkpoint.remove()
    return engine, (len(engine.scores) - before) / max(took_s, 1e-9)


def _generation(
    engine: EvolutionEngine, ask: Callable[[Sequence[str]], list[Score]]
) -> dict[str, Score]:
    texts = [genome.text for genome in engine.ask()]
    scores = dict(zip(texts, ask(texts), strict=True))
    engine.tell(scores)
    return scores


def _trials(scores: dict[str, Score]) -> list[tuple[str, float]]:
    return [
        (hashlib.blake2b(text.encode(), digest_size=8).hexdigest(), round(score.sharpe, 6))
        for text, score in scores.items()
    ]


def _judged(
    run: _Run, engine: EvolutionEngine
) -> tuple[list[Judged[Genome]], dict[str, int], dict[str, float]]:
    """Candidates as they were judged, how many fell at which gate, and what the trials count."""
    from bot3.evolution.kernel import costs_of

    candidates = candidates_of(engine)
    trials = counted(run.docket, len(engine.scores), different_of(engine))
    court = Court(
        run.tables,
        held,
        run.zones,
        costs_of(run.options.fee),
        round(trials["effective"]),
        run.options.settings.seed,
    )
    judged, counts = verdicts(court, candidates, run.docket)
    counts.update(early_rejections(engine, {each.text for each in candidates}))
    return judged, dict(counts), trials


def _nearest(judged: Judged[Genome]) -> dict[str, Any]:
    """Of one that was not promoted; what is known of the hold-out stays untold."""
    assert judged.rejection is not None
    return {
        "expression": judged.candidate.expression,
        "rejection": judged.rejection.value,
        "p_values": judged.p_values,
        "dsr": judged.dsr,
    }
