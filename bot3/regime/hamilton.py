"""An online Hamilton filter: which volatility state the market is in, learned as it goes.

Invariant: probabilities are non-negative and sum to one, states are ordered by rising volatility,
and with fixed parameters the filter is exact. Hamilton 1989 for the filter; Cappé 2011, "Online EM
Algorithm for Hidden Markov Models", for the learning; Peel and McLachlan 2000 for Student-t.
"""

from __future__ import annotations

from math import isfinite, lgamma, log, pi
from typing import NamedTuple

import numpy as np
from attrs import field, frozen, validators
from numpy.typing import NDArray

Array = NDArray[np.float64]
# Online EM converges with gains n^-power for a power in (0.5, 1]; near 0.8 it is also quick here.
GAIN_POWER = 0.8


@frozen
class HamiltonParameters:
    """A Markov chain over K states and their emissions.

    `transitions[i][j]` is P(j next | i now), rows sum to one; `means` and `volatilities` are those
    of the log return a bar (of Student-t: location and scale), in rising order of volatility.
    """

    transitions: tuple[tuple[float, ...], ...]
    means: tuple[float, ...]
    volatilities: tuple[float, ...]

    def __attrs_post_init__(self) -> None:
        states = len(self.volatilities)
        rows_ok = all(
            len(row) == states and min(row) >= 0.0 and abs(sum(row) - 1.0) < 1e-9
            for row in self.transitions
        )
        if not (rows_ok and len(self.transitions) == len(self.means) == states >= 1):
            raise ValueError(f"not {states} rows of {states} probabilities: {self.transitions}")
        if list(self.volatilities) != sorted(self.volatilities) or self.volatilities[0] <= 0.0:
            raise ValueError(f"volatilities must be positive and rising: {self.volatilities}")


@frozen
class HamiltonSettings:
    """How the filter learns.

    `degrees_of_freedom`: of Student-t emissions; 0 for Gaussian ones.
    `memory_bars`: how many bars the statistics remember (their forgetting factor is its inverse).
    `start_bars`: returns from whose median the first guess of the lowest volatility is made;
    `volatility_spread`: first guess of the highest state's volatility over the lowest's;
    `stay_probability`: first guess of staying in a state;
    `prior_bars`: roughly how many bars of evidence these guesses are worth;
    `trial_bars`: how long the guesses compete before the likeliest is kept.
    `learns_means`: False holds the means at zero, the honest guess for returns of minutes.
    `volatility_min`: floor of a state's volatility a bar.
    """

    states: int = field(default=2, validator=[validators.ge(2), validators.le(5)])
    degrees_of_freedom: float = field(default=0.0, validator=validators.ge(0.0))
    memory_bars: int = field(default=5_000, validator=validators.ge(10))
    start_bars: int = field(default=60, validator=validators.ge(10))
    volatility_spread: float = field(default=3.0, validator=validators.gt(1.0))
    prior_bars: int = field(default=400, validator=validators.ge(1))
    trial_bars: int = field(default=2_000, validator=validators.ge(1))
    stay_probability: float = field(
        default=0.99, validator=[validators.gt(0.0), validators.lt(1.0)]
    )
    learns_means: bool = False
    volatility_min: float = field(default=1e-6, validator=validators.gt(0.0))


class _Bar(NamedTuple):
    """A bar to learn from: its return in squared deviations, the probabilities before it."""

    log_return: float
    squares: Array
    before: Array
    predicted: Array


