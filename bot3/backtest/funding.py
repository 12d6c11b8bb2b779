"""Funding of a perpetual: what the position held at each funding time pays, or receives.

A rate above zero is paid by who is long, to who is short: amount held x price x rate, the venues'
rule (Binance, OKX, Bybit: "Funding Fee = Position Value x Funding Rate"). The price is that of the
first open, or quote, from the funding time on; what is filled there was not held yet.

Invariant: each rate is settled once, and none before its time.
"""

from __future__ import annotations

from typing import NamedTuple, final

import numpy as np
from attrs import field, frozen

from bot3.domain.bars import Bars, Floats, Ints
from bot3.domain.errors import DataError


def _no_times() -> Ints:
    return np.empty(0, dtype=np.int64)


def _no_rates() -> Floats:
    return np.empty(0)


@frozen(eq=False)
class Funding:
    """Rates of a position's worth at `times_ns`, UTC, rising. Raises `DataError` for others."""

    times_ns: Ints = field(factory=_no_times)
    rates: Floats = field(factory=_no_rates)

    def __attrs_post_init__(self) -> None:
        if (np.diff(self.times_ns) <= 0).any():
            raise DataError("funding: a time is not after the one before it")
        if not (np.abs(self.rates) < 1.0).all():
            raise DataError("funding: a rate is missing, or not between -1 and 1")


class Settlement(NamedTuple):
    """A rate, and the row at whose open it is settled, counted from the first of all."""

    row: int
    rate: float


@final
class FundingFlow:
    """What is still to be settled."""

    def __init__(self, funding: Funding) -> None:
        self._funding, self._next, self._rows = funding, 0, 0

    def take(self, bars: Bars) -> list[Settlement]:
        """Those of the next bars."""
        times, rates = self._funding.times_ns[self._next :], self._funding.rates[self._next :]
        rows = np.searchsorted(bars.open_ns, times, side="left")
        ready = int(np.searchsorted(rows, len(bars)))
        found = [
            Settlement(self._rows + row, rate)
            for row, rate in zip(rows[:ready].tolist(), rates[:ready].tolist(), strict=True)
        ]
        self._next += ready
        self._rows += len(bars)
        return found

    def until(self, now_ns: int) -> float:
        """The sum of the rates whose time has come."""
        last = int(np.searchsorted(self._funding.times_ns, now_ns, side="right"))
        due = self._funding.rates[self._next : last]
        self._next = max(self._next, last)
        return float(due.sum())
