"""The equity of several runs as one, while their bars come in parts.

Invariant: each time comes once, with the last equity of every run up to it; before its first bar a
run is worth what it began with, after its last one what it ended with.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import final

import numpy as np

from bot3.domain.bars import Floats, Ints

Parts = Iterator[tuple[Ints, Floats]]


def together(runs: Sequence[Parts], cash: float) -> Iterator[tuple[Ints, Floats]]:
    """Times and the sum of the runs' equity; each began with `cash`."""
    every = [_Buffered(run, cash) for run in runs]
    while True:
        for each in every:
            each.fill()
        # Of the time until which a run is known more may come, but for those that are over.
        known = [int(each.times[-1]) for each in every if not each.is_over]
        until = min(known, default=None)
        parts = [each.before(until) for each in every]
        times = np.unique(np.concatenate([part for part, _ in parts]))
        if len(times):
            yield times, _sum(times, parts, every)
        for each, (part, values) in zip(every, parts, strict=True):
            each.drop(part, values)
        if until is None:
            return


def _sum(times: Ints, parts: Sequence[tuple[Ints, Floats]], every: Sequence[_Buffered]) -> Floats:
    total = np.zeros(len(times))
    for each, (part, values) in zip(every, parts, strict=True):
        at = np.searchsorted(part, times, side="right")
        total += np.append(each.last, values)[at]
    return total


@final
class _Buffered:
    """What has come of a run and was not yet added up; `last`: its equity before that."""

    def __init__(self, parts: Parts, cash: float) -> None:
        self._parts, self.last, self.is_over = parts, cash, False
        self.times, self._equity = np.empty(0, dtype=np.int64), np.empty(0)

    def fill(self) -> None:
        """Until two different times are known, so that something can be taken."""
        while not self.is_over and not (len(self.times) and self.times[0] < self.times[-1]):
            part = next(self._parts, None)
            if part is None:
                self.is_over = True
            else:
                self.times = np.concatenate([self.times, part[0]])
                self._equity = np.concatenate([self._equity, part[1]])

    def before(self, until: int | None) -> tuple[Ints, Floats]:
        """Rows before a time, or all."""
        rows = len(self.times) if until is None else int(np.searchsorted(self.times, until))
        return self.times[:rows], self._equity[:rows]

    def drop(self, times: Ints, equity: Floats) -> None:
        """They were added up."""
        if len(times):
            self.last = float(equity[-1])
            self.times, self._equity = self.times[len(times) :], self._equity[len(times) :]
