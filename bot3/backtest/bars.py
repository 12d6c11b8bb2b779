"""Recorded bars as columns, and what is wrong with them.

Invariant: `Bars` holds only rows that can be traded through: times rise (of trades, never fall),
prices are positive, the high is the highest and the low the lowest. What was not so is a `Flaw`,
told in one line each.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from attrs import evolve, frozen
from numpy.typing import NDArray

from bot3.domain.errors import DataError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
_NS_PER_S: Final = 1e9
PRICES: Final = ("open", "high", "low", "close")


@frozen(eq=False)
class Bars:
    """Columns of equal length, oldest first; `open_ns` UTC; `interval_ns` the usual distance. A
    trade is a bar of one price that lasts no time: `interval_ns` is 0, and times may be equal.
    """

    symbol: str
    open_ns: Ints
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    interval_ns: int
    is_trades: bool = False

    def __len__(self) -> int:
        return len(self.open_ns)

    @property
    def close_ns(self) -> Ints:
        """When each bar was complete."""
        return self.open_ns + self.interval_ns

    def between(self, start_ns: int, end_ns: int) -> Bars:
        """Bars that open from `start_ns` on and before `end_ns`."""
        return self.rows((self.open_ns >= start_ns) & (self.open_ns < end_ns))

    def rows(self, kept: Flags | Ints) -> Bars:
        """Those that are marked, or in the order of an index."""
        return evolve(
            self,
            open_ns=self.open_ns[kept],
            open=self.open[kept],
            high=self.high[kept],
            low=self.low[kept],
            close=self.close[kept],
            volume=self.volume[kept],
        )


@frozen
class Flaw:
    """One kind of trouble: how many rows, the first of them (from 1), and whether rows are lost
    when it is repaired. A gap is none of a row's own: it is told, and traded over.
    """

    what: str
    rows: int
    first: int
    is_fatal: bool = True

    @property
    def words(self) -> str:
        """`3 rows: its time comes twice (the first is row 7)`."""
        rows = "1 row" if self.rows == 1 else f"{self.rows} rows"
        return f"{rows}: {self.what} (the first is row {self.first})"


def interval_of(open_ns: Ints) -> int:
    """The most usual distance of rows; of several the shortest."""
    steps = np.diff(np.sort(open_ns))
    lengths, counts = np.unique(steps[steps > 0], return_counts=True)
    return int(lengths[np.argmax(counts)]) if len(lengths) else 0


def flaws(bars: Bars) -> list[Flaw]:
    """Everything that is wrong, worst first."""
    return list(_flaws(bars))


def _flaws(bars: Bars) -> Iterator[Flaw]:
    for name in PRICES:
        column = getattr(bars, name)
        yield from _flaw(~np.isfinite(column), f"{name} is missing or not a number")
        yield from _flaw(np.isfinite(column) & (column <= 0), f"{name} is not positive")
    volume = bars.volume
    yield from _flaw(~np.isfinite(volume) | (volume < 0), "volume is missing or negative")
    yield from _flaw(_is_inverted(bars), "high or low is not the bar's highest or lowest price")
    yield from _flaw(_is_late(bars.open_ns), "its time is before that of a row above")
    if bars.is_trades:  # several at a time are usual, and so is any distance
        return
    yield from _flaw(_is_double(bars.open_ns), "its time comes twice")
    if len(bars) > 1 and not _is_late(bars.open_ns).any():
        is_gap = np.concatenate(([False], np.diff(bars.open_ns) > bars.interval_ns))
        missing = int(np.sum(np.diff(bars.open_ns)[is_gap[1:]] // max(bars.interval_ns, 1) - 1))
        what = f"a gap before it; {missing} bars are missing in all"
        yield from _flaw(is_gap, what, is_fatal=False)


def _flaw(is_bad: Flags, what: str, *, is_fatal: bool = True) -> Iterator[Flaw]:
    if is_bad.any():
        yield Flaw(what, int(is_bad.sum()), int(np.argmax(is_bad)) + 1, is_fatal)


def _is_inverted(bars: Bars) -> Flags:
    body_high, body_low = np.maximum(bars.open, bars.close), np.minimum(bars.open, bars.close)
    return np.asarray((bars.high < body_high) | (bars.low > body_low))


def _is_late(open_ns: Ints) -> Flags:
    return np.asarray(open_ns < np.maximum.accumulate(open_ns))


def _is_double(open_ns: Ints) -> Flags:
    _, first = np.unique(open_ns, return_index=True)
    double = np.ones(len(open_ns), dtype=bool)
    double[first] = False
    return double


def checked(bars: Bars, *, is_repaired: bool) -> tuple[Bars, list[Flaw]]:
    """Bars that can be traded through, and what was found.

    With `is_repaired` rows are sorted, of doubles the first is kept, and rows without sound prices
    are left out (a missing volume is none, a high or low is widened to its body). Raises
    `DataError` with every flaw where it is not, or where too little is left.
    """
    found = flaws(bars)
    fatal = [flaw.words for flaw in found if flaw.is_fatal]
    if fatal and not is_repaired:
        raise DataError(f"{bars.symbol}: {'; '.join(fatal)}; mend the data, or give --repair")
    if fatal:
        bars = _repaired(bars)
    if len(bars) < 2:
        raise DataError(f"{bars.symbol}: {len(bars)} bars; at least 2 are needed")
    return bars, found


def _repaired(bars: Bars) -> Bars:
    sound = np.ones(len(bars), dtype=bool)
    for name in PRICES:
        column = getattr(bars, name)
        sound &= np.isfinite(column) & (column > 0)
    kept = bars.rows(sound)
    kept = kept.rows(np.argsort(kept.open_ns, kind="stable").astype(np.int64))
    kept = kept if kept.is_trades else kept.rows(~_is_double(kept.open_ns))
    volume = np.where(np.isfinite(kept.volume) & (kept.volume >= 0), kept.volume, 0.0)
    body_high, body_low = np.maximum(kept.open, kept.close), np.minimum(kept.open, kept.close)
    return evolve(
        kept,
        high=np.maximum(kept.high, body_high),
        low=np.minimum(kept.low, body_low),
        volume=volume,
        interval_ns=0 if kept.is_trades else interval_of(kept.open_ns),
    )
