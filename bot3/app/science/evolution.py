"""Evolution: what it promotes in worlds without an edge, and how often it finds a planted one."""

from __future__ import annotations

from typing import Final

import numpy as np
from attrs import evolve

from bot3.app.science.rows import Effort, Measured, Row
from bot3.domain.bars import Bars
from bot3.evolution.engine import EvolutionSettings
from bot3.evolution.table import FeatureTable, returns_of, table_of
from bot3.evolution.whole import Outcome, evolve_once
from bot3.evolution.worlds import brief_world, null_world, planted_world

_FEE: Final = 0.001
_EDGE: Final = 0.12
_BRIEF_EDGE: Final = 0.3
_YEAR_HOURS: Final = 8_760
_NULL_BARS: Final = 4_000
_GENERATIONS: Final = 30


def _searched(bars: Bars, seed: int) -> Outcome:
    return _searched_table(table_of(bars), seed)


def _searched_table(table: FeatureTable, seed: int) -> Outcome:
    settings = EvolutionSettings(seed=seed, generations=_GENERATIONS)
    return evolve_once([table], settings, _FEE, seed)


def _late(table: FeatureTable) -> FeatureTable:
    """What was known a bar before."""
    return evolve(table, columns=np.roll(table.columns, 1, axis=1), warm=table.warm + 1)


def _shuffled(table: FeatureTable, seed: int) -> FeatureTable:
    """The same features before the same bars in another order."""
    bars = table.bars
    order = np.random.default_rng(seed).permutation(len(bars))
    moves = np.log(bars.close / bars.open)[order]
    close = bars.open[0] * np.exp(np.cumsum(moves))
    opened = np.concatenate((bars.open[:1], close[:-1]))
    high, low = opened * (bars.high / bars.open)[order], opened * (bars.low / bars.open)[order]
    other = evolve(bars, open=opened, high=high, low=low, close=close)
    return evolve(table, bars=other, returns=returns_of(other))


def _null(effort: Effort) -> Measured:
    seeds = effort.seeds(20, 300)
    selected, promoted = 0, 0
    for seed in seeds:
        found = _searched(null_world(_NULL_BARS, seed), seed)
        selected += bool(found.finalists)
        promoted += bool(found.promoted)
    share = promoted / len(seeds)
    figures = {"worlds": len(seeds), "selected": selected / len(seeds), "promoted": share}
    return Measured(figures, share <= 0.05)


def _planted(effort: Effort) -> Measured:
    seeds = effort.seeds(10, 100)
    found = sum(
        bool(_searched(planted_world(_YEAR_HOURS, seed, _EDGE), seed).promoted) for seed in seeds
    )
    share = found / len(seeds)
    deviation = float(np.sqrt(share * (1.0 - share) / len(seeds)))
    figures = {"worlds": len(seeds), "promoted": share, "standard_error": deviation}
    # Ten worlds say little: their row only fails on what a fair share of .8 hardly shows.
    return Measured(figures, share >= (0.5 if effort.is_quick else 0.8))


def _robbed(effort: Effort) -> Measured:
    """An edge that lasts an hour, and what is left of it for who is late or knows other hours."""
    seeds = effort.seeds(4, 50)
    counts = dict.fromkeys(("promoted", "promoted_late", "promoted_shuffled"), 0)
    for seed in seeds:
        table = table_of(brief_world(_NULL_BARS, seed, _BRIEF_EDGE))
        tables = (table, _late(table), _shuffled(table, seed))
        for name, each in zip(counts, tables, strict=True):
            counts[name] += bool(_searched_table(each, seed).promoted)
    found = {name: count / len(seeds) for name, count in counts.items()}
    is_dead = max(found["promoted_late"], found["promoted_shuffled"]) <= 0.05
    return Measured({"worlds": len(seeds), **found}, found["promoted"] >= 0.8 and is_dead)


ROWS: Final = (
    Row(
        "evolution",
        "worlds without an edge",
        "simulated",
        "anything promoted in at most 5 % of 300 (30 generations of 100, 4,000 hours, fee 0.1 %)",
        _null,
    ),
    Row(
        "evolution",
        "a planted edge of .12 deviations an hour",
        "simulated",
        "promoted in at least 80 % of worlds of a year, by hour of the day, momentum or reversal",
        _planted,
    ),
    Row(
        "evolution",
        "an edge of one hour, a bar late and with its hours shuffled",
        "simulated",
        "promoted in at least 80 % of 50 worlds as it is; in at most 5 % late, 5 % shuffled",
        _robbed,
    ),
)
