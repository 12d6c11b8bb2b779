"""What a venue would say of recorded markets: the rules on pairs want to know it.

Invariant: it is of bars that were closed then; the record's beginning counts as the market's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, final

import numpy as np

from bot3.domain.bars import Bars
from bot3.domain.values import InstrumentId
from bot3.messages.risk import PairExamined
from bot3.portfolio.drawdown import DAY_NS

_HOUR_NS: Final = 3_600 * 1_000_000_000


@final
class PairHistories:
    """Of bars in the order of `keys`; told once an hour."""

    def __init__(self, keys: Sequence[InstrumentId], every: Sequence[Bars]) -> None:
        self._keys, self._every = keys, every
        self._closed = [0] * len(keys)
        self._told_ns: int | None = None

    def after(self, rows: Sequence[tuple[int, int]], now_ns: int) -> tuple[PairExamined, ...]:
        """Once bars (instrument, number) have closed."""
        for owner, at in rows:
            self._closed[owner] = at + 1
        if self._told_ns is not None and now_ns - self._told_ns < _HOUR_NS:
            return ()
        self._told_ns = now_ns
        seen = (each for each in zip(self._keys, self._every, self._closed, strict=True) if each[2])
        return tuple(_examined(*each, now_ns) for each in seen)


def _examined(key: InstrumentId, bars: Bars, closed: int, now_ns: int) -> PairExamined:
    since = int(np.searchsorted(bars.open_ns[:closed], now_ns - DAY_NS))
    volume = float(np.sum(bars.volume[since:closed] * bars.close[since:closed]))
    return PairExamined(key, now_ns, volume, int(now_ns - bars.open_ns[0]) // DAY_NS)
