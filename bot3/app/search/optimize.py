"""`python -m bot3 optimize`: tunes a strategy's parameters, and says whether the best are proven.

Invariant: every trial is in the ledger; the hold-out is read once, as in `evolve`.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from bot3.app.backtest.own_strategy import find_strategy, strategy_class
from bot3.app.search.checkpoint import run_digest
from bot3.app.search.columns import ColumnFiles, column_files
from bot3.app.search.data import bars_digest, days_of, read_columns
from bot3.app.search.executors import Work, computing
from bot3.app.search.ledger_file import LedgerFile
from bot3.app.search.optimize_report import export, lines
from bot3.app.search.options import SearchOptions
from bot3.app.search.told import evidence_json, zone_words
from bot3.app.search.verdict import Docket, counted, verdicts
from bot3.backtest.strategies import make
from bot3.backtest.validation.court import CANDIDATES_MAX, Court, Judged
from bot3.backtest.validation.gates import independent
from bot3.backtest.validation.ledger import run_row, trial_name, trials_row
from bot3.backtest.validation.zones import Zones, parts, rows_of, zones_of
from bot3.domain.bars import Bars, Floats
from bot3.domain.errors import ConfigError, UnavailableError
from bot3.evolution.table import returns_of
from bot3.optimize.bayesian import BayesianOptimizer, Sampler, Told, best_of
from bot3.optimize.space import Space, default_space, space_of
from bot3.optimize.trial import (
    Answer,
    Objective,
    ParameterData,
    ParameterMarket,
    held_by,
    measure,
)

_WINDOWS: Final = 4
EMBARGO_BARS: Final = 60
_VERSION: Final = 1
_ASKED_MAX: Final = 20
Candidate = tuple[tuple[str, float], ...]
Tell = Callable[[int, int, float], None]


@frozen(kw_only=True)
class OptimizeOptions(SearchOptions):
    """What the user asked for; `space`: a file, or None for all that the strategy declares."""

    strategy: str
    space: Path | None
    trials: int
    sampler: Sampler
    objective: Objective
    batch: int
    seed: int


@frozen(eq=False)
class _Run:
    options: OptimizeOptions
    markets: tuple[ParameterMarket, ...]
    zones: Zones
    space: Space
    costs: tuple[float, float]
    docket: Docket


def run_optimize(options: OptimizeOptions, tell: Tell) -> int:
    """The exit code; raises `DataError`, `ConfigError` and `UnavailableError` with what to do."""
    with column_files(options.directory) as files:
        return _optimized(options, tell, files)


def _optimized(options: OptimizeOptions, tell: Tell, files: ColumnFiles) -> int:
    every, notes = read_columns(options, files)
    run = _begun(options, every, files)
    optimizer = _optimizer(run)
    _search(run, optimizer, tell)
    trials = optimizer.trials
    judged, rejected, counts = _judged(run, trials)
    promoted = [each for each in judged if each.rejection is None]
    best = best_of(trials, 10)
    figures = {
        "strategy": options.strategy,
        "symbols": [bars.symbol for bars in every],
        "source": "replayed",
        "objective": options.objective.value,
        "sampler": options.sampler.value,
        "trials": counts,
        "infeasible": sum(each.value is None for each in trials),
        "run": run.docket.run,
        "zones": zone_words(run.zones),
        "best": [{"parameters": each.parameters, "value": each.value} for each in best],
        "importance": optimizer.importance(),
        "promoted": [
            {"parameters": dict(each.candidate), **evidence_json(each)} for each in promoted
        ],
        "rejected": rejected,
        "warnings": notes,
    }
    if options.export is not None:
        export(options.export, figures, trials)
    print(json.dumps(figures) if options.is_json else "\n".join(lines(figures)))
    return 0


def _begun(options: OptimizeOptions, every: Sequence[Bars], files: ColumnFiles) -> _Run:
    from bot3.evolution.kernel import costs_of

    declared = strategy_class(options.strategy).parameters
    space = default_space(declared) if options.space is None else _read(options.space, declared)
    zones = zones_of(every, 0, EMBARGO_BARS)
    markets = []
    for bars in every:
        windows = parts(rows_of(bars, zones.search), _WINDOWS, EMBARGO_BARS)
        returns = files.keep((len(bars),), "float64", [returns_of(bars)])
        markets.append(ParameterMarket(bars, returns, windows))
    days, holdout = days_of(every, zones)
    name = run_digest(
        {
            "version": _VERSION,
            "data": [bars_digest(bars) for bars in every],
            "strategy": _strategy_digest(options.strategy),
            "space": {name: [each.low, each.high, each.is_log] for name, each in space.items()},
            "sampler": options.sampler.value,
            "objective": options.objective.value,
            "fee": options.fee,
            "seed": options.seed,
            "batch": options.batch,
        }
    )
    ledger = LedgerFile(options.directory)
    ledger.read()
    ledger.add(run_row(name, "optimize", days))
    return _Run(
        options,
        tuple(markets),
        zones,
        space,
        costs_of(options.fee),
        Docket(ledger, name, days, holdout),
    )


def _read(path: Path, declared: Mapping[str, Any]) -> Space:
    try:
        body = path.read_bytes()
        found = json.loads(body) if path.suffix == ".json" else tomllib.loads(body.decode())
    except OSError as error:
        raise ConfigError(f"--space {path}: {error.strerror or error}") from None
    except ValueError as error:
        raise ConfigError(f"--space {path}: {error}; want TOML or JSON") from None
    if not isinstance(found, dict):
        raise ConfigError(f"--space {path}: want parameters by name")
    try:
        return space_of(found, declared)
    except ConfigError as error:
        raise ConfigError(f"--space {path}: {error}") from None


def _strategy_digest(name: str) -> str:
    """Of a file of the user's own its content: another strategy under the old name is new."""
    path = Path(name)
    return hashlib.blake2b(path.read_bytes()).hexdigest() if path.is_file() else name


