"""How an account grew in each state of volatility, while its bars come in parts.

Invariant: a state is what an online filter told then, from bars up to it.
"""

from __future__ import annotations

from typing import Final, final

import numpy as np

from bot3.backtest.regime_kernel import ColumnarRegimes
from bot3.domain.bars import Floats
from bot3.regime.hamilton import HamiltonSettings

_STATES: Final = ("calm", "volatile")
_LEAST: Final = 1e-12


@final
class RegimeTally:
    """Calm and volatile, by the live filter's rules."""

    def __init__(self) -> None:
        self._model = ColumnarRegimes(HamiltonSettings())
        self._before: tuple[float, float] | None = None
        self._bars, self._grown = [0, 0], [0.0, 0.0]

    def take(self, close: Floats, equity: Floats) -> None:
        """The next bars."""
        prices, worth = np.log(close), np.log(np.maximum(equity, _LEAST))
        if self._before is not None:
            prices, worth = np.append(self._before[0], prices), np.append(self._before[1], worth)
        self._before = float(prices[-1]), float(worth[-1])
        told, grown = np.argmax(self._model.take(np.diff(prices)), axis=1), np.diff(worth)
        for state in range(len(_STATES)):
            mine = grown[told == state]
            self._bars[state] += len(mine)
            self._grown[state] = float(np.cumsum(np.append(self._grown[state], mine))[-1])

    def rows(self) -> tuple[tuple[str, int, float], ...]:
        """Name, bars and log growth of each state."""
        return tuple(zip(_STATES, self._bars, self._grown, strict=True))
