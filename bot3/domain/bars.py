"""Recorded bars as columns.

Invariant: all columns have the same length. Whether they can be traded through is not said here:
`bot3.backtest.bars` checks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from attrs import evolve, frozen
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
_COLUMNS = ("open_ns", "open", "high", "low", "close", "volume")


@frozen(eq=False)
class Bars:
    """Columns of equal length, oldest first; `open_ns` UTC; `interval_ns` the usual distance. A
    trade is a bar of one price that lasts no time: `interval_ns` is 0, and times may be equal.
    `venue`: where it is known and matters.
    """

    symbol: str
    open_ns: Ints
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    interval_ns: int = 0
    is_trades: bool = False
    venue: str = ""

    def __len__(self) -> int:
        return len(self.open_ns)

    @property
    def name(self) -> str:
        """`okx:BTC/USDT`, or the symbol alone."""
        return f"{self.venue}:{self.symbol}" if self.venue else self.symbol

    @property
    def close_ns(self) -> Ints:
        """When each bar was complete."""
        return self.open_ns + self.interval_ns

    def between(self, start_ns: int, end_ns: int) -> Bars:
        """Bars that open from `start_ns` on and before `end_ns`."""
        return self.rows((self.open_ns >= start_ns) & (self.open_ns < end_ns))

    def rows(self, kept: Flags | Ints | slice) -> Bars:
        """Those that are marked, or in the order of an index; of a slice nothing is copied."""
        columns: dict[str, Any] = {name: getattr(self, name)[kept] for name in _COLUMNS}
        return evolve(self, **columns)


def joined(parts: Sequence[Bars]) -> Bars:
    """One after the other; what else they say is what the first one says."""
    if len(parts) == 1:
        return parts[0]
    columns: dict[str, Any] = {
        name: np.concatenate([getattr(part, name) for part in parts]) for name in _COLUMNS
    }
    return evolve(parts[0], **columns)
