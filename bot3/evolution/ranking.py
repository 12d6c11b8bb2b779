"""Who is better where there are several aims: Pareto fronts, and within one the rare.

Source: Deb et al., "A fast and elitist multiobjective genetic algorithm: NSGA-II" (2002); novelty:
Lehman and Stanley, "Abandoning objectives" (2011).

Invariant: nobody of an earlier front is beaten in every aim by one of a later front.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from bot3.domain.bars import Floats, Ints

_NEIGHBOURS: Final = 5


def fronts(aims: Floats) -> Ints:
    """The front of each row, 0 for the best; more is better in every column."""
    left, right = aims[:, None, :], aims[None, :, :]
    dominates = np.all(left >= right, axis=2) & np.any(left > right, axis=2)
    beaten_by = dominates.sum(axis=0)
    found = np.full(len(aims), -1, dtype=np.int64)
    rank = 0
    while (found < 0).any():
        current = (beaten_by == 0) & (found < 0)
        found[current] = rank
        beaten_by = beaten_by - dominates[current].sum(axis=0)
        rank += 1
    return found


def crowding(aims: Floats, front: Ints) -> Floats:
    """How far apart a row's neighbours of the same front are, in each aim's range; ends: 1e9."""
    found = np.zeros(len(aims))
    for rank in range(int(front.max(initial=-1)) + 1):
        rows = np.flatnonzero(front == rank)
        for column in range(aims.shape[1]):
            order = rows[np.argsort(aims[rows, column], kind="stable")]
            values = aims[order, column]
            width = values[-1] - values[0]
            if width > 0.0:
                found[order[1:-1]] += (values[2:] - values[:-2]) / width
                found[order[[0, -1]]] += 1e9
    return found


def novelty(probes: NDArray[np.uint8]) -> Floats:
    """The mean share of bars at which a row is elsewhere than its nearest neighbours, in [0, 1]."""
    if len(probes) < 2:
        return np.ones(len(probes))
    signs = probes.astype(np.float64) * 2.0 - 1.0
    apart = (1.0 - signs @ signs.T / signs.shape[1]) / 2.0
    np.fill_diagonal(apart, 2.0)
    near = np.sort(apart, axis=1)[:, : min(_NEIGHBOURS, len(probes) - 1)]
    return np.asarray(near.mean(axis=1))


def order_of(aims: Floats, probes: NDArray[np.uint8]) -> Ints:
    """Rows from the best to the worst: by front; then the front's ends, then who behaves and pays
    unlike the others.
    """
    front = fronts(aims)
    apart = crowding(aims, front)
    rare = np.where(apart >= 1e9, 1e9, apart / aims.shape[1] + novelty(probes))
    return np.lexsort((np.arange(len(aims)), -rare, front)).astype(np.int64)
