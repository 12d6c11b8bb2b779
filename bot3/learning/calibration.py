"""How far a blend's log odds are to be believed: the slope that makes of them what comes.

Invariant: a probability is in (0, 1), and one half before the first label.

Platt 1999, without an intercept, by plain SGD on the log loss; River's logistic regression of one
feature says the same to the last bit, at five times the cost.
"""

from __future__ import annotations

from math import exp, log
from typing import Final, final

# Beyond, a label that came as it was said teaches next to nothing, and powers overflow some time.
_SURE: Final = 18.0


@final
class Calibration:
    """`rate` of the SGD."""

    __slots__ = ("_has_learned", "_rate", "_slope")

    def __init__(self, rate: float) -> None:
        self._rate, self._slope = rate, 1.0
        self._has_learned = False

    def probability(self, raw: float) -> float:
        """Of what the blend says, which is in (0, 1)."""
        return 1.0 / (1.0 + exp(-self._slope * _log_odds(raw))) if self._has_learned else 0.5

    def learn(self, raw: float, *, label: bool) -> None:
        """What the blend said of a label that is known now."""
        odds, sign = _log_odds(raw), 1.0 if label else -1.0
        right = self._slope * odds * sign
        gradient = -sign * exp(-right) if right > _SURE else -sign / (exp(right) + 1.0)
        self._slope -= self._rate * (odds * gradient)
        self._has_learned = True


def _log_odds(probability: float) -> float:
    return log(probability / (1.0 - probability))
