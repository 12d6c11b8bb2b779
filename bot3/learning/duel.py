"""A learner in use and, at times, a challenger with other features beside it.

Invariant: the one in use answers; it is replaced only by one that forecast the same labels better,
by more than luck, after both had learned.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import NamedTuple

from attrs import field, frozen, validators

from bot3.learning.grammar import Extension, candidate_of
from bot3.learning.online import LearnerSettings, OnlineLearner, Prediction


@frozen
class DuelSettings:
    """A challenger learns from `learn_labels`, then both are compared over `judge_labels`; it must
    win by `deviations` standard errors of the mean difference of their errors.
    """

    learn_labels: int = field(default=300, validator=validators.ge(1))
    judge_labels: int = field(default=600, validator=validators.ge(10))
    deviations: float = field(default=1.0, validator=validators.ge(0.0))


class Row(NamedTuple):
    """One bar's features, as the learner in use and the challenger saw them; `generation` says
    which learner was in use.
    """

    used: tuple[float, ...]
    challenging: tuple[float, ...] | None
    generation: int


class Verdict(NamedTuple):
    """`names` were judged; errors are mean squared ones of probabilities over the same labels."""

    names: tuple[str, ...]
    is_promoted: bool
    labels: int
    error_used: float
    error_challenger: float


class Duel:
    """Feature vectors in, forecasts of the learner in use out."""

    __slots__ = (
        "_base", "_challenger", "_differences", "_extension", "_generation", "_last", "_rival",
        "_settings", "_sums", "learner", "learner_settings",
    )  # fmt: skip

    def __init__(
        self,
        base: Sequence[str],
        learner_settings: LearnerSettings,
        settings: DuelSettings | None = None,
        extra: Sequence[str] = (),
    ) -> None:
        self._base = tuple(base)
        self.learner_settings = learner_settings
        self._settings = settings or DuelSettings()
        self._extension, self.learner = self._made(extra)
        self._rival: Extension | None = None
        self._challenger: OnlineLearner | None = None
        self._differences: list[float] = []
        self._sums = [0.0, 0.0]
        self._last: tuple[float, ...] = ()
        self._generation = 0

    @property
    def extra(self) -> tuple[str, ...]:
        """The features in use beyond the base."""
        return self._extension.names

    @property
    def is_judging(self) -> bool:
        """A challenger is there."""
        return self._challenger is not None

    def _made(self, extra: Sequence[str]) -> tuple[Extension, OnlineLearner]:
        candidates = [candidate_of(name, self._base) for name in extra]
        extension = Extension(self._base, candidates)
        learner = OnlineLearner((*self._base, *extension.names), self.learner_settings)
        return extension, learner

    def challenge(self, extra: Sequence[str]) -> bool:
        """Begins a duel; False where one goes on, or these features are in use already.

        Raises:
            DataError: a name that the grammar has not.
        """
        if self.is_judging or set(extra) == set(self.extra):
            return False
        self._rival, self._challenger = self._made(extra)
        self._differences, self._sums = [], [0.0, 0.0]
        return True

    def see(self, values: tuple[float, ...]) -> Row:
        """The next bar's features; once a bar, before `predict`."""
        self._last = (*values, *self._extension.update(values))
        rival = self._rival
        challenging = None if rival is None else (*values, *rival.update(values))
        return Row(self._last, challenging, self._generation)

    def predict(self, values: Sequence[float]) -> Prediction:
        """Of the features seen last; raises ValueError where these are others."""
        if tuple(values) != self._last[: len(self._base)]:
            raise ValueError("a forecast is of the features that were seen last")
        return self.learner.predict(self._last)

    def learn(self, ts_ns: int, close: float, row: Row) -> tuple[bool, list[str], Verdict | None]:
        """As the learner's; and what became of the challenger, where that is known now."""
        is_current = row.generation == self._generation
        used = row.used if is_current else row.challenging  # seen before it was promoted
        if used is None:
            return False, [], None
        has_learned, drifts = self.learner.learn(ts_ns, close, used)
        verdict = None
        challenger = self._challenger
        if challenger is not None and row.challenging is not None and is_current:
            challenger.learn(ts_ns, close, row.challenging)
            verdict = self._judge(challenger)
        return has_learned, drifts, verdict

    def _judge(self, challenger: OnlineLearner) -> Verdict | None:
        """Both have the same labels, but for those that the challenger was not there for."""
        settings, labels = self._settings, challenger.score.labels
        pair = (self.learner.last_error, challenger.last_error)
        if labels > settings.learn_labels and None not in pair:
            used, challenging = (float(each or 0.0) for each in pair)
            self._sums[0] += used
            self._sums[1] += challenging
            self._differences.append(used - challenging)
        if len(self._differences) < settings.judge_labels:
            return None
        return self._decide(len(self._differences))

    def _decide(self, labels: int) -> Verdict:
        rival, challenger = self._rival, self._challenger
        assert rival is not None
        assert challenger is not None
        mean = sum(self._differences) / labels
        variance = sum((each - mean) ** 2 for each in self._differences) / labels
        overlap = self.learner_settings.labels.horizon_bars
        error = sqrt(variance * overlap / labels)
        is_promoted = mean > self._settings.deviations * error
        verdict = Verdict(
            rival.names, is_promoted, labels, self._sums[0] / labels, self._sums[1] / labels
        )
        if is_promoted:
            self._extension, self.learner = rival, challenger
            self._generation += 1
        self._rival = self._challenger = None
        return verdict
