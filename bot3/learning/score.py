"""Prequential scores of a binary forecaster, always beside forecasts that need no learning.

Invariant: every forecast is scored before it is learned from. Baselines: *no change* says the last
label that was known when the forecast was made, as surely as saying so has been right, and that the
price stays; the *base rate* says the running share of True.
"""

from __future__ import annotations

from math import log
from typing import NamedTuple

_BINS = 10
_CERTAIN = 1e-15  # a probability counts as no nearer to 0 or 1: one mistake costs 35 nats at most


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
    """Accumulates the scores."""

    __slots__ = (
        "_accuracy", "_apart", "_base_log_loss", "_log_loss", "_moves",
        "_no_change_accuracy", "_no_change_log_loss", "_no_change_right", "_residual", "_returns",
        "_squares", "labels", "last_label", "true_labels",
    )  # fmt: skip

    def __init__(self) -> None:
        self._accuracy = self._no_change_accuracy = 0.0
        self._log_loss = self._base_log_loss = self._no_change_log_loss = 0.0
        self._no_change_right = 0
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
        is_right, is_kept = (probability > 0.5) == label, baseline.no_change == label
        losses = [
            _log_loss(said, label=label)
            for said in (probability, baseline.base_rate, baseline.no_change_probability)
        ]
        self.labels += 1
        share = 1.0 / self.labels
        self._accuracy += share * (is_right - self._accuracy)
        self._no_change_accuracy += share * (is_kept - self._no_change_accuracy)
        self._log_loss += share * (losses[0] - self._log_loss)
        self._base_log_loss += share * (losses[1] - self._base_log_loss)
        self._no_change_log_loss += share * (losses[2] - self._no_change_log_loss)
        self._no_change_right += is_kept
        self._apart[min(int(probability * _BINS), _BINS - 1)] += label - probability
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
            self._accuracy,
            self._no_change_accuracy,
            self._log_loss,
            self._base_log_loss,
            sum(map(abs, self._apart)) / labels,
            1.0 - self._residual / spread if spread > 0.0 else 0.0,
            self._no_change_log_loss,
            1.0 - self._squares / spread if spread > 0.0 else 0.0,
        )


def _log_loss(probability: float, *, label: bool) -> float:
    known = min(max(probability, _CERTAIN), 1.0 - _CERTAIN)
    return -log(known if label else 1.0 - known)
