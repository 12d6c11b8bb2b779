"""Bayesian online change points: where the level or the spread of a series changed.

Invariant: after each value the kept run lengths' probabilities sum to one, and `change_points` is
the most probable segmentation of everything so far, given the kept hypotheses.

Adams and MacKay 2007 for the run length; Fearnhead and Liu 2007 for the segmentation; within a
segment values are Gaussian with a normal-gamma prior (Murphy 2007), so they are predicted by a
Student-t.
"""

from __future__ import annotations

from functools import cache
from math import isfinite, lgamma, log, pi

import numpy as np
from attrs import field, frozen, validators
from numpy.typing import NDArray

Array = NDArray[np.float64]
_POSITIVE = validators.gt(0.0)
# A hypothesis this much less probable than the best (natural log) is given up.
_NEGLIGIBLE = 30.0
# From this run on a Student-t is taken for the normal that it nearly is (within 1e-4).
_STEADY_RUN = 4_096
_SLACK = 32  # hypotheses above the most, before the least probable are given up


@frozen
class ChangePointSettings:
    """Of a series in units of its own deviation around its own mean.

    `expected_run`: values between two changes (the hazard is its inverse).
    `strength`, `shape`, `rate`: the normal-gamma prior of a segment: its mean is worth `strength`
    values, its precision is gamma-distributed with `shape` and `rate`.
    `hypotheses_max`: run lengths kept; the least probable are given up beyond.
    """

    expected_run: float = field(default=100.0, validator=validators.gt(1.0))
    strength: float = field(default=1.0, validator=_POSITIVE)
    shape: float = field(default=1.0, validator=_POSITIVE)
    rate: float = field(default=1.0, validator=_POSITIVE)
    hypotheses_max: int = field(default=1_000, validator=validators.ge(10))


class _Change:
    """A change at `row`, after those of the segmentation before it."""

    __slots__ = ("before", "row")

    def __init__(self, row: int, before: _Change | None) -> None:
        self.row, self.before = row, before


class ChangePointDetector:
    """Run lengths and the segmentation, value by value."""

    __slots__ = (
        "_count", "_cuts", "_last", "_leave", "_mean", "_rate", "_runs", "_scores", "_settings",
        "_stay", "_steady", "_weights", "rows",
    )  # fmt: skip

    def __init__(self, settings: ChangePointSettings | None = None) -> None:
        self._settings = settings = settings or ChangePointSettings()
        self.rows = 0
        # Of each hypothesis: values in its run, the segment's statistics, log weights (posterior,
        # and of the best segmentation that ends in it), and that segmentation's changes. `_count`
        # of them are kept; beyond, runs and statistics are those of a segment that begins.
        room = settings.hypotheses_max + _SLACK + 2
        self._runs, self._mean = np.zeros(room), np.zeros(room)
        self._rate = np.full(room, settings.rate)
        self._weights, self._scores = np.zeros(room), np.zeros(room)
        self._cuts: list[_Change | None] = []
        self._count = 0
        self._last: _Change | None = None  # of the best segmentation, whose score is 0
        hazard = 1.0 / settings.expected_run
        self._stay, self._leave = log(1.0 - hazard), log(hazard)
        self._steady = _steady(settings.shape)

    @property
    def change_points(self) -> list[int]:
        """The first row of every segment but the first, rising."""
        rows: list[int] = []
        cut = self._last
        while cut is not None:
            rows.append(cut.row)
            cut = cut.before
        return rows[::-1]

    @property
    def last_change(self) -> int:
        """Where the segment that holds now began; 0 for the start."""
        return 0 if self._last is None else self._last.row

    def probability_since(self, rows: int) -> float:
        """P(the last change is no more than `rows` values ago)."""
        recent = self._weights[: self._count][self._runs[: self._count] <= rows]
        return float(np.exp(recent).sum())

    def update(self, value: float) -> None:
        """Takes the next value; raises ValueError, changing nothing, where it is not finite."""
        if not isfinite(value):
            raise ValueError(f"the change points of row {self.rows} got {value}")
        self._branch(self._absorb(value))
        self.rows += 1
        # Not each time that there is one too many: pruning costs as much as a value does.
        if self._count > self._settings.hypotheses_max + _SLACK or self.rows % 64 == 0:
            self._prune()

    def _absorb(self, value: float) -> Array:
        """Takes the value into each segment, and into one that begins with it, which is the last.

        Returns the log density that the value had there before.
        """
        settings, end = self._settings, self._count + 1
        runs, mean, rate = self._runs[:end], self._mean[:end], self._rate[:end]
        strength, shape, apart = settings.strength + runs, settings.shape + runs / 2.0, value - mean
        stronger = strength + 1.0
        spread = rate * stronger / (shape * strength)
        steady = self._steady.take(runs.astype(np.intp), mode="clip")
        # Of a Student-t of 2 · shape degrees.
        tails = (shape + 0.5) * np.log1p(apart**2 / spread / (2.0 * shape))
        rate += 0.5 * strength / stronger * apart * apart
        mean += apart / stronger
        runs += 1.0
        result: Array = steady - 0.5 * np.log(spread) - tails
        return result

    def _branch(self, density: Array) -> None:
        """Every run goes on, or a new one begins with this value."""
        before, self._count = self._count, self._count + 1
        weights, scores = self._weights[: self._count], self._scores[: self._count]
        # The weights before sum to one, and the best score was 0: a new one comes out of all.
        weights[before] = scores[before] = self._leave
        weights[:before] += self._stay
        scores[:before] += self._stay
        weights += density
        scores += density
        weights -= _log_sum(weights)
        best = int(scores.argmax())
        scores -= scores[best]
        self._cuts.append(_Change(self.rows, self._last) if before else None)
        self._last = self._cuts[best]

    def _prune(self) -> None:
        weights, scores = self._weights[: self._count], self._scores[: self._count]
        keep = (weights > weights.max() - _NEGLIGIBLE) | (scores > -_NEGLIGIBLE)
        most = self._settings.hypotheses_max
        if int(keep.sum()) > most:
            worth = np.maximum(weights - weights.max(), scores)
            keep = np.zeros(len(worth), dtype=bool)
            keep[np.argsort(worth)[-most:]] = True
        at = np.flatnonzero(keep)
        kept = len(at)
        for values in (self._runs, self._mean, self._rate, self._weights, self._scores):
            values[:kept] = values[at]
        self._runs[kept:], self._mean[kept:] = 0.0, 0.0
        self._rate[kept:] = self._settings.rate
        self._weights[:kept] -= _log_sum(self._weights[:kept])
        self._cuts = [self._cuts[i] for i in at.tolist()]
        self._count = kept


def _log_sum(weights: Array) -> float:
    """Log of the sum of what these are logs of."""
    most = weights.max()
    return float(most + np.log(np.exp(weights - most).sum()))


@cache
def _steady(shape: float) -> Array:
    """Log of what is constant in a Student-t of 2 · shape + run degrees, by run; not to be changed:
    all detectors read the same.
    """
    degrees = [2.0 * shape + run for run in range(_STEADY_RUN + 1)]
    logs = [lgamma((d + 1.0) / 2.0) - lgamma(d / 2.0) - 0.5 * log(d * pi) for d in degrees]
    table = np.array(logs)
    table.setflags(write=False)
    return table
