"""What the agents of a simulated market are like, and the units they count in.

Invariant: prices come out on the tick, sizes in whole lots, neither below one.
"""

from __future__ import annotations

import math
from typing import final

from attrs import field, frozen, validators

_positive = validators.gt(0.0)
_not_negative = validators.ge(0.0)
_share = validators.and_(_not_negative, validators.lt(1.0))
_each_positive = validators.deep_iterable(_positive)


def _ends(_: object, __: object, excitations: tuple[float, float]) -> None:
    """Raises `ValueError` for market orders that would bring about ever more of them."""
    if min(excitations) < 0.0 or sum(excitations) >= 1.0:
        raise ValueError(f"taker_excitations {excitations}: want none below 0, their sum below 1")


@frozen
class AgentSettings:
    """Sizes in quote asset, distances in basis points of the price, rates per second.

    Everybody looks at the market every `look_ms`. Of the market orders, `splitter_share` are
    slices of a few large orders worked at a time; `taker_excitations` are how many further market
    orders one brings about, within the seconds of `taker_memories_s` (their sum stays below one,
    or there is no end of them).
    """

    look_ms: int = field(default=20, validator=validators.ge(1))
    maker_levels: int = field(default=12, validator=validators.ge(1))
    maker_step_bps: float = field(default=0.5, validator=_positive)
    maker_size: float = field(default=25_000.0, validator=_positive)
    maker_inventory_max: float = field(default=800_000.0, validator=_positive)
    maker_lean_bps: float = field(default=1.5, validator=_not_negative)
    maker_noise_bps: float = field(default=0.6, validator=_not_negative)
    maker_noise_memory_s: float = field(default=0.3, validator=_positive)
    patient_orders: int = field(default=84, validator=validators.ge(0))
    patient_from_bps: float = field(default=3.0, validator=_positive)
    patient_mean_bps: float = field(default=14.0, validator=_positive)
    patient_size: float = field(default=12_000.0, validator=_positive)
    patient_life_s: float = field(default=25.0, validator=_positive)
    taker_rate: float = field(default=0.65, validator=_not_negative)
    taker_excitations: tuple[float, float] = field(default=(0.3, 0.3), validator=_ends)
    taker_memories_s: tuple[float, float] = field(default=(0.15, 3.0), validator=_each_positive)
    taker_size: float = field(default=1_800.0, validator=_positive)
    splitters: int = field(default=3, validator=validators.ge(1))
    splitter_share: float = field(default=0.95, validator=_share)
    splitter_tail: float = field(default=1.8, validator=validators.gt(1.0))
    momentum: float = field(default=0.15, validator=_not_negative)


@final
class OrderIds:
    """Ids of the market's own orders in one market: below zero, never used twice."""

    def __init__(self) -> None:
        self._last = 0

    def next(self) -> int:
        self._last -= 1
        return self._last


@final
class MarketUnits:
    """Float prices and sizes, none below zero, onto ticks and lots. A unit of the quote asset
    counts `quote_value` in a size: 1 but in cross markets.
    """

    def __init__(self, tick_size: float, lot_size: float, quote_value: float = 1.0) -> None:
        self._tick, self._lot, self._value = tick_size, lot_size, quote_value

    def bid(self, price: float) -> int:
        return math.floor(price / self._tick) or 1

    def ask(self, price: float) -> int:
        return max(math.ceil(price / self._tick), 2)

    def price(self, ticks: int) -> float:
        return ticks * self._tick

    def lots(self, notional: float, price: float) -> int:
        return int(notional / self._value / price / self._lot) or 1

    def notional(self, ticks: int, lots: int) -> float:
        return ticks * self._tick * lots * self._lot * self._value
