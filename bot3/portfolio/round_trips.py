"""Round trips: a position that was opened and closed again, and how many lost in a row.

Invariant: both are functions of the fills alone, so every restart finds them again.
"""

from __future__ import annotations

from decimal import Decimal
from typing import final

from attrs import define

from bot3.domain.values import ZERO, InstrumentId, Symbol

# A position is over when this share of the most it was is left: fees in base leave dust.
_LEFT = Decimal("0.05")


@define
class _Open:
    opened_ns: int
    realized: Decimal
    most: Decimal


@final
class RoundTrips:
    """`losses` in a row over all instruments; `closed_ns` of each symbol's last one."""

    def __init__(self) -> None:
        self.losses = 0
        self.closed_ns: dict[Symbol, int] = {}
        self._open: dict[InstrumentId, _Open] = {}
        self._realized: dict[InstrumentId, Decimal] = {}

    def opened_ns(self, instrument: InstrumentId) -> int | None:
        """When the position that is held now was begun."""
        found = self._open.get(instrument)
        return None if found is None else found.opened_ns

    def take(
        self, instrument: InstrumentId, amount: Decimal, realized: Decimal, ts_ns: int
    ) -> Decimal | None:
        """A position after a fill, and what the instrument has realized in all.

        The profit of the round trip that this fill ended, None where it did not.
        """
        trip, before = self._open.get(instrument), self._realized.get(instrument, ZERO)
        self._realized[instrument] = realized
        if trip is None:
            if amount > ZERO:  # the fee of the first fill is the trip's, too
                self._open[instrument] = _Open(ts_ns, before, amount)
            return None
        trip.most = max(trip.most, amount)
        if amount > trip.most * _LEFT:
            return None
        del self._open[instrument]
        profit = realized - trip.realized
        self.losses = self.losses + 1 if profit < ZERO else 0
        self.closed_ns[instrument.symbol] = ts_ns
        return profit
