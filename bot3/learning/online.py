"""Learns online which way the price will go, from labels that mature later.

Invariant: a forecast is scored and learned from only once its label is known, and only with what
was known when it was made. Predicting and learning are separate, so that orders never wait.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from math import isfinite, log, sqrt
from typing import NamedTuple

from attrs import field, frozen, validators

from bot3.learning.evidence import Evidence
from bot3.learning.labels import LabelKind, LabelSettings, Opening, Outcome, open_label, outcome
from bot3.learning.models import Features
from bot3.learning.scaling import Scaler
from bot3.learning.score import Baseline, LearnerScore, PrequentialScore
from bot3.learning.slope import RealizedSlope, memory_moves
from bot3.learning.snapshot import dump, load
from bot3.learning.zoo import Forecast, Zoo, ZooSettings

GAP_STEPS = 3  # a time between bars that is longer than so many of the usual is a gap
_MEMORY_BARS = 200.0  # of the deviation of a bar's return


@frozen
class LearnerSettings:
    """What is forecast, by what, and when it counts.

    `ready_labels`: labels learned before a forecast is offered. `clip_deviations` bounds a scaled
    feature.
    """

    labels: LabelSettings = field(factory=LabelSettings)
    ready_labels: int = field(default=200, validator=validators.ge(0))
    clip_deviations: float = field(default=3.0, validator=validators.gt(0.0))
    zoo: ZooSettings = field(factory=ZooSettings)


class Prediction(NamedTuple):
    """`probability_up` of the label, `expected_return` (log) until it is decided; not to be used
    before `is_ready`. `is_believed`: by luck alone such forecasts would not have come true.
    """

    probability_up: float
    is_ready: bool
    expected_return: float = 0.0
    is_believed: bool = False


class _Seen(NamedTuple):
    """What was said of one vector, by whatever was known at its bar."""

    values: tuple[float, ...]
    scaled: Features
    forecast: Forecast


class _Pending(NamedTuple):
    """A forecast waiting for its label, with what was known when it was made."""

    opening: Opening
    scaled: Features
    forecast: Forecast
    scale: float
    expected_return: float
    baseline: Baseline


class OnlineLearner:
    """Forecasts the direction of the log return until a label is decided.

    Features that are not finite are skipped and counted (`skipped`): no forecast, nothing learned
    from them. A close that is not positive, or a time that does not rise, raises ValueError.
    """

    __slots__ = (
        "_bar", "_close", "_evidence", "_names", "_pending", "_scaler", "_score", "_seen", "_slope",
        "_step_ns", "_ts_ns", "_variance", "_zoo", "last_error", "settings", "skipped", "unlabeled",
    )  # fmt: skip

    def __init__(self, names: Sequence[str], settings: LearnerSettings | None = None) -> None:
        self.settings = settings or LearnerSettings()
        self._names = tuple(names)
        self._scaler = Scaler(self._names, self.settings.clip_deviations)
        horizon = self.settings.labels.horizon_bars
        self._zoo = Zoo(self.settings.zoo, horizon)
        self._slope = RealizedSlope(horizon)
        self._evidence = Evidence(memory_moves(horizon))
        self._score = PrequentialScore()
        self._pending: deque[_Pending] = deque()
        self._seen: _Seen | None = None
        self._bar = 0
        self._ts_ns = -1
        self._step_ns = 0  # the shortest between two bars
        self._close = 0.0
        self._variance = 0.0  # of a bar's return
        self.last_error: float | None = None  # mean, of the labels decided with the last bar
        self.skipped = 0
        self.unlabeled = 0

    @property
    def score(self) -> LearnerScore:
        """How good the forecasts were so far, beside those that need no learning."""
        return self._score.view()

    @property
    def weights(self) -> dict[str, float]:
        """Of the models in the blend; they sum to one."""
        return self._zoo.weights

    @property
    def last_ts_ns(self) -> int:
        """Of the last bar learned; -1 before any."""
        return self._ts_ns

    @property
    def faults(self) -> int:
        """Forecasts of a model that were no probability."""
        return self._zoo.faults

    def predict(self, values: Sequence[float]) -> Prediction:
        """The forecast from one feature vector; (0.5, not ready) if it is not finite.

        Raises:
            ValueError: not as many values as names.
        """
        if len(values) == len(self._names) and not isfinite(sum(values)):
            self.skipped += 1
            return Prediction(0.5, is_ready=False)
        forecast = self._look(values).forecast
        is_ready = self._score.labels >= self.settings.ready_labels
        expected = self._expected(forecast)
        return Prediction(forecast.probability, is_ready, expected, self._evidence.is_believed)

    def learn(self, ts_ns: int, close: float, values: Sequence[float]) -> tuple[bool, list[str]]:
        """Takes one bar: learns from the forecasts that are decided, and queues this bar's.

        Call it once a bar, after `predict`. Returns whether something was learned, and the drift
        detectors that fired.

        Raises:
            ValueError: the time does not rise, the close is no price, or the number of values.
        """
        if ts_ns <= self._ts_ns:
            raise ValueError(f"bar at {ts_ns} ns after one at {self._ts_ns} ns")
        if not 0.0 < close < 1e300 or len(values) != len(self._names):
            raise ValueError(f"close {close} with {len(values)} of {len(self._names)} features")
        self._note_time(ts_ns)
        self._bar += 1
        if isfinite(sum(values)):
            seen = self._look(values)  # as of before this bar's labels
            self._move_on(close)
            has_learned, drifts = self._mature(close)
            self._queue(close, seen)
        else:
            self.skipped += 1
            self._move_on(close)
            has_learned, drifts = self._mature(close)
        return has_learned, drifts

    def _note_time(self, ts_ns: int) -> None:
        """After a gap nobody knows what became of the forecasts before it: they have no labels."""
        step_ns = ts_ns - self._ts_ns
        if self._bar > 1 and step_ns > GAP_STEPS * self._step_ns:
            self.unlabeled += len(self._pending)
            self._pending.clear()
            self._close = 0.0
        elif self._bar > 0:
            self._step_ns = step_ns if self._bar == 1 else min(step_ns, self._step_ns)
        self._ts_ns = ts_ns

    def _look(self, values: Sequence[float]) -> _Seen:
        """What the models say of a vector; of the last one, what they said."""
        seen, same = self._seen, tuple(values)
        if seen is None or seen.values != same:
            scaled = self._scaler.scaled(same)
            self._seen = seen = _Seen(same, scaled, self._zoo.forecast(scaled))
        return seen

    def _move_on(self, close: float) -> None:
        if self._close > 0.0:
            moved = log(close / self._close)
            self._bet(moved)
            weight = 1.0 / min(self._bar, _MEMORY_BARS)
            self._variance += weight * (moved * moved - self._variance)
        self._close = close

    def _bet(self, moved: float) -> None:
        """Of what is forecast over a horizon, an even part is expected of each of its bars."""
        if self._variance > 0.0:
            bars = self.settings.labels.horizon_bars
            together = sum([pending.forecast.expected_move for pending in self._pending])
            # In deviations of a bar's return; that over the horizon is their root times as wide.
            expected = together / bars / sqrt(bars)
            self._evidence.update(expected, moved / sqrt(self._variance))

    def _scale(self) -> float:
        """The deviation of the return over the horizon."""
        return sqrt(self._variance * self.settings.labels.horizon_bars)

    def _expected(self, forecast: Forecast) -> float:
        """The log return over the horizon, as much of it as has come true before."""
        return forecast.expected_move * self._scale() * self._slope.value

    def _queue(self, close: float, seen: _Seen) -> None:
        deviation = sqrt(self._variance)
        opening = open_label(self.settings.labels, self._bar, close, deviation)
        baseline = self._score.baseline
        self._pending.append(
            _Pending(
                opening,
                seen.scaled,
                seen.forecast,
                self._scale(),
                self._expected(seen.forecast),
                baseline,
            )
        )
        self._scaler.learn(seen.values)
        self._seen = None  # the scale has moved on

    def _decided(self, close: float) -> list[tuple[_Pending, Outcome]]:
        """The forecasts whose labels are known now; the others go on waiting."""
        settings, bar, decided = self.settings.labels, self._bar, []
        waiting = deque[_Pending]()
        while self._pending:
            pending = self._pending.popleft()
            found = outcome(settings, pending.opening, bar, close)
            if found is not None:
                decided.append((pending, found))
                continue
            waiting.append(pending)
            if settings.kind is LabelKind.HORIZON:
                break  # those behind it are due later
        self._pending.extendleft(reversed(waiting))
        return decided

    def _mature(self, close: float) -> tuple[bool, list[str]]:
        drifts, errors = list[str](), list[float]()
        for pending, found in self._decided(close):
            if found.is_up is None:
                self.unlabeled += 1
                self._take_move(pending, found.log_return)
            else:
                errors.append((pending.forecast.probability - found.is_up) ** 2)
                drifts += self._take(pending, found.log_return, label=found.is_up)
        self.last_error = sum(errors) / len(errors) if errors else None
        return bool(errors), drifts

    def _take(self, pending: _Pending, log_return: float, *, label: bool) -> list[str]:
        forecast = pending.forecast
        self._score.update(label=label, probability=forecast.probability, baseline=pending.baseline)
        self._realize(pending, log_return)
        move = _in_deviations(log_return, pending.scale)
        return self._zoo.learn(pending.scaled, forecast, label=label, move=move)

    def _take_move(self, pending: _Pending, log_return: float) -> None:
        """Of no direction that pays, but of a size."""
        self._realize(pending, log_return)
        self._zoo.learn_move(pending.scaled, _in_deviations(log_return, pending.scale))

    def _realize(self, pending: _Pending, log_return: float) -> None:
        self._score.update_return(log_return, pending.expected_return)
        self._slope.update(pending.forecast.expected_move * pending.scale, log_return)

    def snapshot(self) -> bytes:
        """Everything learned, to resume bit for bit with `restore`."""
        state = {name: getattr(self, name) for name in self.__slots__ if name != "settings"}
        told = {**self.score._asdict(), "features": self._names}
        return dump(self._described(), state, told)

    def restore(self, snapshot: bytes) -> None:
        """Becomes what `snapshot` was taken of.

        Raises:
            DataError: not a snapshot, or one of other features, settings or library version.
        """
        for name, value in load(self._described(), snapshot).items():
            setattr(self, name, value)

    def _described(self) -> str:
        return repr((self._names, self.settings))


def _in_deviations(log_return: float, scale: float) -> float:
    return log_return / scale if scale > 0.0 else 0.0
