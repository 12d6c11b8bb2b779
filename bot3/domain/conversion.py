"""What an order of a cross symbol is worth in the accounting currency.

A cross symbol (`ETH/BTC`) is quoted in an asset that is traded against that currency itself; a home
instrument (`ETH/USDT`, `BTC/USDT`) is where an asset's position on a venue is kept.
"""

from __future__ import annotations

from attrs import frozen

from bot3.domain.values import Asset, InstrumentId, Price, Symbol


@frozen
class Conversion:
    """The quote asset's own instrument, and its mark when the order was decided."""

    instrument: InstrumentId
    price: Price

    def home(self, asset: Asset) -> InstrumentId:
        """Where the position of an asset is kept, on the same venue."""
        currency = self.instrument.symbol.partition("/")[2]
        return InstrumentId(self.instrument.venue, Symbol(f"{asset}/{currency}"))
