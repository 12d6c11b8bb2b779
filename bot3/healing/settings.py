"""When the policy acts. Shares are in [0, 1]; durations are positive seconds."""

from __future__ import annotations

from typing import Any

from attrs import Attribute, field, frozen

from bot3.domain.errors import ConfigError


def _positive(_instance: object, attribute: Attribute[Any], value: float) -> None:
    if not 0 < value < 1e12:
        raise ConfigError(f"healing.{attribute.name} = {value}: want a positive number")


def _share(_instance: object, attribute: Attribute[Any], value: float) -> None:
    if not 0 < value <= 1:
        raise ConfigError(f"healing.{attribute.name} = {value}: want a share above 0, at most 1")


def _not_below_open(instance: HealingSettings, _attribute: Attribute[Any], value: float) -> None:
    if not instance.circuit_open_s <= value < 1e12:
        raise ConfigError(
            f"healing.circuit_open_max_s = {value}: want at least circuit_open_s ="
            f" {instance.circuit_open_s}"
        )


def _below_shedding(instance: HealingSettings, _attribute: Attribute[Any], value: float) -> None:
    if not 0 < value < instance.shed_data_above:
        raise ConfigError(
            f"healing.resume_data_below = {value}: want above 0 and below shed_data_above ="
            f" {instance.shed_data_above}"
        )


@frozen(kw_only=True)
class HealingSettings:
    """A book that is silent for `stale_book_s` is asked for again, at most
    `resyncs_per_minute_max` times a minute. `circuit_failures` failed calls within
    `circuit_window_s` open a venue's circuit for `circuit_open_s`, and for twice as long each time
    it did not help, up to `circuit_open_max_s`. `crashes_max` crashes within `crash_window_s` of an
    actor rebuilt from one and the same state condemn that state. Data requests are shed from
    `shed_data_above` of the rate budget on, until less than `resume_data_below` is used.
    """

    stale_book_s: float = field(default=10.0, validator=_positive)
    resyncs_per_minute_max: int = field(default=3, validator=_positive)
    circuit_failures: int = field(default=5, validator=_positive)
    circuit_window_s: float = field(default=30.0, validator=_positive)
    circuit_open_s: float = field(default=15.0, validator=_positive)
    circuit_open_max_s: float = field(default=300.0, validator=_not_below_open)
    crashes_max: int = field(default=3, validator=_positive)
    crash_window_s: float = field(default=600.0, validator=_positive)
    shed_data_above: float = field(default=0.5, validator=_share)
    resume_data_below: float = field(default=0.3, validator=_below_shedding)
