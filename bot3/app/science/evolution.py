"""Evolution: what it promotes in worlds without an edge, and how often it finds a planted one."""

from __future__ import annotations

from typing import Final

import numpy as np

from bot3.app.science.rows import Effort, Measured, Row
from bot3.backtest.bars import Bars
from bot3.evolution.engine import EvolutionSettings
from bot3.evolution.table import table_of
from bot3.evolution.whole import Outcome, evolve_once
from bot3.evolution.worlds import null_world, planted_world

_FEE: Final = 0.001
_EDGE: Final = 0.12
_YEAR_HOURS: Final = 8_760
_NULL_BARS: Final = 4_000
_GENERATIONS: Final = 30


def _searched(bars: Bars, seed: int) -> Outcome:
    settings = EvolutionSettings(seed=seed, generations=_GENERATIONS)
    return evolve_once([table_of(bars)], settings, _FEE, seed)


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
)
