"""Bars of one instrument that can be traded through, in parts, as often as they are asked for.

They are read once to see what is wrong with them and how many they are, and again for each use;
few enough are kept. Rows that are out of order can be mended only all together: such a file is
held in memory as a whole.

Invariant: whatever the parts are, joined they are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Final, final

from attrs import evolve, field, frozen

from bot3.backtest.bars import Flaw, Mend, Scan, in_order, refuse_fatal
from bot3.domain.bars import Bars, joined
from bot3.domain.errors import DataError

Parts = Callable[[], Iterable[Bars]]
ENDLESS_NS: Final = 2**63 - 1
HELD_ROWS: Final = 1 << 18


@frozen(eq=False)
class Source:
    """`rows` in all; `flaws`: what was wrong with the file, mended or harmless."""

    symbol: str
    interval_ns: int
    is_trades: bool
    rows: int
    flaws: tuple[Flaw, ...]
    _parts: Parts = field(alias="parts")
    venue: str = ""

    @property
    def name(self) -> str:
        """As that of its bars."""
        return f"{self.venue}:{self.symbol}" if self.venue else self.symbol

    def chunks(self) -> Iterator[Bars]:
        """Oldest first, none of them empty."""
        for part in self._parts():
            if len(part):
                yield evolve(
                    part, symbol=self.symbol, venue=self.venue, interval_ns=self.interval_ns
                )

    def whole(self) -> Bars:
        """All of them in memory."""
        return joined(list(self.chunks()))


@frozen
class Asked:
    """Bars that open from `start_ns` on and before `end_ns`; up to `held_rows` of them are kept."""

    is_repaired: bool = False
    start_ns: int = 0
    end_ns: int = ENDLESS_NS
    held_rows: int = HELD_ROWS


def source_of(parts: Parts, asked: Asked) -> Source:
    """Checks everything. Raises `DataError` with every flaw where rows are not sound and not
    repaired, or where too little is left.
    """
    reading = _Reading(parts, asked)
    scan = reading.scan
    if scan.is_late and asked.is_repaired:
        ordered = [in_order(joined([part for part in parts() if len(part)]))]
        return evolve(source_of(partial(_known, ordered), asked), flaws=tuple(scan.flaws()))
    if not asked.is_repaired:
        refuse_fatal(reading.symbol, scan.flaws())
    if reading.kept.rows < 2:
        raise DataError(f"{reading.symbol}: {reading.kept.rows} bars; at least 2 are needed")
    held = reading.held
    return Source(
        reading.symbol,
        reading.kept.interval_ns,
        reading.is_trades,
        reading.rows,
        tuple(scan.flaws()),
        partial(_kept, parts, asked) if held is None else partial(_known, held),
    )


@final
class _Reading:
    """One time through all parts."""

    def __init__(self, parts: Parts, asked: Asked) -> None:
        self.scan, mend = Scan(), Mend()
        self.kept = Scan() if asked.is_repaired else self.scan
        self.held: list[Bars] | None = []
        self.symbol, self.is_trades, self.rows = "", False, 0
        for part in parts():
            self.symbol, self.is_trades = part.symbol, part.is_trades
            self.scan.take(part)
            kept = part
            if asked.is_repaired:
                kept = mend.take(part)
                self.kept.take(kept)
            self._hold(kept.between(asked.start_ns, asked.end_ns), asked.held_rows)

    def _hold(self, part: Bars, most: int) -> None:
        self.rows += len(part)
        if self.held is not None:
            self.held.append(part)
        if self.rows > most:
            self.held = None


def _known(held: list[Bars]) -> list[Bars]:
    """Functions of modules: a source travels to other processes where its `parts` do."""
    return held


def _kept(parts: Parts, asked: Asked) -> Iterator[Bars]:
    mend = Mend()
    for part in parts():
        kept = mend.take(part) if asked.is_repaired else part
        yield kept.between(asked.start_ns, asked.end_ns)
