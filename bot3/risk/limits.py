"""The limits of the gate. Fractions are of equity; a missing limit does not exist: zero means none
only where it says so.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from attrs import Attribute, field, frozen

from bot3.domain.errors import ConfigError


def _fraction(_instance: object, attribute: Attribute[Any], value: float) -> None:
    if not 0 < value <= 1:
        raise ConfigError(f"risk.{attribute.name} = {value}: want a fraction above 0, at most 1")


def _share(_instance: object, attribute: Attribute[Any], value: float) -> None:
    if not 0 <= value < 1:
        raise ConfigError(f"risk.{attribute.name} = {value}: want zero (none) or less than 1")


def _positive(_instance: object, attribute: Attribute[Any], value: float) -> None:
    if not 0 < value < 1e12:
        raise ConfigError(f"risk.{attribute.name} = {value}: want a positive number")


def _not_negative(_instance: object, attribute: Attribute[Decimal], value: Decimal) -> None:
    if not value.is_finite() or value < 0:
        raise ConfigError(f"risk.{attribute.name} = {value}: want zero (no limit) or more")


@frozen(kw_only=True)
class RiskLimits:
    """What no approved order may break.

    `position_fraction_max` (an instrument), `asset_fraction_max` (a base asset over all venues),
    `venue_fraction_max` and `exposure_fraction_max` (everything) bind entries: a holding that
    outgrows them by its price may stay. `drawdown_max` and `daily_loss_max` halt trading until it
    is resumed.
    `sizing_headroom` keeps sized targets that far below the position limit, for prices that move
    between sizing and order. `is_exit_allowed_when_halted` lets reducing orders pass a halt;
    without it nothing at all is sent after one. `order_notional_max` of zero is no limit; it does
    not bind reducing orders. `stop_loss` is how far a symbol's holding may fall below its entry
    (0: no stop), `stop_pause_s` how long it is not entered again then.
    """

    position_fraction_max: float = field(default=0.02, validator=_fraction)
    exposure_fraction_max: float = field(default=0.2, validator=_fraction)
    asset_fraction_max: float = field(default=1.0, validator=_fraction)
    venue_fraction_max: float = field(default=1.0, validator=_fraction)
    drawdown_max: float = field(default=0.15, validator=_fraction)
    daily_loss_max: float = field(default=0.05, validator=_fraction)
    sizing_headroom: float = field(default=0.01, validator=_fraction)
    book_age_max_s: float = field(default=10.0, validator=_positive)
    price_collar_bps: float = field(default=50.0, validator=_positive)
    order_rate_max: int = field(default=20, validator=_positive)
    order_rate_window_s: float = field(default=10.0, validator=_positive)
    order_notional_max: Decimal = field(default=Decimal(0), validator=_not_negative)
    is_exit_allowed_when_halted: bool = False
    stop_loss: float = field(default=0.0, validator=_share)
    stop_pause_s: float = field(default=300.0, validator=_positive)
