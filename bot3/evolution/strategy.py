"""A genome as a strategy of bars: plain columns, one after the other, as a reader would do it.

Invariant: what the kernel counted of a genome is what the backtesting engine trades of it.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from bot3.backtest.strategies import Parameter
from bot3.domain.bars import Bars, Floats
from bot3.evolution.table import FeatureTable, table_of
from bot3.strategies.genome import AND, NAMES, NOT, OR, Genome, genome_of, leaf_of

Flags = NDArray[np.bool_]


def held(genome: Genome, table: FeatureTable, first: int, last: int) -> Floats:
    """1.0 where it is in after a row's close, rows `first` to before `last`, flat before."""
    columns = {name: table.columns[at, first:last] for at, name in enumerate(NAMES)}
    enter, leave = (_truth(program, columns) for program in genome.programs())
    # The newest word counts: in, out, or as before.
    said = np.where(enter, 1, np.where(leave, 0, -1))
    newest = np.maximum.accumulate(np.where(said >= 0, np.arange(len(said)), -1))
    return np.where(newest >= 0, said[np.maximum(newest, 0)], 0).astype(np.float64)


def _truth(program: list[str], columns: Mapping[str, NDArray[np.float32]]) -> Flags:
    stack: list[Flags] = []
    for token in program:
        if token == NOT:
            stack.append(~stack.pop())
        elif token in (AND, OR):
            one, other = stack.pop(), stack.pop()
            stack.append(one & other if token == AND else one | other)
        else:
            leaf = leaf_of(token)
            column, threshold = columns[leaf.feature], np.float32(leaf.threshold)
            stack.append(column > threshold if leaf.is_above else column < threshold)
    return stack.pop()


class EvolvedBars:
    """What `evolve` has promoted."""

    name = "evolved"
    parameters: Mapping[str, Parameter] = {}

    def __init__(self, text: str) -> None:
        self.genome = genome_of(text, NAMES)

    def targets(self, bars: Bars) -> Floats:
        table = table_of(bars)
        wanted = np.full(len(bars), np.nan)
        wanted[table.warm :] = held(self.genome, table, table.warm, len(bars))
        return wanted
