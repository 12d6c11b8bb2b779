"""What the small world was promised."""

from __future__ import annotations

from typing import Any

from attrs import evolve

from bot3.app.simulation.invariants.settings import InvariantSettings
from bot3.risk.limits import RiskLimits
from tests.bot3.making import KEY, USDT, d

LIMITS = RiskLimits(
    position_fraction_max=0.02,
    exposure_fraction_max=0.03,
    book_age_max_s=2.0,
    price_collar_bps=50.0,
    order_rate_max=5,
    order_rate_window_s=15.0,
    order_notional_max=d(150),
)


def promises(limits: dict[str, Any] | None = None, **changes: Any) -> InvariantSettings:
    """Five-second orders, a patience of 20 s, one instrument; with these changes."""
    given = InvariantSettings(
        limits=evolve(LIMITS, **(limits or {})),
        currency=USDT,
        instruments=(KEY,),
        order_lifetime_s=5.0,
        maker_patience_s=20.0,
    )
    return evolve(given, **changes)
