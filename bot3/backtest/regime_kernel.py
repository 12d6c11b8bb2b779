"""The regime filter of the live system over whole columns, compiled.

Invariant: the probabilities are those of `bot3.regime.learning.LearningFilter` to 1e-9, however the
returns are cut into parts; a test compares. The order of the steps, the floors and the contest of
the first two guesses are the same: see there for their sources.
"""

from __future__ import annotations

from typing import Final, NamedTuple, final

import numpy as np

from bot3.backtest.kernels import compiled
from bot3.domain.bars import Floats, Ints
from bot3.regime.hamilton import (
    GAIN_POWER,
    HamiltonParameters,
    HamiltonSettings,
    log_shape,
    prior_statistics,
    stationary,
)
from bot3.regime.learning import REFUTED_BY, first_guesses

_BOTH: Final = 2


class _State(NamedTuple):
    """Of both candidates, the first axis; `alive`: which of them are left."""

    transitions: Floats
    means: Floats
    scales: Floats
    probabilities: Floats
    statistics: Floats
    likelihoods: Floats
    bars: Ints
    alive: Ints


class _Rules(NamedTuple):
    """`HamiltonSettings`, for compiled code."""

    freedom: float
    log_shape: float
    memory_bars: float
    prior_bars: float
    volatility_min: float
    learns_means: bool


@final
class ColumnarRegimes:
    """A filter that goes on where it was with each part."""

    def __init__(self, settings: HamiltonSettings) -> None:
        self._settings = settings
        self._rules = _Rules(
            settings.degrees_of_freedom,
            log_shape(settings.degrees_of_freedom),
            float(settings.memory_bars),
            float(settings.prior_bars),
            settings.volatility_min,
            settings.learns_means,
        )
        self._start = np.empty(0)
        self._state: _State | None = None

    def take(self, returns: Floats) -> Floats:
        """Probabilities after each of the next log returns, by rising volatility: shape (rows,
        states). Raises `ValueError` for a return that is not a finite number.
        """
        if not np.isfinite(returns).all():
            raise ValueError("the regime filter got a return that is not a finite number")
        states = self._settings.states
        out = np.full((len(returns), states), 1.0 / states)
        rows = returns
        if self._state is None:
            missing = self._settings.start_bars - len(self._start)
            self._start, rows = np.append(self._start, returns[:missing]), returns[missing:]
            if len(self._start) < self._settings.start_bars:
                return out
            self._state = _begun(first_guesses(self._start.tolist(), self._settings))
            begun = np.empty((len(self._start), states))
            _filter(self._start, self._state, self._rules, begun, len(begun) + 1)
            out[missing - 1] = begun[-1]
        _filter(
            rows,
            self._state,
            self._rules,
            out[len(returns) - len(rows) :],
            self._settings.trial_bars,
        )
        return out


def _begun(guesses: tuple[HamiltonParameters, HamiltonParameters]) -> _State:
    transitions = np.array([guess.transitions for guess in guesses])
    scales = np.array([guess.volatilities for guess in guesses])
    return _State(
        transitions,
        np.array([guess.means for guess in guesses]),
        scales,
        np.array([stationary(each) for each in transitions]),
        np.array([prior_statistics(*pair) for pair in zip(transitions, scales, strict=True)]),
        np.zeros(_BOTH),
        np.zeros(_BOTH, dtype=np.int64),
        np.ones(_BOTH, dtype=np.int64),
    )


@compiled
def _step(log_return: float, at: int, state: _State, rules: _Rules) -> tuple[Floats, Floats]:
    """Predicts, and weighs by the emissions: squared deviations, and what was predicted."""
    squares = ((log_return - state.means[at]) / state.scales[at]) ** 2
    log_density = rules.log_shape - np.log(state.scales[at])
    if rules.freedom > 0.0:
        log_density -= (rules.freedom + 1.0) / 2.0 * np.log1p(squares / rules.freedom)
    else:
        log_density -= 0.5 * squares
    predicted = _times(state.probabilities[at], state.transitions[at])
    # Of the states that can be: where all others are too unlikely to count, one must remain.
    top = np.max(log_density[predicted > 0.0])
    weighed = predicted * np.exp(np.minimum(log_density - top, 0.0))
    likelihood = np.sum(weighed)
    state.probabilities[at] = weighed / likelihood
    state.likelihoods[at] += top + np.log(likelihood)
    state.bars[at] += 1
    return squares, predicted


