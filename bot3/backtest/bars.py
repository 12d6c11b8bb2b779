"""What is wrong with recorded bars, found and mended a part at a time.

Invariant: what was checked can be traded through: times rise (of trades, never fall), prices are
positive, the high is the highest and the low the lowest. What was not so is a `Flaw`, told in one
line each. How the rows are cut into parts changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, final

import numpy as np
from attrs import evolve, frozen

from bot3.domain.bars import Bars, Flags, Floats, Ints
from bot3.domain.errors import DataError

PRICES: Final = ("open", "high", "low", "close")
_NEVER: Final = -(2**63)


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


@final
class Scan:
    """Everything that is wrong with rows that come in parts, oldest first."""

    def __init__(self) -> None:
        self.rows = 0
        self.is_late = self._is_trades = False
        self._newest_ns, self._last_ns = _NEVER, _NEVER
        self._counts: dict[str, int] = {}
        self._first: dict[str, int] = {}
        self._steps: dict[int, int] = {}
        self._step_first: dict[int, int] = {}

    def take(self, bars: Bars) -> None:
        """The next rows."""
        if not len(bars):
            return
        self._is_trades = bars.is_trades
        for what, is_bad in _row_flaws(bars):
            self._note(what, is_bad)
        highest = np.maximum.accumulate(np.append(self._newest_ns, bars.open_ns))
        is_late, is_double = bars.open_ns < highest[:-1], bars.open_ns == highest[:-1]
        self._note(_LATE, is_late)
        if not bars.is_trades:  # several at a time are usual, and so is any distance
            self._note(_DOUBLE, is_double)
            self._step(bars.open_ns)
        self.is_late = self.is_late or bool(is_late.any())
        self._newest_ns, self._last_ns = int(highest[-1]), int(bars.open_ns[-1])
        self.rows += len(bars)

    @property
    def interval_ns(self) -> int:
        """The most usual distance of rows in order, of several the shortest; of trades 0."""
        if not self._steps:
            return 0
        most = max(self._steps.values())
        return min(step for step, count in self._steps.items() if count == most)

    def flaws(self) -> list[Flaw]:
        """Everything that was found, worst first."""
        found = [
            Flaw(what, self._counts[what], self._first[what])
            for what in _WORST_FIRST
            if what in self._counts
        ]
        return found if self.is_late else [*found, *self._gaps()]

    def _gaps(self) -> Iterator[Flaw]:
        usual = self.interval_ns
        wide = [step for step in self._steps if step > usual]
        if wide:
            missing = sum(self._steps[step] * (step // usual - 1) for step in wide)
            yield Flaw(
                f"a gap before it; {missing} bars are missing in all",
                sum(self._steps[step] for step in wide),
                min(self._step_first[step] for step in wide),
                is_fatal=False,
            )

    def _note(self, what: str, is_bad: Flags) -> None:
        if is_bad.any():
            self._first.setdefault(what, self.rows + int(np.argmax(is_bad)) + 1)
            self._counts[what] = self._counts.get(what, 0) + int(is_bad.sum())

    def _step(self, open_ns: Ints) -> None:
        before = open_ns[0] if self._last_ns == _NEVER else self._last_ns
        steps = np.diff(open_ns, prepend=before)
        lengths, places, counts = np.unique(steps, return_index=True, return_counts=True)
        for step, place, count in zip(
            lengths.tolist(), places.tolist(), counts.tolist(), strict=True
        ):
            if step > 0:
                self._step_first.setdefault(step, self.rows + place + 1)
                self._steps[step] = self._steps.get(step, 0) + count


_LATE: Final = "its time is before that of a row above"
_DOUBLE: Final = "its time comes twice"
_NO_NUMBER: Final = "missing or not a number"
_NOT_POSITIVE: Final = "not positive"
_VOLUME: Final = "volume is missing or negative"
_INVERTED: Final = "high or low is not the bar's highest or lowest price"
_WORST_FIRST: Final = (
    *(f"{name} is {what}" for name in PRICES for what in (_NO_NUMBER, _NOT_POSITIVE)),
    _VOLUME, _INVERTED, _LATE, _DOUBLE,
)  # fmt: skip


def _row_flaws(bars: Bars) -> Iterator[tuple[str, Flags]]:
    """What a row shows by itself."""
    for name in PRICES:
        column = getattr(bars, name)
        is_finite = np.isfinite(column)
        yield f"{name} is {_NO_NUMBER}", ~is_finite
        yield f"{name} is {_NOT_POSITIVE}", is_finite & (column <= 0)
    yield _VOLUME, ~np.isfinite(bars.volume) | (bars.volume < 0)
    high, low = _body(bars)
    yield _INVERTED, np.asarray((bars.high < high) | (bars.low > low))


def _body(bars: Bars) -> tuple[Floats, Floats]:
    return np.maximum(bars.open, bars.close), np.minimum(bars.open, bars.close)


@final
class Mend:
    """Leaves out rows without sound prices and, of those of one time, all but the first; a missing
    volume is none, a high or low is widened to its body. Rows must come in order.
    """

    def __init__(self) -> None:
        self._newest_ns = _NEVER

    def take(self, bars: Bars) -> Bars:
        """What is kept of the next rows."""
        sound = np.ones(len(bars), dtype=bool)
        for name in PRICES:
            column = getattr(bars, name)
            sound &= np.isfinite(column) & (column > 0)
        kept = bars.rows(sound)
        if not kept.is_trades and len(kept):
            kept = kept.rows(np.diff(kept.open_ns, prepend=self._newest_ns) != 0)
        if len(kept):
            self._newest_ns = int(kept.open_ns[-1])
        high, low = _body(kept)
        volume = np.where(np.isfinite(kept.volume) & (kept.volume >= 0), kept.volume, 0.0)
        high, low = np.maximum(kept.high, high), np.minimum(kept.low, low)
        return evolve(kept, high=high, low=low, volume=volume)


def refuse_fatal(symbol: str, flaws: list[Flaw]) -> None:
    """Raises `DataError` with every flaw that makes rows unsound."""
    fatal = [flaw.words for flaw in flaws if flaw.is_fatal]
    if fatal:
        raise DataError(f"{symbol}: {'; '.join(fatal)}; mend the data, or give --repair")


def in_order(bars: Bars) -> Bars:
    """Sorted by time; rows of one time stay as they were."""
    return bars.rows(np.argsort(bars.open_ns, kind="stable").astype(np.int64))
