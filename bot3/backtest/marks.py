"""What an account and some prices were at rising times, told one by one.

Invariant: of any number of times no more is kept than a curve keeps.
"""

from __future__ import annotations

from typing import Final, final

import numpy as np

from bot3.backtest.curve import Curve, CurveTally, Thinned

NEVER_NS: Final = -(2**62)
_KEPT: Final = 4096
_LEAST: Final = 1e-12


@final
class Marks:
    """Of an account that began with `cash`, and of so many `prices`."""

    def __init__(self, cash: float, prices: int = 0) -> None:
        self.cash, self.final, self.last_ns = cash, cash, NEVER_NS
        self._tally, self._prices = CurveTally(cash), [Thinned() for _ in range(prices)]
        self._times: list[int] = []
        self._rows: list[tuple[float, ...]] = []
        self._count, self._exposed = 0, 0.0

    def mark(self, ts_ns: int, equity: float, invested: float, *prices: float) -> None:
        """The account at a time, `invested` of its equity, and all prices."""
        self._times.append(ts_ns)
        self._rows.append((equity, invested, *prices))
        self._exposed += invested / max(equity, _LEAST)
        self.final, self.last_ns = equity, ts_ns
        self._count += 1
        if len(self._times) >= _KEPT:
            self._flush()

    def _flush(self) -> None:
        if not self._times:
            return
        times, rows = np.array(self._times, dtype=np.int64), np.array(self._rows).T
        self._times, self._rows = [], []
        self._tally.take(times, rows[0])
        for thinned, column in zip(self._prices, rows[2:], strict=True):
            thinned.take(times, column)

    @property
    def exposure(self) -> float:
        """The mean share of the equity that was invested."""
        return self._exposed / max(self._count, 1)

    def curve(self) -> Curve:
        """Raises `DataError` where nothing was marked."""
        self._flush()
        return self._tally.curve()

    def prices(self) -> tuple[Thinned, ...]:
        """In their order."""
        self._flush()
        return tuple(self._prices)
