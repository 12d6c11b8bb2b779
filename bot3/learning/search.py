"""A search for features in a past: candidates of the grammar, judged beside what is known.

Invariant: the target of a row lies after it, rows are as far apart as their targets are long, and
a feature that is in use already is never found again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from attrs import field, frozen, validators
from numpy.typing import NDArray

from bot3.learning.discovery import DiscoverySettings, discover
from bot3.learning.grammar import column, propose

_Floats = NDArray[np.float64]


@frozen
class SearchSettings:
    """`candidates` are judged at a time, by the return over the next `step_bars`; the best
    `found_max` are kept.
    """

    candidates: int = field(default=60, validator=validators.ge(1))
    step_bars: int = field(default=5, validator=validators.ge(1))
    found_max: int = field(default=6, validator=validators.ge(1))
    discovery: DiscoverySettings = field(factory=DiscoverySettings)


class Found(NamedTuple):
    """A candidate's name, and in which share of the folds it was selected."""

    name: str
    agreement: float


class Past(NamedTuple):
    """Rows of features by `names`, and the close of each row's bar; oldest first, without gaps."""

    names: Sequence[str]
    values: _Floats
    closes: _Floats


def search(
    past: Past, choose: Callable[[int], int], seed: int, settings: SearchSettings | None = None
) -> list[Found]:
    """New features that foretell the next return, the most agreed on first.

    Raises:
        DataError: too few rows, or numbers that are not finite.
    """
    settings = settings or SearchSettings()
    columns = {name: past.values[:, at] for at, name in enumerate(past.names)}
    candidates = propose(past.names, settings.candidates, choose)
    made = np.column_stack([*columns.values(), *(column(each, columns) for each in candidates)])
    step = settings.step_bars
    rows = np.arange(0, len(past.closes) - step, step)
    target = np.log(past.closes[rows + step] / past.closes[rows])
    known = len(past.names)
    found = [
        Found(candidates[each.column - known].name, each.agreement)
        for each in discover(made[rows], target, seed, settings.discovery)
        if each.column >= known
    ]
    return sorted(found, key=lambda each: -each.agreement)[: settings.found_max]