def _optimizer(run: _Run) -> BayesianOptimizer:
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    path = run.options.directory / f"optimize-{run.docket.run}.log"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        storage = JournalStorage(JournalFileBackend(str(path)))
    except OSError as error:
        raise UnavailableError(f"{path}: {error.strerror or error}") from None
    options = run.options
    return BayesianOptimizer(run.space, options.sampler, options.seed, run.docket.run, storage)


def _search(run: _Run, optimizer: BayesianOptimizer, tell: Tell) -> None:
    options = run.options
    data = ParameterData(run.markets, options.strategy, find_strategy, options.objective, run.costs)
    done, best = _done(optimizer.trials), float("-inf")
    work: Work[ParameterData, Mapping[str, float], Answer] = Work(measure, data, ({},))
    with computing(work, options.workers, options.cluster) as answers:
        for _ in range(_ASKED_MAX * options.trials):
            if done >= options.trials:
                break
            asked = optimizer.ask(min(options.batch, options.trials - done))
            found = answers([values for _, values in asked])
            rows = []
            for (number, values), answer in zip(asked, found, strict=True):
                kept = {"probes": answer.probes}
                optimizer.tell(number, answer.value, kept)
                if answer.value is not None:
                    name = trial_name(options.strategy, values)
                    rows.append((name, round(answer.timing_sharpe, 6)))
                    best = max(best, answer.value)
            run.docket.ledger.add(trials_row(run.docket.run, rows))
            done += sum(answer.value is not None for answer in found)
            tell(done, done, best)


def _done(trials: Sequence[Told]) -> int:
    """What cannot be is no trial."""
    return sum(each.value is not None for each in trials)


def _judged(
    run: _Run, trials: Sequence[Told]
) -> tuple[list[Judged[Candidate]], dict[str, int], dict[str, float]]:
    options = run.options
    counts = counted(run.docket, _done(trials), _different(trials))
    positions: dict[tuple[Candidate, str], NDArray[np.uint8]] = {}  # in or out, a byte each

    def held(candidate: Candidate, market: ParameterMarket, first: int, last: int) -> Floats:
        key = (candidate, market.bars.symbol)
        if key not in positions:
            strategy = make(strategy_class(options.strategy), dict(candidate))
            positions[key] = held_by(strategy, market.bars).astype(np.uint8)
        return positions[key][first:last].astype(np.float64)

    best = [each for each in best_of(trials, CANDIDATES_MAX) if (each.value or 0.0) > 0.0]
    candidates = [tuple(sorted(each.parameters.items())) for each in best]
    effective = round(counts["effective"])
    court = Court(run.markets, held, run.zones, run.costs, effective, options.seed)
    judged, rejected = verdicts(court, candidates, run.docket)
    return judged, dict(rejected), counts


def _different(trials: Sequence[Told]) -> float:
    """How many different ones these are, by where they were."""
    probes = [each.kept["probes"] for each in trials if each.value is not None]
    if not probes:
        return 1.0
    return independent(np.array([[int(bit) for bit in each] for each in probes], dtype=np.float64))
