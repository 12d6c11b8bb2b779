"""The last latencies, with exact quantiles.

Invariant: holds at most `size` values; adding one writes one slot and allocates nothing.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable
from typing import final

import numpy as np


@final
class LatencySample:
    """A ring of the last `size` latencies in microseconds."""

    def __init__(self, size: int = 4096) -> None:
        if size < 1:
            raise ValueError(f"size {size}: want 1 or more")
        self._ring = array("d", bytes(8 * size))
        self._size = size
        self.count = 0

    def add(self, latency_us: float) -> None:
        """Counts one; the oldest goes."""
        self._ring[self.count % self._size] = latency_us
        self.count += 1

    def quantiles(self, shares: Iterable[float]) -> tuple[float, ...]:
        """The nearest-rank quantile of each share in [0, 1], NaN where nothing was added yet."""
        wanted = tuple(shares)
        held = min(self.count, self._size)
        if held == 0:
            return (math.nan,) * len(wanted)
        ranks = [max(math.ceil(share * held) - 1, 0) for share in wanted]
        values = np.frombuffer(self._ring, dtype=np.float64, count=held)
        ordered = np.partition(values, sorted(set(ranks)))
        return tuple(float(ordered[rank]) for rank in ranks)
