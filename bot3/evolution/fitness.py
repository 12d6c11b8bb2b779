"""What a genome is worth in the zone to search in: several walk-forward windows, several aims.

Invariant: a genome's score depends on the data and its text alone, wherever it is computed.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum, unique
from typing import Final

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from bot3.backtest.validation.zones import Zones, parts, rows_of
from bot3.domain.bars import Floats
from bot3.evolution.engine import Score
from bot3.evolution.table import FeatureTable, Keep, in_memory
from bot3.strategies.genome import NAMES, Genome, compiled, genome_of

WINDOWS: Final = 4
EMBARGO_BARS: Final = 60  # the longest memory of a feature
ENTRIES_MIN: Final = 6
WORTHLESS: Final = -1e9


@unique
class Aim(IntEnum):
    """Places in `Score.aims`; more is better in each."""

    GROWTH = 0  # of timing, net of costs, a bar: mean of the windows less its standard error
    DRAWDOWN = 1
    SIZE = 2
    TURNOVER = 3


@frozen(eq=False)
class Columns:
    """What a worker needs of one instrument."""

    columns: NDArray[np.float32]
    returns: Floats
    windows: list[tuple[int, int]]


@frozen(eq=False)
class SearchData:
    """What a worker needs."""

    instruments: tuple[Columns, ...]
    fee: float


def search_data(
    tables: Sequence[FeatureTable], zones: Zones, fee: float, keep: Keep = in_memory
) -> SearchData:
    """Only the zone to search in: the others do not even reach a worker."""
    found = []
    for table in tables:
        first, last = rows_of(table.bars, zones.search)
        inside = slice(first, last)
        windows = parts((0, last - first), WINDOWS, EMBARGO_BARS)
        columns = keep((len(NAMES), last - first), "float32", table.columns[:, inside])
        found.append(Columns(columns, table.returns[inside], windows))
    return SearchData(tuple(found), fee)


def measure(data: SearchData, texts: Sequence[str]) -> list[Score]:
    """The scores of genomes, in their order."""
    from bot3.evolution.kernel import evaluate

    genomes = [genome_of(text, NAMES) for text in texts]
    programs = compiled(genomes, NAMES)
    made = [
        evaluate(each.columns, each.returns, programs, each.windows, data.fee)
        for each in data.instruments
    ]
    rows = np.concatenate([rows for rows, _ in made], axis=1)
    probes = np.concatenate([probes for _, probes in made], axis=1)
    return [_score(*each) for each in zip(genomes, rows, probes, strict=True)]


def _score(genome: Genome, rows: Floats, probes: NDArray[np.uint8]) -> Score:
    from bot3.evolution.kernel import BARS, DRAWDOWN, ENTRIES, TIMED, TIMED_SQUARES

    bars, entries = rows[:, BARS].sum(), rows[:, ENTRIES].sum()
    growth = rows[:, TIMED] / rows[:, BARS]
    unsure = growth.std(ddof=1) / np.sqrt(len(growth)) if len(growth) > 1 else 0.0
    mean = rows[:, TIMED].sum() / bars
    variance = rows[:, TIMED_SQUARES].sum() / bars - mean * mean
    sharpe = float(mean / np.sqrt(variance)) if variance > 0.0 else 0.0
    worth = float(growth.mean() - unsure) if entries >= ENTRIES_MIN else WORTHLESS
    aims = (worth, -float(rows[:, DRAWDOWN].max()), -float(len(genome)), -float(entries / bars))
    return Score(aims, sharpe, probes)


def levels_of(data: SearchData, quantiles: Sequence[float]) -> dict[str, list[float]]:
    """The numbers each feature may be compared with: its quantiles in the zone to search in."""
    found = {}
    for at, name in enumerate(NAMES):
        column = np.concatenate([each.columns[at] for each in data.instruments])
        # A probability has its own meaning: one half is where the regime turns.
        wanted = [0.5] if name == NAMES[-1] else np.quantile(column, quantiles)
        found[name] = sorted({float(f"{np.float32(value):.6g}") for value in wanted})
    return found
