"""From targets to orders: when each was decided, and at which row's open it is filled.

Invariant: an order is decided from bars up to a close and filled at the first open that it is not
late for, never that of its own bar; orders are filled as they were decided, one after the other.
How the bars are cut into parts changes nothing.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple, final

import numpy as np

from bot3.backtest.settings import first_open_after
from bot3.domain.bars import Bars, Floats


class Due(NamedTuple):
    """An order and the row that fills it, counted from the first of all. `reference`: the price at
    which it was decided.
    """

    row: int
    decided_ns: int
    reference: float
    is_long: bool


@final
class OrderFlow:
    """Of one instrument."""

    def __init__(self, latency_ns: int) -> None:
        self._latency_ns = latency_ns
        self._wanted = 0.0
        self._rows = 0
        self._on_their_way: deque[Due] = deque()

    def take(self, bars: Bars, targets: Floats) -> list[Due]:
        """Those that the next bars fill, with their targets, which decide about later ones."""
        found = self._arrived(bars)
        found += self._decided(bars, targets)
        self._rows += len(bars)
        return found

    def _arrived(self, bars: Bars) -> list[Due]:
        """Of earlier parts: any row of these is after their own."""
        found = []
        while self._on_their_way:
            due = self._on_their_way[0]
            arrived = np.array([due.decided_ns + self._latency_ns])
            row = int(first_open_after(bars.open_ns, arrived)[0])
            if row == len(bars):
                break
            found.append(due._replace(row=self._rows + row))
            self._on_their_way.popleft()
        return found

    def _decided(self, bars: Bars, targets: Floats) -> list[Due]:
        from bot3.backtest.kernels import decision_points

        points = decision_points(targets, self._wanted)
        if not len(points):
            return []
        is_long = targets[points] > 0.0
        self._wanted = float(is_long[-1])
        decided_ns = bars.close_ns[points]
        rows = np.maximum(first_open_after(bars.open_ns, decided_ns + self._latency_ns), points + 1)
        dues = [
            Due(self._rows + row, *rest)
            for row, *rest in zip(
                rows.tolist(), decided_ns.tolist(), bars.close[points].tolist(), is_long.tolist(),
                strict=True,
            )
        ]  # fmt: skip
        ready = int(np.searchsorted(rows, len(bars)))
        self._on_their_way.extend(dues[ready:])
        return dues[:ready]
