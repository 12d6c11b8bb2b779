"""Prequential scores of a binary forecaster, always beside forecasts that need no learning.

Invariant: every forecast is scored before it is learned from. Baselines: *no change* says the last
label that was known when the forecast was made; the *base rate* says their running share.
"""

from __future__ import annotations

from importlib import import_module
from typing import NamedTuple


class LearnerScore(NamedTuple):
    """Shares of right calls, and mean log-losses in nats (0.693 for a coin); 0.0 before labels."""

    labels: int
    accuracy: float
    no_change_accuracy: float
    log_loss: float
    base_rate_log_loss: float


class PrequentialScore:
    """Accumulates the scores; the arithmetic is River's."""

    __slots__ = (
        "_accuracy", "_base_log_loss", "_log_loss", "_no_change_accuracy", "labels", "last_label",
        "true_labels",
    )  # fmt: skip

    def __init__(self) -> None:
        # Late: River takes seconds to import, and only learners need it.
        metrics, stats = import_module("river.metrics"), import_module("river.stats")
        self._accuracy, self._no_change_accuracy = stats.Mean(), stats.Mean()
        self._log_loss, self._base_log_loss = metrics.LogLoss(), metrics.LogLoss()
        self.labels = 0
        self.true_labels = 0
        self.last_label = False

    @property
    def base_rate(self) -> float:
        """The share of True so far, started at one of two (Laplace)."""
        return (self.true_labels + 1) / (self.labels + 2)

    def update(self, *, label: bool, probability: float, no_change: bool, base_rate: float) -> None:
        """Scores a forecast, and what the baselines said when it was made."""
        self._accuracy.update((probability > 0.5) == label)
        self._no_change_accuracy.update(no_change == label)
        self._log_loss.update(label, probability)
        self._base_log_loss.update(label, base_rate)
        self.labels += 1
        self.true_labels += label
        self.last_label = label

    def view(self) -> LearnerScore:
        """The scores now."""
        return LearnerScore(
            self.labels,
            float(self._accuracy.get()),
            float(self._no_change_accuracy.get()),
            float(self._log_loss.get()),
            float(self._base_log_loss.get()),
        )
