"""How much of what is expected comes true: by that much an expected return is shrunk.

Invariant: the factor is in [0, 1], and nothing is made larger. Whether anything comes true at all
is asked elsewhere (`Evidence`).
"""

from __future__ import annotations

from math import sqrt
from typing import Final

SLOPE_MAX: Final = 1.0
_DEVIATIONS: Final = 0.5  # below the estimate: what little is known of is shrunk more
_START: Final = 30.0  # moves before which nothing is believed


def memory_moves(overlap: int, memory: int = 4_000) -> float:
    """Over how many moves older ones fade; more of them where they overlap."""
    return memory * max(1.0, overlap / 10.0)


class RealizedSlope:
    """Least squares through the origin of realized on expected returns, less a standard error.

    Moves over a horizon of h bars overlap, so h of them count as one; older ones fade over
    `memory` moves.
    """

    __slots__ = ("_both", "_count", "_expected", "_fade", "_overlap", "_realized")

    def __init__(self, overlap: int, memory: int = 4_000) -> None:
        self._overlap = overlap
        self._fade = 1.0 - 1.0 / memory_moves(overlap, memory)
        self._count = self._expected = self._realized = self._both = 0.0

    def update(self, expected: float, realized: float) -> None:
        """A move that is decided now, and what was expected of it."""
        fade = self._fade
        self._count = self._count * fade + 1.0
        self._expected = self._expected * fade + expected * expected
        self._realized = self._realized * fade + realized * realized
        self._both = self._both * fade + expected * realized

    @property
    def value(self) -> float:
        """By what an expected return is to be multiplied."""
        if self._count < _START * max(1.0, self._overlap / 5.0) or self._expected <= 0.0:
            return 0.0
        slope = self._both / self._expected
        residual = max(self._realized - slope * self._both, 0.0) / self._count
        error = sqrt(residual * self._overlap / self._expected)
        return min(max(slope - _DEVIATIONS * error, 0.0), SLOPE_MAX)
