"""An online Hamilton filter: which volatility state the market is in, learned as it goes.

Invariant: probabilities are non-negative and sum to one, states are ordered by rising volatility,
and with fixed parameters the filter is exact. Hamilton 1989 for the filter; Cappé 2011, "Online EM
Algorithm for Hidden Markov Models", for the learning; Peel and McLachlan 2000 for Student-t.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, isfinite, lgamma, log, log1p, pi, sqrt
from typing import NamedTuple

import numpy as np
from attrs import field, frozen, validators
from numpy.typing import NDArray

Array = NDArray[np.float64]
Row = list[float]  # one number a state
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
    squares: Row
    before: Row
    predicted: Row


class HamiltonFilter:
    """Filtered state probabilities of a stream of log returns, from `parameters` on.

    Unless it `learns`, the filter is exact and its parameters stay; else they follow the data by
    online EM, from the given ones as a prior worth `prior_bars`. A bar is learned from by `learn`,
    at leisure, or else when the next one comes: the results are the same. Of two states, the
    usual number, plain numbers cost half of what arrays do; of five, more.
    """

    __slots__ = (
        "_learns", "_log_scale", "_means", "_ones", "_probabilities", "_scales", "_settings",
        "_statistics", "_transitions", "_unlearned", "bars", "log_likelihood",
    )  # fmt: skip

    def __init__(
        self, settings: HamiltonSettings, parameters: HamiltonParameters, *, learns: bool = False
    ) -> None:
        if len(parameters.means) != settings.states:
            raise ValueError(f"{len(parameters.means)} states given, {settings.states} set")
        self._settings, self._learns = settings, learns
        self.bars = 0
        self.log_likelihood = 0.0
        self._transitions = [list(row) for row in parameters.transitions]
        self._ones = [1.0] * settings.states
        self._means, self._scales = list(parameters.means), list(parameters.volatilities)
        self._prepare()
        transitions, scales = np.array(self._transitions), np.array(self._scales)
        self._probabilities: Row = stationary(transitions).tolist()
        # [k][a, j]: see `_learn`.
        kept = settings.states + np.array([0, 3, 1, 2] if settings.learns_means else [0, 3])
        rows = prior_statistics(transitions, scales)[[*range(settings.states), *kept]]
        self._statistics: list[Row] = rows.reshape(-1, settings.states).T.tolist()
        self._unlearned: _Bar | None = None

    @property
    def probabilities(self) -> tuple[float, ...]:
        """P(state | returns so far), by rising volatility."""
        return tuple(self._probabilities)

    @property
    def parameters(self) -> HamiltonParameters:
        """What the filter believes now."""
        self.learn()
        return HamiltonParameters(
            tuple(tuple(each / sum(row) for each in row) for row in self._transitions),
            tuple(self._means),
            tuple(self._scales),
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
        return tuple(self._probabilities)

    def _prepare(self) -> None:
        shape = log_shape(self._settings.degrees_of_freedom)
        self._log_scale = [shape - log(scale) for scale in self._scales]

    def _step(self, log_return: float) -> None:
        """Predict, and weigh by the emissions."""
        freedom = self._settings.degrees_of_freedom
        squares = [
            ((log_return - mean) / scale) ** 2
            for mean, scale in zip(self._means, self._scales, strict=True)
        ]
        if freedom > 0.0:
            tail = (freedom + 1.0) / 2.0
            falls = [tail * log1p(square / freedom) for square in squares]
        else:
            falls = [0.5 * square for square in squares]
        log_density = [top - fall for top, fall in zip(self._log_scale, falls, strict=True)]
        before = self._probabilities
        predicted = _mixed(self._transitions, before)
        # Of the states that can be: where all others are too unlikely to count, one must remain.
        top = max([d for d, chance in zip(log_density, predicted, strict=True) if chance > 0.0])
        weighed = [
            chance * exp(density - top) if density < top else chance
            for chance, density in zip(predicted, log_density, strict=True)
        ]
        likelihood = sum(weighed)
        self._probabilities = [each / likelihood for each in weighed]
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
        weights = self._ones
        if freedom > 0.0:
            weights = [(freedom + 1.0) / (freedom + square) for square in bar.squares]
        floors = [max(chance, 1e-300) for chance in bar.predicted]
        came_from = [
            [chance * move / floor for move, floor in zip(row, floors, strict=True)]
            for chance, row in zip(bar.before, self._transitions, strict=True)
        ]
        self._learn(bar.log_return, weights, came_from)

    def _learn(self, log_return: float, weights: Row, came_from: list[Row]) -> None:
        """One step of online EM: statistics of transitions (K rows) and emissions (`_emitted`).

        `statistics[k][a, j]` estimates the (discounted, averaged) statistic a of state j given that
        the chain is now in state k; `came_from[i][j]` is P(i before | j now).
        """
        settings = self._settings
        states, old = settings.states, self._statistics
        gain = max(1.0 / settings.memory_bars, (self.bars + settings.prior_bars) ** -GAIN_POWER)
        keep = 1.0 - gain
        fresh = (*came_from, *self._emitted(log_return, weights))
        self._statistics = []
        for k, column in enumerate(zip(*came_from, strict=True)):
            moved = _mixed(old, [keep * each for each in column])
            at = k
            for row in fresh:
                moved[at] += gain * row[k]
                at += states
            self._statistics.append(moved)
        self._maximize(_mixed(self._statistics, self._probabilities))

    def _emitted(self, log_return: float, weights: Row) -> tuple[Row, ...]:
        """Count and weighted square; of means that are learned also the weight and the return."""
        ones = self._ones
        if not self._settings.learns_means:
            pairs = zip(weights, self._means, strict=True)
            return ones, [each * ((log_return - m) * (log_return - m)) for each, m in pairs]
        square = log_return * log_return
        returns = [weight * log_return for weight in weights]
        return ones, [weight * square for weight in weights], weights, returns

    def _maximize(self, sums: Row) -> None:
        """New parameters from the expected statistics; states reordered if they crossed."""
        settings, states = self._settings, self._settings.states
        for i in range(states):
            row = sums[i * states : (i + 1) * states]
            whole = sum(row) + 1e-9 * states
            self._transitions[i] = [(each + 1e-9) / whole for each in row]
        for state in range(states):
            count, variance, *first = sums[states * states + state :: states]
            if first:
                weight, total = first
                self._means[state] = mean = (total + 1e-300) / (weight + 1e-300)
                variance = variance - 2.0 * mean * total + mean * mean * weight
            variance /= count + 1e-300
            scale = sqrt(variance) if variance > 0.0 else 0.0
            self._scales[state] = max(scale, settings.volatility_min)
        if self._scales != sorted(self._scales):
            self._reorder(sorted(range(states), key=self._scales.__getitem__))
        self._prepare()

    def _reorder(self, order: list[int]) -> None:
        self._means = [self._means[i] for i in order]
        self._scales = [self._scales[i] for i in order]
        self._probabilities = [self._probabilities[i] for i in order]
        self._transitions = [[self._transitions[i][j] for j in order] for i in order]
        states = len(order)
        rows = [*order, *range(states, len(self._statistics[0]) // states)]
        places = [a * states + j for a in rows for j in order]
        self._statistics = [[self._statistics[k][at] for at in places] for k in order]


def _mixed(rows: Sequence[Row], shares: Row) -> Row:
    """The rows' sum, each times its share. The states are mostly two: half the time then."""
    if len(rows) == 2:
        one, other = shares
        return [one * x + other * y for x, y in zip(*rows, strict=True)]
    total = [0.0] * len(rows[0])
    for share, row in zip(shares, rows, strict=True):
        total = [before + share * each for before, each in zip(total, row, strict=True)]
    return total


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
