"""How an account grew in each state of volatility, while its bars come in parts.

Invariant: a state is what an online filter told then, from bars up to it.
"""

from __future__ import annotations

from typing import Final, final

import numpy as np

from bot3.domain.bars import Floats
from bot3.regime.hamilton import HamiltonSettings
from bot3.regime.learning import LearningFilter

_REGIME_BARS_MAX: Final = 100_000
_STATES: Final = ("calm", "volatile")
_LEAST: Final = 1e-12


@final
class RegimeTally:
    """Of a file of so many `rows`; nothing where they are too many to filter."""

    def __init__(self, rows: int) -> None:
        self._is_counted = rows <= _REGIME_BARS_MAX
        self._model = LearningFilter(HamiltonSettings())
        self._before: tuple[float, float] | None = None
        self._bars, self._grown = [0, 0], [0.0, 0.0]

    def take(self, close: Floats, equity: Floats) -> None:
        """The next bars."""
        if not self._is_counted:
            return
        prices, worth = np.log(close), np.log(np.maximum(equity, _LEAST))
        if self._before is not None:
            prices, worth = np.append(self._before[0], prices), np.append(self._before[1], worth)
        self._before = float(prices[-1]), float(worth[-1])
        grown = np.diff(worth).tolist()
        for moved, grew in zip(np.diff(prices).tolist(), grown, strict=True):
            state = int(np.argmax(self._model.update(moved)))
            self._bars[state] += 1
            self._grown[state] += grew

    def rows(self) -> tuple[tuple[str, int, float], ...]:
        """Name, bars and log growth of each state."""
        if not self._is_counted:
            return ()
        return tuple(zip(_STATES, self._bars, self._grown, strict=True))
