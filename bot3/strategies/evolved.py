"""Strategies that evolution has promoted, followed bar by bar.

Invariant: from a genome's adoption on, what it holds is what the columns of a backtest have from
that bar on; without a genome it abstains.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, final

import numpy as np

from bot3.market.features import FEATURE_INDEX
from bot3.messages.minds import FeaturesComputed, RegimeEstimated
from bot3.strategies.base import ABSTAIN, Opinion, check_inputs
from bot3.strategies.genome import NAMES, REGIME, Op, compiled, genome_of

GENOMES_MAX: Final = 3
_PLACES: Final = tuple(FEATURE_INDEX.get(name, -1) for name in NAMES)
_Step = tuple[int, int, float]


@final
class _Holder:
    """One genome and whether it is in."""

    __slots__ = ("_enter", "_is_in", "_leave")

    def __init__(self, text: str) -> None:
        programs = compiled([genome_of(text, NAMES)], NAMES)
        steps: list[_Step] = [
            (int(op), int(feature), float(threshold))
            for op, feature, threshold in zip(
                programs.ops, programs.features, programs.thresholds, strict=True
            )
        ]
        middle = int(programs.middles[0])
        self._enter, self._leave = steps[:middle], steps[middle:]
        self._is_in = False

    def follow(self, row: Sequence[float]) -> bool:
        """Whether it is in after this bar's close; `row` by `NAMES`, of single precision."""
        if _is_true(self._enter, row):
            self._is_in = True
        elif self._is_in and _is_true(self._leave, row):
            self._is_in = False
        return self._is_in


def _is_true(steps: Sequence[_Step], row: Sequence[float]) -> bool:
    stack: list[bool] = []
    for op, feature, threshold in steps:
        if op == Op.BELOW:
            stack.append(row[feature] < threshold)
        elif op == Op.ABOVE:
            stack.append(row[feature] > threshold)
        elif op == Op.NOT:
            stack.append(not stack.pop())
        else:
            one, other = stack.pop(), stack.pop()
            stack.append((one and other) if op == Op.AND else (one or other))
    return stack.pop()


@final
class EvolvedStrategy:
    """The mean of the newest genomes that were promoted for an instrument."""

    name = "evolved"

    def __init__(self, genomes: Sequence[str] = ()) -> None:
        self._holders: dict[str, _Holder] = {}
        for text in genomes:
            self.adopt(text)

    @property
    def genomes(self) -> tuple[str, ...]:
        """Oldest first."""
        return tuple(self._holders)

    def adopt(self, text: str) -> None:
        """One more; the oldest goes where there are too many. Raises `DataError` for no genome."""
        made = _Holder(text)
        self._holders.pop(text, None)
        self._holders[text] = made
        while len(self._holders) > GENOMES_MAX:
            del self._holders[next(iter(self._holders))]

    def decide(self, features: FeaturesComputed, regime: RegimeEstimated) -> Opinion:
        """The opinion at a bar's close; raises ValueError as `Strategy` has it."""
        check_inputs(features, regime)
        if not self._holders:
            return ABSTAIN
        row = [
            float(np.float32(regime.probabilities[-1] if name == REGIME else features.values[at]))
            for name, at in zip(NAMES, _PLACES, strict=True)
        ]
        holders = self._holders.values()
        return Opinion(sum(each.follow(row) for each in holders) / len(holders), 1.0)
