"""What a venue holds for us, per asset. Total = free + held, always."""

from __future__ import annotations

from decimal import Decimal

from attrs import frozen

from bot3.domain.values import Asset, VenueName


@frozen
class Balance:
    """One asset on one venue: `held` is bound by open orders."""

    venue: VenueName
    asset: Asset
    free: Decimal
    held: Decimal

    @property
    def total(self) -> Decimal:
        """Free plus held."""
        return self.free + self.held
