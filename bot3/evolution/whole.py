"""One search from the first generation to the promoted: for who needs no checkpoint and no ledger.

Invariant: the same tables, settings and fee give the same outcome.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

import numpy as np
from attrs import frozen

from bot3.backtest.validation.court import CANDIDATES_MAX, Court, Judged, Rejection, finalists_of
from bot3.backtest.validation.gates import independent
from bot3.backtest.validation.zones import zones_of
from bot3.evolution.engine import EvolutionEngine, EvolutionSettings
from bot3.evolution.fitness import EMBARGO_BARS, WORTHLESS, levels_of, measure, search_data
from bot3.evolution.generator import QUANTILES, StrategyGenerator
from bot3.evolution.strategy import held
from bot3.evolution.table import FeatureTable
from bot3.strategies.genome import Genome


@frozen(eq=False)
class Outcome:
    """`finalists` came to the hold-out; `rejected`: how many fell at which gate."""

    evaluated: int
    finalists: int
    promoted: tuple[Judged[Genome], ...]
    rejected: dict[str, int]


def evolve_once(
    tables: Sequence[FeatureTable], settings: EvolutionSettings, fee: float, seed: int
) -> Outcome:
    """Raises `DataError` for too few bars. `seed`: of the bootstraps."""
    from bot3.evolution.kernel import costs_of

    zones = zones_of([table.bars for table in tables], tables[0].warm, EMBARGO_BARS)
    data = search_data(tables, zones, fee)
    generator = StrategyGenerator(levels_of(data, QUANTILES), settings.mutation_rate)
    engine = EvolutionEngine(settings, generator)
    while not engine.is_over:
        texts = [genome.text for genome in engine.ask()]
        engine.tell(dict(zip(texts, measure(data, texts), strict=True)))
    candidates = candidates_of(engine)
    different = round(different_of(engine))
    court = Court(tuple(tables), held, zones, costs_of(fee), different, seed)
    judged = court.select(candidates)
    finalists = finalists_of(judged)
    final = court.confirm(finalists)
    fallen = [each.rejection for each in (*judged, *final) if each.rejection is not None]
    counts = Counter(each.value for each in fallen)
    passed = sum(each.rejection is None for each in judged) - len(finalists)
    counts[Rejection.NOT_AMONG_THE_BEST.value] += passed
    counts.update(early_rejections(engine, {each.text for each in candidates}))
    promoted = tuple(each for each in final if each.rejection is None)
    return Outcome(
        len(engine.scores), len(finalists), promoted, {k: v for k, v in counts.items() if v}
    )


def candidates_of(engine: EvolutionEngine) -> list[Genome]:
    """The best, of those that earn anything."""
    best = engine.best(CANDIDATES_MAX)
    return [each for each in best if engine.scores[each.text].aims[0] > 0.0]


def different_of(engine: EvolutionEngine) -> float:
    """How many different ones all of its trials were, by where they were."""
    probes = [score.probes for score in engine.scores.values()]
    return independent(np.array(probes, dtype=np.float64))


def early_rejections(engine: EvolutionEngine, candidates: Collection[str]) -> list[str]:
    """Why those who are no candidates are none."""
    found = []
    for text, score in engine.scores.items():
        if text in candidates:
            continue
        if score.aims[0] <= WORTHLESS:
            found.append(Rejection.DOES_NOT_TRADE.value)
        elif score.aims[0] <= 0.0:
            found.append(Rejection.LOSES_IN_SEARCH.value)
        else:
            found.append(Rejection.NOT_AMONG_THE_BEST.value)
    return found
