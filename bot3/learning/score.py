"""Prequential scores of a binary forecaster, always beside forecasts that need no learning.

Invariant: every forecast is scored before it is learned from. Baselines: *no change* says the last
label that was known when the forecast was made, as surely as saying so has been right, and that the
price stays; the *base rate* says the running share of True.
"""

from __future__ import annotations

from importlib import import_module
from typing import NamedTuple

_BINS = 10


class LearnerScore(NamedTuple):
    """Shares of right calls, and mean log-losses in nats (0.693 for a coin); 0.0 before labels.

    `calibration_error`: the mean distance of what was said from what came, in ten bins of what was
    said (Guo et al. 2017). `r_squared` of the expected returns, beside always saying their mean;
    `no_change_r_squared` of expecting none.
    """

    labels: int
    accuracy: float
    no_change_accuracy: float
    log_loss: float
    base_rate_log_loss: float
    calibration_error: float = 0.0
    r_squared: float = 0.0
    no_change_log_loss: float = 0.0
    no_change_r_squared: float = 0.0


class Baseline(NamedTuple):
    """What needs no learning: the last label known, P(True) by it, and the share of True."""

    no_change: bool
    no_change_probability: float
    base_rate: float


class PrequentialScore:
    """Accumulates the scores; the arithmetic is River's."""

    __slots__ = (
        "_accuracy", "_apart", "_base_log_loss", "_log_loss", "_moves",
        "_no_change_accuracy", "_no_change_log_loss", "_no_change_right", "_residual", "_returns",
        "_squares",
        "labels", "last_label", "true_labels",
    )  # fmt: skip

    def __init__(self) -> None:
        # Late: River takes seconds to import, and only learners need it.
        metrics, stats = import_module("river.metrics"), import_module("river.stats")
        self._accuracy, self._no_change_accuracy = stats.Mean(), stats.Mean()
        self._log_loss, self._base_log_loss = metrics.LogLoss(), metrics.LogLoss()
        self._no_change_log_loss, self._no_change_right = metrics.LogLoss(), 0
        self._apart = [0.0] * _BINS
        self._returns = self._squares = self._residual = 0.0
        self._moves = 0
        self.labels = 0
        self.true_labels = 0
        self.last_label = False

    @property
    def baseline(self) -> Baseline:
        """Now; shares are started at one of two (Laplace)."""
        right = (self._no_change_right + 1) / (self.labels + 2)
        probability = right if self.last_label else 1.0 - right
        return Baseline(self.last_label, probability, (self.true_labels + 1) / (self.labels + 2))

    def update(self, *, label: bool, probability: float, baseline: Baseline) -> None:
        """Scores a forecast, and what the baselines said when it was made."""
        self._accuracy.update((probability > 0.5) == label)
        self._no_change_accuracy.update(baseline.no_change == label)
        self._log_loss.update(label, probability)
        self._base_log_loss.update(label, baseline.base_rate)
        self._no_change_log_loss.update(label, baseline.no_change_probability)
        self._no_change_right += baseline.no_change == label
        self._apart[min(int(probability * _BINS), _BINS - 1)] += label - probability
        self.labels += 1
        self.true_labels += label
        self.last_label = label

    def update_return(self, log_return: float, expected: float) -> None:
        """Scores an expected return, also of a move that has no label."""
        self._moves += 1
        self._returns += log_return
        self._squares += log_return * log_return
        self._residual += (log_return - expected) ** 2

    def view(self) -> LearnerScore:
        """The scores now."""
        labels = max(self.labels, 1)
        spread = self._squares - self._returns**2 / max(self._moves, 1)
        return LearnerScore(
            self.labels,
            float(self._accuracy.get()),
            float(self._no_change_accuracy.get()),
            float(self._log_loss.get()),
            float(self._base_log_loss.get()),
            sum(abs(apart) for apart in self._apart) / labels,
            1.0 - self._residual / spread if spread > 0.0 else 0.0,
            float(self._no_change_log_loss.get()),
            1.0 - self._squares / spread if spread > 0.0 else 0.0,
        )
