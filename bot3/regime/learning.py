"""A Hamilton filter that starts from nothing: first guesses, their contest, then online EM.

Invariant: at most two filters run, one after `trial_bars`; until the first guess the probabilities
say that the market is as likely in one state as in another.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from statistics import median

from bot3.regime.hamilton import HamiltonFilter, HamiltonParameters, HamiltonSettings

# The median of |z| of a standard normal z.
MEDIAN_ABSOLUTE_NORMAL = 0.6745
# Markets are mostly calm: the start is taken for calm until the other guess is this much likelier
# (natural log: a Bayes factor of about 150, "decisive" in Jeffreys' scale).
REFUTED_BY = 5.0


class LearningFilter:
    """Filtered state probabilities of returns whose parameters nobody knows.

    The first returns show one volatility and not whether it is the calm or the wild one: both
    guesses are made, both learn, and calm answers until the evidence refutes it.
    """

    __slots__ = ("_candidates", "_settings", "_start")

    def __init__(self, settings: HamiltonSettings) -> None:
        self._settings = settings
        self._start: list[float] = []
        self._candidates: list[HamiltonFilter] = []

    @property
    def probabilities(self) -> tuple[float, ...]:
        """P(state | returns so far), by rising volatility."""
        if not self._candidates:
            return (1.0 / self._settings.states,) * self._settings.states
        return self._best().probabilities

    @property
    def parameters(self) -> HamiltonParameters | None:
        """What the filter that answers believes now; None before the first guess."""
        return self._best().parameters if self._candidates else None

    def update(self, log_return: float) -> tuple[float, ...]:
        """Takes the return of one bar; returns the filtered probabilities by rising volatility.

        Raises:
            ValueError: the return is not a finite number; nothing has changed.
        """
        if not isfinite(log_return):
            raise ValueError(f"the regime filter got the return {log_return}")
        settings = self._settings
        if not self._candidates:
            self._start.append(log_return)
            if len(self._start) == settings.start_bars:
                self._begin()
            return self.probabilities
        for candidate in self._candidates:
            candidate.update(log_return)
        best = self._best()
        if best.bars >= settings.trial_bars:
            self._candidates = [best]
        return best.probabilities

    def learn(self) -> None:
        """Learns from the last bar now, and not only when the next one comes."""
        for candidate in self._candidates:
            candidate.learn()

    def _best(self) -> HamiltonFilter:
        first, last = self._candidates[0], self._candidates[-1]
        is_refuted = last.log_likelihood > first.log_likelihood + REFUTED_BY
        return last if is_refuted else first

    def _begin(self) -> None:
        """Guesses from the first returns, which are then filtered for real."""
        settings, returns = self._settings, self._start
        for parameters in first_guesses(returns, settings):
            candidate = HamiltonFilter(settings, parameters, learns=True)
            for log_return in returns:
                candidate.update(log_return)
            self._candidates.append(candidate)
        self._start = []


def first_guesses(
    returns: Sequence[float], settings: HamiltonSettings
) -> tuple[HamiltonParameters, HamiltonParameters]:
    """The volatility that the first returns show is the lowest, or the highest."""
    typical = median(abs(r) for r in returns) / MEDIAN_ABSOLUTE_NORMAL
    as_lowest = max(typical, settings.volatility_min)
    as_highest = max(typical / settings.volatility_spread, settings.volatility_min)
    return _guess(as_lowest, settings), _guess(as_highest, settings)


def _guess(lowest: float, settings: HamiltonSettings) -> HamiltonParameters:
    """Volatilities rising from `lowest` by equal factors; equal chances for every other state."""
    states, stay = settings.states, settings.stay_probability
    leave = (1.0 - stay) / (states - 1)
    return HamiltonParameters(
        tuple(tuple(stay if i == j else leave for j in range(states)) for i in range(states)),
        (0.0,) * states,
        tuple(lowest * settings.volatility_spread ** (i / (states - 1)) for i in range(states)),
    )
