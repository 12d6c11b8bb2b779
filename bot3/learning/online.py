"""Learns online which way the price will go, from labels that mature `horizon_bars` later.

Invariant: a forecast is scored and learned from only once its label is known, and only with what
was known when it was made. Predicting and learning are separate, so that orders never wait.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from math import isfinite, log
from typing import NamedTuple

from attrs import field, frozen, validators

from bot3.learning.classifier import ClassifierSettings, OnlineClassifier
from bot3.learning.score import LearnerScore, PrequentialScore
from bot3.learning.snapshot import dump, load


@frozen
class LearnerSettings:
    """What is forecast and when it counts.

    `horizon_bars`: how far ahead the return is.
    `threshold_bps`: returns within it either way have no label (dropped, counted); 0 for the plain
    sign, where only an unchanged price has none. Set to the cost of a round trip, the forecast is
    of the side of moves that pay.
    `ready_labels`: labels learned before a forecast is offered.
    """

    horizon_bars: int = field(default=5, validator=validators.ge(1))
    threshold_bps: float = field(default=0.0, validator=validators.ge(0.0))
    ready_labels: int = field(default=200, validator=validators.ge(0))
    classifier: ClassifierSettings = field(factory=ClassifierSettings)


class Prediction(NamedTuple):
    """`probability_up` of the return over the horizon; not to be used before `is_ready`."""

    probability_up: float
    is_ready: bool


class _Pending(NamedTuple):
    """A forecast waiting for its label, with what was known when it was made."""

    due_bar: int
    close: float
    values: tuple[float, ...]
    probability_up: float
    no_change: bool
    base_rate: float


class OnlineLearner:
    """Forecasts the sign of the log return over the next `horizon_bars` bars.

    Features that are not finite are skipped and counted (`skipped`): no forecast, nothing learned
    from them. A close that is not positive, or a time that does not rise, raises ValueError.
    """

    __slots__ = (
        "_bar", "_classifier", "_names", "_pending", "_score", "_threshold", "_ts_ns",
        "settings", "skipped", "unlabeled",
    )  # fmt: skip

    def __init__(self, names: Sequence[str], settings: LearnerSettings | None = None) -> None:
        self.settings = settings or LearnerSettings()
        self._names = tuple(names)
        self._threshold = self.settings.threshold_bps * 1e-4
        self._classifier = OnlineClassifier(self._names, self.settings.classifier)
        self._score = PrequentialScore()
        self._pending: deque[_Pending] = deque()
        self._bar = 0
        self._ts_ns = -1
        self.skipped = 0
        self.unlabeled = 0

    @property
    def score(self) -> LearnerScore:
        """How good the forecasts were so far, beside those that need no learning."""
        return self._score.view()

    def predict(self, values: Sequence[float]) -> Prediction:
        """The forecast from one feature vector; (0.5, not ready) if it is not finite.

        Raises:
            ValueError: not as many values as names.
        """
        if len(values) == len(self._names) and not isfinite(sum(values)):
            self.skipped += 1
            return Prediction(0.5, is_ready=False)
        is_ready = self._score.labels >= self.settings.ready_labels
        return Prediction(self._classifier.probability(values), is_ready)

    def learn(self, ts_ns: int, close: float, values: Sequence[float]) -> bool:
        """Takes one bar: learns from the forecast that is due, and queues this bar's.

        Call it once a bar, after `predict`. Returns whether something was learned.

        Raises:
            ValueError: the time does not rise, the close is no price, or the number of values.
        """
        if ts_ns <= self._ts_ns:
            raise ValueError(f"bar at {ts_ns} ns after one at {self._ts_ns} ns")
        if not 0.0 < close < 1e300 or len(values) != len(self._names):
            raise ValueError(f"close {close} with {len(values)} of {len(self._names)} features")
        self._ts_ns = ts_ns
        self._bar += 1
        has_learned = False
        while self._pending and self._pending[0].due_bar <= self._bar:
            has_learned |= self._mature(self._pending.popleft(), close)
        if isfinite(sum(values)):
            self._queue(close, tuple(values))
        else:
            self.skipped += 1
        return has_learned

    def _queue(self, close: float, values: tuple[float, ...]) -> None:
        self._pending.append(
            _Pending(
                self._bar + self.settings.horizon_bars,
                close,
                values,
                self._classifier.probability(values),
                self._score.last_label,
                self._score.base_rate,
            )
        )

    def _mature(self, pending: _Pending, close: float) -> bool:
        log_return = log(close / pending.close)
        if abs(log_return) <= self._threshold:
            self.unlabeled += 1
            return False
        label = log_return > 0.0
        self._score.update(
            label=label,
            probability=pending.probability_up,
            no_change=pending.no_change,
            base_rate=pending.base_rate,
        )
        self._classifier.learn(pending.values, label=label)
        return True

    def snapshot(self) -> bytes:
        """Everything learned, to resume bit for bit with `restore`."""
        state = {name: getattr(self, name) for name in self.__slots__ if name != "settings"}
        state["_pending"] = [tuple(pending) for pending in self._pending]
        return dump(repr((self._names, self.settings)), state)

    def restore(self, snapshot: bytes) -> None:
        """Becomes what `snapshot` was taken of.

        Raises:
            DataError: not a snapshot, or one of other features, settings or library version.
        """
        state = load(repr((self._names, self.settings)), snapshot)
        state["_pending"] = deque(_Pending(*pending) for pending in state["_pending"])
        for name, value in state.items():
            setattr(self, name, value)
