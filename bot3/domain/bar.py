"""A bar: open, high, low, close and volume of one interval."""

from __future__ import annotations

import msgspec

from bot3.domain.values import InstrumentId


class Bar(msgspec.Struct, frozen=True):
    """`open_ns` is the interval's start; volume in base asset; statistics, hence floats."""

    instrument: InstrumentId
    interval_s: int
    open_ns: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    buy_volume: float = 0.0
    trades: int = 0

    @property
    def close_ns(self) -> int:
        """The first nanosecond after the interval."""
        return self.open_ns + self.interval_s * 1_000_000_000
