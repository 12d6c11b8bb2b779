"""The instruments that were asked for, by the venue's names of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import final

from bot3.domain.values import InstrumentId, Symbol, VenueName


@final
class SymbolTable:
    """Both directions; `wire_symbol` raises `VenueError` for what is no pair."""

    def __init__(self, venue: VenueName, wire_symbol: Callable[[Symbol], str]) -> None:
        self._venue, self._wire_symbol = venue, wire_symbol
        self._by_wire: dict[str, InstrumentId] = {}

    def add(self, symbol: Symbol) -> str:
        """The venue's name, from now on known in both directions; raises `VenueError`."""
        wire = self._wire_symbol(symbol)
        self._by_wire[wire] = InstrumentId(self._venue, symbol)
        return wire

    def find(self, wire: str) -> InstrumentId | None:
        """None for a symbol that nobody asked for."""
        return self._by_wire.get(wire)

    @property
    def symbols(self) -> tuple[Symbol, ...]:
        """All that were added."""
        return tuple(instrument.symbol for instrument in self._by_wire.values())
