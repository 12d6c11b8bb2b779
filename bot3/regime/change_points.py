"""Bayesian online change points: where the level or the spread of a series changed.

Invariant: after each value the kept run lengths' probabilities sum to one, and `change_points` is
the most probable segmentation of everything so far, given the kept hypotheses.

Adams and MacKay 2007 for the run length; Fearnhead and Liu 2007 for the segmentation; within a
segment values are Gaussian with a normal-gamma prior (Murphy 2007), so they are predicted by a
Student-t.
"""

from __future__ import annotations

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
        "_cuts", "_mean", "_rate", "_runs", "_scores", "_settings", "_steady", "_weights", "rows",
    )  # fmt: skip

    def __init__(self, settings: ChangePointSettings | None = None) -> None:
        self._settings = settings or ChangePointSettings()
        self.rows = 0
        # Of each hypothesis: values in its run, the segment's statistics, log weights (posterior,
        # and of the best segmentation that ends in it), and that segmentation's changes.
        self._runs = np.zeros(1)
        self._mean = np.zeros(1)
        self._rate = np.array([self._settings.rate])
        self._weights = np.zeros(1)
        self._scores = np.zeros(1)
        self._cuts: list[_Change | None] = [None]
        self._steady = _steady(self._settings)

    @property
    def change_points(self) -> list[int]:
        """The first row of every segment but the first, rising."""
        rows: list[int] = []
        cut = self._cuts[int(np.argmax(self._scores))]
        while cut is not None:
            rows.append(cut.row)
            cut = cut.before
        return rows[::-1]

    @property
    def last_change(self) -> int:
        """Where the segment that holds now began; 0 for the start."""
        cut = self._cuts[int(np.argmax(self._scores))]
        return 0 if cut is None else cut.row

    def probability_since(self, rows: int) -> float:
        """P(the last change is no more than `rows` values ago)."""
        recent = self._weights[self._runs <= rows]
        return float(np.exp(recent).sum())

    def update(self, value: float) -> None:
        """Takes the next value; raises ValueError, changing nothing, where it is not finite."""
        if not isfinite(value):
            raise ValueError(f"the change points of row {self.rows} got {value}")
        density = self._densities(value)
        self._branch(density)
        self._absorb(value)
        self.rows += 1
        # Not each time that there is one too many: pruning costs as much as a value does.
        if len(self._runs) > self._settings.hypotheses_max + _SLACK or self.rows % 64 == 0:
            self._prune()

    def _densities(self, value: float) -> Array:
        """Log density of `value` under each hypothesis and, last, at the start of a segment."""
        settings = self._settings
        runs = _joined(self._runs, 0.0)
        mean, rate = _joined(self._mean, 0.0), _joined(self._rate, settings.rate)
        strength, shape = settings.strength + runs, settings.shape + runs / 2.0
        freedom, spread = 2.0 * shape, rate * (strength + 1.0) / (shape * strength)
        squares = (value - mean) ** 2 / spread
        steady = self._steady[np.minimum(runs, _STEADY_RUN).astype(np.intp)] - 0.5 * np.log(spread)
        result: Array = steady - 0.5 * (freedom + 1.0) * np.log1p(squares / freedom)
        return result

    def _branch(self, density: Array) -> None:
        """Every run goes on, or a new one begins with this value."""
        hazard = 1.0 / self._settings.expected_run
        stay, leave = (0.0, None) if self.rows == 0 else (log(1.0 - hazard), log(hazard))
        weights, scores = self._weights + stay + density[:-1], self._scores + stay + density[:-1]
        if leave is not None:
            best = int(np.argmax(self._scores))
            weights = _joined(weights, leave + density[-1])  # the weights before sum to one
            scores = _joined(scores, self._scores[best] + leave + density[-1])
            self._cuts.append(_Change(self.rows, self._cuts[best]))
            self._runs = _joined(self._runs, 0.0)
            self._mean = _joined(self._mean, 0.0)
            self._rate = _joined(self._rate, self._settings.rate)
        self._weights = weights - np.logaddexp.reduce(weights)
        self._scores = scores - np.maximum.reduce(scores)

    def _absorb(self, value: float) -> None:
        strength = self._settings.strength + self._runs
        apart = value - self._mean
        self._rate = self._rate + 0.5 * strength / (strength + 1.0) * apart * apart
        self._mean = self._mean + apart / (strength + 1.0)
        self._runs = self._runs + 1.0

    def _prune(self) -> None:
        keep = (self._weights > self._weights.max() - _NEGLIGIBLE) | (self._scores > -_NEGLIGIBLE)
        most = self._settings.hypotheses_max
        if int(keep.sum()) > most:
            worth = np.maximum(self._weights - self._weights.max(), self._scores)
            keep = np.zeros(len(worth), dtype=bool)
            keep[np.argsort(worth)[-most:]] = True
        at = np.flatnonzero(keep)
        self._runs, self._mean, self._rate = self._runs[at], self._mean[at], self._rate[at]
        self._weights = self._weights[at] - np.logaddexp.reduce(self._weights[at])
        self._scores = self._scores[at]
        self._cuts = [self._cuts[i] for i in at.tolist()]


def _joined(values: Array, last: float) -> Array:
    """What `np.append` makes of them, in a fifth of its time: it is called for every value."""
    result = np.empty(len(values) + 1)
    result[:-1] = values
    result[-1] = last
    return result


def _steady(settings: ChangePointSettings) -> Array:
    """Log of what is constant in a Student-t of 2 · shape + run degrees, by run."""
    degrees = [2.0 * settings.shape + run for run in range(_STEADY_RUN + 1)]
    logs = [lgamma((d + 1.0) / 2.0) - lgamma(d / 2.0) - 0.5 * log(d * pi) for d in degrees]
    return np.array(logs)
