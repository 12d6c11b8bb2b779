"""A strategy as a tree of conditions: when it enters, and when it leaves.

    rule(enter, leave): hold from a close at which `enter` is true until one at which it is not and
    `leave` is. Conditions are comparisons of a feature with a number, joined by and, or, not.

Invariant: a genome is well typed, and its text is read back as the same genome.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from enum import IntEnum, unique
from typing import Final

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from bot3.domain.errors import DataError

# The probability of the wildest state, and what it is called above and below one half.
REGIME: Final = "volatile"
# Features of bars alone: recorded bars have no book, and no side of trades.
NAMES: Final = (
    "log_return_1", "log_return_5", "log_return_20", "log_return_60", "volatility_5",
    "volatility_20", "volatility_60", "ema_distance", "rsi_14", "macd_histogram", "bollinger_b",
    "atr_14", "adx_14", "volume_score", "day_sine", "day_cosine", REGIME,
)  # fmt: skip
_REGIMES: Final = {f"{REGIME}<0.5": "calm", f"{REGIME}>0.5": "volatile"}
RULE, AND, OR, NOT = "rule", "and", "or", "not"
DEPTH_MAX: Final = 32  # of the kernel's stack
ARITY: Final = {RULE: 2, AND: 2, OR: 2, NOT: 1}
_LEAF: Final = re.compile(r"(\w+)([<>])(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)")


@unique
class Op(IntEnum):
    """Steps of a program, in postfix order."""

    BELOW = 0
    ABOVE = 1
    AND = 2
    OR = 3
    NOT = 4


_JOINS: Final = {AND: Op.AND, OR: Op.OR, NOT: Op.NOT}


@frozen
class Leaf:
    """A feature compared with a number of single precision."""

    feature: str
    is_above: bool
    threshold: float

    @property
    def token(self) -> str:
        """`rsi_14<31.25`; shortest digits that are read back as the same number."""
        number = np.format_float_positional(np.float32(self.threshold), trim="-")
        if abs(self.threshold) < 1e-4 and self.threshold:
            number = np.format_float_scientific(np.float32(self.threshold), trim="-")
        return f"{self.feature}{'>' if self.is_above else '<'}{number}"


@frozen
class Genome:
    """Tokens in prefix order: `rule`, joins, and leaves by their text."""

    tokens: tuple[str, ...]

    @property
    def text(self) -> str:
        """One line."""
        return " ".join(self.tokens)

    def __len__(self) -> int:
        return len(self.tokens)

    @property
    def expression(self) -> str:
        """For people."""
        enter, leave = (_words(self.tokens[start:end]) for start, end in self._halves())
        return f"enter when {enter}; leave when {leave}"

    def _halves(self) -> tuple[tuple[int, int], tuple[int, int]]:
        middle = _end(self.tokens, 1)
        return (1, middle), (middle, len(self.tokens))

    def programs(self) -> tuple[list[str], list[str]]:
        """Both conditions in postfix order."""
        enter, leave = self._halves()
        return _postfix(self.tokens[slice(*enter)]), _postfix(self.tokens[slice(*leave)])


def genome_of(text: str, features: Sequence[str]) -> Genome:
    """Reads `Genome.text`; raises `DataError` for what is no genome of these features."""
    tokens = tuple(text.split())
    try:
        well_formed = tokens[0] == RULE and _end(tokens, 0) == len(tokens)
    except IndexError:
        well_formed = False
    if not well_formed or RULE in tokens[1:]:
        raise DataError(f"{text!r} is no genome: want rule and two conditions")
    for token in tokens:
        if token not in ARITY and leaf_of(token).feature not in features:
            raise DataError(f"{token!r}: no such feature; there are {', '.join(features)}")
    return Genome(tokens)


def leaf_of(token: str) -> Leaf:
    """Raises `DataError`."""
    match = _LEAF.fullmatch(token)
    if match is None:
        raise DataError(f"{token!r} is no condition: want one like rsi_14<30")
    return Leaf(match[1], match[2] == ">", float(np.float32(match[3])))


def _end(tokens: Sequence[str], start: int) -> int:
    """Where the subtree that begins at `start` has ended. Raises `IndexError` for half a tree."""
    wanted, at = 1, start
    while wanted:
        wanted += ARITY.get(tokens[at], 0) - 1
        at += 1
    return at


def _postfix(tokens: Sequence[str]) -> list[str]:
    # Prefix read backwards is postfix with the operands of a join swapped: and, or do not mind.
    return list(reversed(tokens))


def _words(tokens: Sequence[str]) -> str:
    text, _ = _read(list(tokens))
    return text[1:-1] if text.startswith("(") else text


def _read(tokens: list[str]) -> tuple[str, list[str]]:
    head, rest = tokens[0], tokens[1:]
    if head not in ARITY:
        leaf = leaf_of(head)
        sign = ">" if leaf.is_above else "<"
        return _REGIMES.get(head, f"{leaf.feature} {sign} {leaf.threshold:.6g}"), rest
    first, rest = _read(rest)
    if head == NOT:
        return f"not {first}", rest
    second, rest = _read(rest)
    return f"({first} {head} {second})", rest


@frozen(eq=False)
class Programs:
    """Many genomes for the kernel: steps of all of them in a row. Genome n enters by the steps from
    `starts[n]` to `middles[n]`, and leaves by those from there to `starts[n + 1]`.
    """

    ops: NDArray[np.int8]
    features: NDArray[np.int16]
    thresholds: NDArray[np.float32]
    starts: NDArray[np.int64]
    middles: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.middles)


def compiled(genomes: Sequence[Genome], features: Sequence[str]) -> Programs:
    """The programs of well-typed genomes."""
    place = {name: at for at, name in enumerate(features)}
    steps: list[tuple[int, int, float]] = []
    starts, middles = [0], []
    for genome in genomes:
        enter, leave = genome.programs()
        steps.extend(_steps(enter, place))
        middles.append(len(steps))
        steps.extend(_steps(leave, place))
        starts.append(len(steps))
    ops, at, thresholds = zip(*steps, strict=True) if steps else ((), (), ())
    return Programs(
        np.array(ops, dtype=np.int8),
        np.array(at, dtype=np.int16),
        np.array(thresholds, dtype=np.float32),
        np.array(starts, dtype=np.int64),
        np.array(middles, dtype=np.int64),
    )


def _steps(tokens: Sequence[str], place: dict[str, int]) -> Iterator[tuple[int, int, float]]:
    for token in tokens:
        if token in _JOINS:
            yield int(_JOINS[token]), 0, 0.0
        else:
            leaf = leaf_of(token)
            op = Op.ABOVE if leaf.is_above else Op.BELOW
            yield int(op), place[leaf.feature], leaf.threshold
