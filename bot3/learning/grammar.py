"""New features from known ones: lags, differences, products and ratios, by a small grammar.

Invariant: both forms of a candidate agree to 1e-9, a value depends on no later row, and it is
finite where its parts are.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from enum import Enum, unique
from typing import Final

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from bot3.domain.errors import DataError

LAGS: Final = (1, 2, 5, 10, 20)
_VALUE_MAX: Final = 1e12
_SMALL: Final = 1e-9  # what a ratio adds to the size below
_WORDS: Final = re.compile(r"(lag|change)(\d+)\((\w+)\)|(\w+)([*/])(\w+)")


@unique
class Rule(Enum):
    """The grammar's rules."""

    LAG = "lag"
    CHANGE = "change"
    PRODUCT = "*"
    RATIO = "/"


@frozen
class Candidate:
    """`first` as it was `lag` rows ago, less that, times `second`, or over the size of `second`."""

    rule: Rule
    first: str
    second: str = ""
    lag: int = 0

    @property
    def name(self) -> str:
        """What `candidate_of` reads back."""
        if self.rule in (Rule.LAG, Rule.CHANGE):
            return f"{self.rule.value}{self.lag}({self.first})"
        return f"{self.first}{self.rule.value}{self.second}"


def candidate_of(name: str, known: Sequence[str]) -> Candidate:
    """The candidate of that name; raises `DataError` for another, or of features not known."""
    match = _WORDS.fullmatch(name)
    if match is None:
        raise DataError(f"{name!r} is no feature of the grammar: lag5(x), change5(x), x*y, x/y")
    if match[1]:
        found = Candidate(Rule(match[1]), match[3], lag=int(match[2]))
    else:
        found = Candidate(Rule(match[5]), match[4], match[6])
    missing = {found.first, found.second} - {*known, ""}
    if missing:
        raise DataError(f"{name!r} is made of features that are not here: {sorted(missing)}")
    return found


def propose(known: Sequence[str], count: int, choose: Callable[[int], int]) -> list[Candidate]:
    """Different candidates, drawn by `choose(n)` in [0, n); fewer where there are no more."""
    found: dict[str, Candidate] = {}
    for _ in range(20 * count):
        if len(found) == count:
            break
        rule = (*Rule,)[choose(len(Rule))]
        first, second = known[choose(len(known))], known[choose(len(known))]
        if rule in (Rule.LAG, Rule.CHANGE):
            each = Candidate(rule, first, lag=LAGS[choose(len(LAGS))])
        elif first == second or (rule is Rule.PRODUCT and second < first):
            continue
        else:
            each = Candidate(rule, first, second)
        found[each.name] = each
    return [*found.values()]


class Extension:
    """Candidates, row by row."""

    __slots__ = ("_at", "_candidates", "_rows", "names")

    def __init__(self, known: Sequence[str], candidates: Sequence[Candidate]) -> None:
        self._at = {name: at for at, name in enumerate(known)}
        self._candidates = tuple(candidates)
        self.names = tuple(each.name for each in self._candidates)
        longest = max((each.lag for each in self._candidates), default=0)
        self._rows: deque[tuple[float, ...]] = deque(maxlen=longest + 1)

    def update(self, values: tuple[float, ...]) -> tuple[float, ...]:
        """The candidates' values with this row; lags before the first row are the first row's."""
        self._rows.append(values)
        return tuple([self._value(each, values) for each in self._candidates])

    def _value(self, each: Candidate, values: tuple[float, ...]) -> float:
        first = values[self._at[each.first]]
        match each.rule:
            case Rule.LAG | Rule.CHANGE:
                rows = self._rows
                before = rows[max(len(rows) - 1 - each.lag, 0)][self._at[each.first]]
                return before if each.rule is Rule.LAG else first - before
            case Rule.PRODUCT:
                return _bounded(first * values[self._at[each.second]])
            case Rule.RATIO:
                return _bounded(first / (abs(values[self._at[each.second]]) + _SMALL))


def _bounded(value: float) -> float:
    return min(max(value, -_VALUE_MAX), _VALUE_MAX)


def column(each: Candidate, columns: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float64]:
    """The columnar form: whole rows in, one value a row out."""
    first = np.asarray(columns[each.first], dtype=np.float64)
    if each.rule in (Rule.LAG, Rule.CHANGE):
        rows = np.maximum(np.arange(len(first)) - each.lag, 0)
        before: NDArray[np.float64] = first[rows]
        return before if each.rule is Rule.LAG else first - before
    second = np.asarray(columns[each.second], dtype=np.float64)
    made = first * second if each.rule is Rule.PRODUCT else first / (np.abs(second) + _SMALL)
    return np.clip(made, -_VALUE_MAX, _VALUE_MAX)
