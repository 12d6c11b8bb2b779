"""An equity curve that comes in parts: what statistics need of it, and what plots show.

Invariant: statistics are of every row; how the rows were cut into parts changes nothing. Of more
rows than `EXPORTED_ROWS` the curve itself keeps the last, the lowest and the highest of equally
many, however many are still to come.
"""

from __future__ import annotations

from typing import Final, final

import numpy as np
from attrs import frozen

from bot3.domain.bars import Floats, Ints
from bot3.portfolio.drawdown import DAY_NS
from bot3.portfolio.statistics.daily import DailyEquity, daily_equity
from bot3.portfolio.statistics.returns import drawdowns

EXPORTED_ROWS: Final = 1 << 20
DRAWN_ROWS: Final = 1 << 14
_LEAST: Final = 1e-12


@final
class Thinned:
    """A column of which at most `most` rows are kept, one of `every` so many: a power of two that
    grows with the rows.
    """

    def __init__(self, most: int = DRAWN_ROWS) -> None:
        self.every, self._most = 1, most
        self._rows = 0
        self._times: list[Ints] = []
        self._values: list[Floats] = []  # (last, low, high) of each bucket
        self._bucket = -1

    def take(self, times_ns: Ints, values: Floats) -> None:
        """The next rows."""
        if not len(values):
            return
        buckets = (self._rows + np.arange(len(values))) // self.every
        starts = np.flatnonzero(np.diff(buckets, prepend=-1))
        ends = np.append(starts[1:], len(values)) - 1
        made = np.vstack(
            [values[ends], np.minimum.reduceat(values, starts), np.maximum.reduceat(values, starts)]
        )
        times = times_ns[ends]
        if buckets[0] == self._bucket:  # it was begun by the rows before
            low, high = self._values[-1][1:, -1]
            made[1, 0], made[2, 0] = min(made[1, 0], low), max(made[2, 0], high)
            self._times[-1], self._values[-1] = self._times[-1][:-1], self._values[-1][:, :-1]
        self._times.append(times)
        self._values.append(made)
        self._bucket = int(buckets[-1])
        self._rows += len(values)
        while self._bucket >= self._most:
            self._halve()

    def _halve(self) -> None:
        """Two buckets become one."""
        last, low, high = np.concatenate(self._values, axis=1)
        starts = np.arange(0, len(last), 2)
        ends = np.minimum(starts + 1, len(last) - 1)
        lows, highs = np.minimum.reduceat(low, starts), np.maximum.reduceat(high, starts)
        self._times, self._values = [self.times_ns[ends]], [np.vstack([last[ends], lows, highs])]
        self.every, self._bucket = self.every * 2, self._bucket // 2

    @property
    def times_ns(self) -> Ints:
        """Of the last row of each."""
        return np.concatenate(self._times)

    @property
    def last(self) -> Floats:
        """The last of each."""
        return np.asarray(np.concatenate(self._values, axis=1)[0])

    @property
    def drawn(self) -> Floats:
        """For a plot: every row, or the lowest and the highest of each bucket."""
        if self.every == 1:
            return self.last
        return np.asarray(np.concatenate(self._values, axis=1)[1:].T.ravel())


@frozen(eq=False)
class Curve:
    """`eve_equity` at `eve_ns`: the first row, and the last of each day, midnight included.
    `max_drawdown` counts from the cash that it began with.
    """

    equity: Thinned
    fallen: Thinned
    daily: DailyEquity
    eve_ns: Ints
    eve_equity: Floats
    final: float
    max_drawdown: float


@final
class CurveTally:
    """Of an account that began with `cash`."""

    def __init__(self, cash: float) -> None:
        self._equity, self._fallen = Thinned(EXPORTED_ROWS), Thinned()
        self._days, self._eves = _LastOfDays(), _LastOfDays()
        self._peak, self._deepest, self._final = cash, 0.0, cash

    def take(self, times_ns: Ints, equity: Floats) -> None:
        """The next rows, by rising time."""
        if not len(equity):
            return
        fallen = drawdowns(np.append(self._peak, equity))[1:]
        self._peak = max(self._peak, float(equity.max()))
        self._deepest = min(self._deepest, float(fallen.min()))
        self._equity.take(times_ns, equity)
        self._fallen.take(times_ns, fallen)
        self._days.take(times_ns, equity, times_ns // DAY_NS)
        self._eves.take(times_ns, equity, (times_ns - 1) // DAY_NS)
        self._final = float(equity[-1])

    def curve(self) -> Curve:
        """Raises `DataError` where nothing came."""
        times, equity = self._days.rows()
        eve_ns, eve_equity = self._eves.rows()
        daily = daily_equity(times, np.maximum(equity, _LEAST))
        return Curve(
            self._equity, self._fallen, daily, eve_ns, eve_equity, self._final, -self._deepest
        )


@final
class _LastOfDays:
    """The first row of all, and the last of each day."""

    def __init__(self) -> None:
        self._times: list[int] = []
        self._equity: list[float] = []
        self._day: int | None = None

    def take(self, times_ns: Ints, equity: Floats, days: Ints) -> None:
        if self._day is None:
            self._times, self._equity = [int(times_ns[0])], [float(equity[0])]
        elif int(days[0]) == self._day:
            self._times, self._equity = self._times[:-1], self._equity[:-1]
        last = np.append(np.flatnonzero(np.diff(days)), len(days) - 1)
        self._times += times_ns[last].tolist()
        self._equity += equity[last].tolist()
        self._day = int(days[-1])

    def rows(self) -> tuple[Ints, Floats]:
        return np.array(self._times, dtype=np.int64), np.array(self._equity)
