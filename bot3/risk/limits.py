"""The limits of the gate. Fractions are of equity; a missing limit does not exist: zero means none
only where it says so.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from attrs import Attribute, field, frozen

from bot3.domain.errors import ConfigError


def _at_most_all(_instance: object, attribute: Attribute[Any], value: float) -> None:
    if not 0 <= value <= 1:
        raise ConfigError(f"risk.{attribute.name} = {value}: want a fraction from 0 to 1")


def _fraction(_instance: object, attribute: Attribute[Any], value: float) -> None:
    if not 0 < value <= 1:
        raise ConfigError(f"risk.{attribute.name} = {value}: want a fraction above 0, at most 1")


def _share(_instance: object, attribute: Attribute[Any], value: float) -> None:
    if not 0 <= value < 1:
        raise ConfigError(f"risk.{attribute.name} = {value}: want zero (none) or less than 1")


def _any_amount(_instance: object, attribute: Attribute[Any], value: float) -> None:
    if not 0 <= value < 1e15:
        raise ConfigError(f"risk.{attribute.name} = {value}: want zero (none) or more")


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
    is resumed, and with `is_flattened_at_limit` sell everything.
    `price_collar_bps`: how far from the mid an order's price may be; `exit_collar_bps` that of one
    that reduces while everything, or its symbol, is being sold.
    `sizing_headroom` keeps sized targets that far below the position limit, for prices that move
    between sizing and order. `is_exit_allowed_when_halted` lets reducing orders pass a halt;
    without it nothing at all is sent after one. `order_notional_max` of zero is no limit; it does
    not bind reducing orders. The size limits may be 0: then nothing is entered.

    Exits of a symbol's holding (0: none): `stop_loss`, how far it may fall below its entry;
    `trailing_stop`, how far below its peak, once it gained `trailing_from`; `take_profit`, the gain
    at which it is sold; `holding_max_s`, how long it is held. `stop_pause_s` is how long it is not
    entered again then.

    Entries (0: no such rule): `cooldown_s` after a position was closed; for
    `stop_guard_pause_s` after `stop_guard_stops` losing exits within `stop_guard_window_s`, in any
    symbol; while `open_trades_max` other symbols are held; only where a day's volume (in quote) is
    at least `pair_volume_min`, the spread at most `pair_spread_max_bps`, and the market is
    `pair_age_min_days` old.
    """

    position_fraction_max: float = field(default=0.02, validator=_at_most_all)
    exposure_fraction_max: float = field(default=0.2, validator=_at_most_all)
    asset_fraction_max: float = field(default=1.0, validator=_at_most_all)
    venue_fraction_max: float = field(default=1.0, validator=_at_most_all)
    drawdown_max: float = field(default=0.15, validator=_fraction)
    daily_loss_max: float = field(default=0.05, validator=_fraction)
    sizing_headroom: float = field(default=0.01, validator=_fraction)
    book_age_max_s: float = field(default=10.0, validator=_positive)
    price_collar_bps: float = field(default=50.0, validator=_positive)
    exit_collar_bps: float = field(default=100.0, validator=_positive)
    order_rate_max: int = field(default=20, validator=_positive)
    order_rate_window_s: float = field(default=10.0, validator=_positive)
    order_notional_max: Decimal = field(default=Decimal(0), validator=_not_negative)
    is_exit_allowed_when_halted: bool = False
    is_flattened_at_limit: bool = False
    stop_loss: float = field(default=0.0, validator=_share)
    stop_pause_s: float = field(default=300.0, validator=_positive)
    trailing_stop: float = field(default=0.0, validator=_share)
    trailing_from: float = field(default=0.0, validator=_any_amount)
    take_profit: float = field(default=0.0, validator=_any_amount)
    holding_max_s: float = field(default=0.0, validator=_any_amount)
    cooldown_s: float = field(default=0.0, validator=_any_amount)
    stop_guard_stops: int = field(default=0, validator=_any_amount)
    stop_guard_window_s: float = field(default=3600.0, validator=_positive)
    stop_guard_pause_s: float = field(default=1800.0, validator=_positive)
    open_trades_max: int = field(default=0, validator=_any_amount)
    pair_volume_min: float = field(default=0.0, validator=_any_amount)
    pair_spread_max_bps: float = field(default=0.0, validator=_any_amount)
    pair_age_min_days: int = field(default=0, validator=_any_amount)

    @property
    def has_pair_rules(self) -> bool:
        """Whether somebody must ask the venues for the markets' histories."""
        return bool(self.pair_volume_min or self.pair_age_min_days)