class HamiltonFilter:
    """Filtered state probabilities of a stream of log returns, from `parameters` on.

    Unless it `learns`, the filter is exact and its parameters stay; else they follow the data by
    online EM, from the given ones as a prior worth `prior_bars`. A bar is learned from by `learn`,
    at leisure, or else when the next one comes: the results are the same.
    """

    __slots__ = (
        "_diagonal", "_learns", "_log_scale", "_means", "_ones", "_probabilities", "_scales",
        "_settings", "_statistics", "_transitions", "_unlearned", "bars", "log_likelihood",
    )  # fmt: skip

    def __init__(
        self, settings: HamiltonSettings, parameters: HamiltonParameters, *, learns: bool = False
    ) -> None:
        if len(parameters.means) != settings.states:
            raise ValueError(f"{len(parameters.means)} states given, {settings.states} set")
        self._settings, self._learns = settings, learns
        self.bars = 0
        self._diagonal, self._ones = np.arange(settings.states), np.ones(settings.states)
        self.log_likelihood = 0.0
        self._transitions = np.array(parameters.transitions)
        self._means = np.array(parameters.means)
        self._scales = np.array(parameters.volatilities)
        self._prepare()
        self._probabilities = stationary(self._transitions)
        self._statistics = prior_statistics(self._transitions, self._scales)
        self._unlearned: _Bar | None = None

    @property
    def probabilities(self) -> tuple[float, ...]:
        """P(state | returns so far), by rising volatility."""
        return tuple(self._probabilities.tolist())

    @property
    def parameters(self) -> HamiltonParameters:
        """What the filter believes now."""
        self.learn()
        rows = (self._transitions / self._transitions.sum(axis=1, keepdims=True)).tolist()
        return HamiltonParameters(
            tuple(tuple(row) for row in rows),
            tuple(self._means.tolist()),
            tuple(self._scales.tolist()),
        )

    def update(self, log_return: float) -> tuple[float, ...]:
        """Takes the return of one bar; returns the filtered probabilities.

        Raises:
            ValueError: the return is not a finite number; nothing has changed.
        """
        if not isfinite(log_return):
            raise ValueError(f"the regime filter got the return {log_return}")
        self.learn()
        self._step(log_return)
        return tuple(self._probabilities.tolist())

    def _prepare(self) -> None:
        self._log_scale = log_shape(self._settings.degrees_of_freedom) - np.log(self._scales)

    def _step(self, log_return: float) -> None:
        """Predict, and weigh by the emissions."""
        apart = log_return - self._means
        squares = (apart / self._scales) ** 2
        freedom = self._settings.degrees_of_freedom
        if freedom > 0.0:
            log_density = self._log_scale - (freedom + 1.0) / 2.0 * np.log1p(squares / freedom)
        else:
            log_density = self._log_scale - 0.5 * squares
        predicted = self._probabilities @ self._transitions
        # Of the states that can be: where all others are too unlikely to count, one must remain.
        # (The ufuncs' own reductions: of two states, an array's methods would be most of the work.)
        top = float(np.maximum.reduce(log_density[predicted > 0.0]))
        weighed = predicted * np.exp(np.minimum(log_density - top, 0.0))
        likelihood = float(np.add.reduce(weighed))
        before, self._probabilities = self._probabilities, weighed / likelihood
        self.log_likelihood += top + log(likelihood)
        self.bars += 1
        if self._learns:
            self._unlearned = _Bar(log_return, squares, before, predicted)

    def learn(self) -> None:
        """Learns from the last bar, where that was not done yet."""
        bar, self._unlearned = self._unlearned, None
        if bar is None:
            return
        freedom = self._settings.degrees_of_freedom
        # The hidden weight of a Student-t observation: outliers count less.
        weights = (freedom + 1.0) / (freedom + bar.squares) if freedom > 0.0 else self._ones
        came_from = bar.before[:, None] * self._transitions / np.maximum(bar.predicted, 1e-300)
        self._learn(bar.log_return, weights, came_from)

    def _learn(self, log_return: float, weights: Array, came_from: Array) -> None:
        """One step of online EM: statistics of transitions (K rows) and emissions (4 rows).

        `statistics[a, j, k]` estimates the (discounted, averaged) statistic a of state j given that
        the chain is now in state k; `came_from[i, j]` is P(i before | j now).
        """
        settings, states = self._settings, self._settings.states
        gain = max(1.0 / settings.memory_bars, (self.bars + settings.prior_bars) ** -GAIN_POWER)
        fresh = np.empty((states + 4, states))
        fresh[:states] = came_from
        fresh[states] = 1.0
        fresh[states + 1] = weights
        fresh[states + 2] = weights * log_return
        fresh[states + 3] = weights * (log_return * log_return)
        statistics = self._statistics @ came_from
        statistics *= 1.0 - gain
        statistics[:, self._diagonal, self._diagonal] += gain * fresh
        self._statistics = statistics
        self._maximize(statistics @ self._probabilities)

    def _maximize(self, sums: Array) -> None:
        """New parameters from the expected statistics; states reordered if they crossed."""
        states = self._settings.states
        moves = sums[:states] + 1e-9
        self._transitions = moves / np.add.reduce(moves, axis=1, keepdims=True)
        count, weight, first, second = sums[states:] + 1e-300
        if self._settings.learns_means:
            self._means = first / weight
        variance = (second - 2.0 * self._means * first + self._means**2 * weight) / count
        self._scales = np.maximum(np.sqrt(np.maximum(variance, 0.0)), self._settings.volatility_min)
        scales = self._scales.tolist()
        if any(scales[i] > scales[i + 1] for i in range(states - 1)):
            self._reorder(np.argsort(self._scales, kind="stable"))
        self._prepare()

    def _reorder(self, order: NDArray[np.intp]) -> None:
        states = self._settings.states
        self._means, self._scales = self._means[order], self._scales[order]
        self._transitions = self._transitions[np.ix_(order, order)]
        self._probabilities = self._probabilities[order]
        rows = np.concatenate([order, np.arange(states, states + 4)])
        self._statistics = self._statistics[np.ix_(rows, order, order)]


def log_shape(freedom: float) -> float:
    """The constant of a log density: of Student-t with so many degrees, or of a Gaussian for 0."""
    if freedom > 0.0:
        return lgamma((freedom + 1.0) / 2.0) - lgamma(freedom / 2.0) - log(freedom * pi) / 2.0
    return -0.5 * log(2.0 * pi)


def prior_statistics(transitions: Array, scales: Array) -> Array:
    """What the statistics would be if the guess were true: the prior that data outweighs."""
    states, share = len(scales), stationary(transitions)
    sums = np.zeros((states + 4, states))
    sums[:states] = share[:, None] * transitions
    sums[states] = sums[states + 1] = share
    sums[states + 3] = share * scales**2
    return np.repeat(sums[:, :, None], states, axis=2)


def stationary(transitions: Array) -> Array:
    """The chain's long-run probabilities, from which an exact filter starts."""
    states = len(transitions)
    system = np.vstack([transitions.T - np.eye(states), np.ones(states)])
    target = np.append(np.zeros(states), 1.0)
    solution: Array = np.linalg.lstsq(system, target, rcond=None)[0]
    clipped = np.maximum(solution, 0.0)
    result: Array = clipped / clipped.sum()
    return result