@compiled
def _learn(
    log_return: float,
    at: int,
    state: _State,
    rules: _Rules,
    squares: Floats,
    before: Floats,
    predicted: Floats,
) -> None:
    """One step of online EM, as `HamiltonFilter` makes it."""
    states = len(squares)
    gain = max(1.0 / rules.memory_bars, (state.bars[at] + rules.prior_bars) ** -GAIN_POWER)
    came_from = np.empty((states, states))
    for i in range(states):
        for j in range(states):
            floor = max(predicted[j], 1e-300)
            came_from[i, j] = before[i] * state.transitions[at, i, j] / floor
    statistics = state.statistics[at]
    sums = np.zeros((states + 4, states))
    for a in range(states + 4):
        for j in range(states):
            moved = _times(statistics[a, j], came_from) * (1.0 - gain)
            weight = 1.0
            if rules.freedom > 0.0:  # the hidden weight of an observation: outliers count less
                weight = (rules.freedom + 1.0) / (rules.freedom + squares[j])
            if a < states:
                fresh = came_from[a, j]
            elif a == states:
                fresh = 1.0
            else:
                fresh = weight * log_return ** (a - states - 1)
            moved[j] += gain * fresh
            statistics[a, j] = moved
            sums[a, j] = np.sum(moved * state.probabilities[at])
    _maximize(sums, at, state, rules)


@compiled
def _maximize(sums: Floats, at: int, state: _State, rules: _Rules) -> None:
    """New parameters from the expected statistics; states reordered if they crossed."""
    states = sums.shape[1]
    for i in range(states):
        moves = sums[i] + 1e-9
        state.transitions[at, i] = moves / np.sum(moves)
    count, weight = sums[states] + 1e-300, sums[states + 1] + 1e-300
    first, second = sums[states + 2] + 1e-300, sums[states + 3] + 1e-300
    if rules.learns_means:
        state.means[at] = first / weight
    means = state.means[at]
    variance = (second - 2.0 * means * first + means**2 * weight) / count
    scales = np.maximum(np.sqrt(np.maximum(variance, 0.0)), rules.volatility_min)
    state.scales[at] = scales
    for i in range(states - 1):
        if scales[i] > scales[i + 1]:
            _reorder(_rising(scales), at, state)
            return


@compiled
def _times(row: Floats, matrix: Floats) -> Floats:
    """Their product; so few states are multiplied sooner than a library is called."""
    out = np.zeros(matrix.shape[1])
    for i in range(len(row)):
        for j in range(len(out)):
            out[j] += row[i] * matrix[i, j]
    return out


@compiled
def _rising(scales: Floats) -> Ints:
    """Places by rising scale; equal ones stay as they were."""
    order = np.arange(len(scales))
    for i in range(1, len(scales)):
        at = i
        while at > 0 and scales[order[at - 1]] > scales[order[at]]:
            order[at - 1], order[at] = order[at], order[at - 1]
            at -= 1
    return order


@compiled
def _reorder(order: Ints, at: int, state: _State) -> None:
    states = len(order)
    state.means[at], state.scales[at] = state.means[at][order], state.scales[at][order]
    state.probabilities[at] = state.probabilities[at][order]
    transitions, statistics = state.transitions[at].copy(), state.statistics[at].copy()
    for i in range(states):
        for j in range(states):
            state.transitions[at, i, j] = transitions[order[i], order[j]]
    for a in range(states + 4):
        row = order[a] if a < states else a
        for i in range(states):
            for j in range(states):
                state.statistics[at, a, i, j] = statistics[row, order[i], order[j]]


@compiled
def _best(state: _State) -> int:
    """The first answers, until the evidence refutes it."""
    first = 0 if state.alive[0] else 1
    last = 1 if state.alive[1] else 0
    return last if state.likelihoods[last] > state.likelihoods[first] + REFUTED_BY else first


@compiled
def _filter(returns: Floats, state: _State, rules: _Rules, out: Floats, trial_bars: int) -> None:
    """Both candidates, until the better one is kept after `trial_bars`."""
    states = out.shape[1]
    before, squares = np.empty((_BOTH, states)), np.empty((_BOTH, states))
    predicted = np.empty((_BOTH, states))
    for row in range(len(returns)):
        for at in range(_BOTH):
            if state.alive[at]:
                before[at] = state.probabilities[at]
                squares[at], predicted[at] = _step(returns[row], at, state, rules)
        best = _best(state)
        out[row] = state.probabilities[best]
        for at in range(_BOTH):
            if state.alive[at]:
                _learn(returns[row], at, state, rules, squares[at], before[at], predicted[at])
        if state.bars[best] >= trial_bars:
            state.alive[1 - best] = 0
