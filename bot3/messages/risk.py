"""What risk says of itself: how much of the limits may be used, and why."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from bot3.domain.values import InstrumentId


class RiskScaled(msgspec.Struct, frozen=True):
    """The position that an instrument may be: `share` of equity, `scale` of the configured one.

    `factors` by name, each in [0, 1]; Kelly's share, where it is the smaller, is in `share` alone.
    """

    instrument: InstrumentId
    ts_ns: int
    scale: float
    share: float
    factors: dict[str, float]


class LadderMoved(msgspec.Struct, frozen=True, tag=True):
    """A step of the drawdown ladder: `scale` of the size is left."""

    ts_ns: int
    drawdown: float
    step: int
    scale: float


class PairExamined(msgspec.Struct, frozen=True):
    """What a venue's history says of a market: the last day's volume in quote, and since how many
    whole days there are bars.
    """

    instrument: InstrumentId
    ts_ns: int
    volume: float
    age_days: int


class VolatilityFitted(msgspec.Struct, frozen=True, tag=True):
    """GARCH(1,1) of an instrument's log returns a bar, each of `bar_s`."""

    instrument: InstrumentId
    ts_ns: int
    omega: float
    alpha: float
    beta: float
    mean: float
    bar_s: float


class BetsMeasured(msgspec.Struct, frozen=True, tag=True):
    """What following the blend earned so far, for Kelly sizing: `mean` and second `moments` (the
    upper triangle, by rows) of a bar's returns, over `weight` bars of `bar_s` that forget.
    """

    ts_ns: int
    bar_s: float
    instruments: tuple[InstrumentId, ...]
    weight: float
    mean: tuple[float, ...]
    moments: tuple[float, ...]


class CapitalChanged(msgspec.Struct, frozen=True, tag=True):
    """What sizes are made from: `capital` of an account that began with `base`; `reserve` was set
    aside from profits up to an equity of `high`. In the quote asset.
    """

    ts_ns: int
    base: Decimal
    capital: Decimal
    reserve: Decimal
    high: Decimal


class AllocationSolved(msgspec.Struct, frozen=True, tag=True):
    """Shares of the capital by sleeve and by instrument, and in `words` what growth is supported.

    `apy` with its 95 % interval is None where there are less than 90 days.
    """

    ts_ns: int
    weights: dict[str, float]
    shares: tuple[tuple[InstrumentId, float], ...]
    cash: float
    days: float
    target_apy: float
    is_supported: bool
    words: str
    apy: float | None = None
    apy_low: float | None = None
    apy_high: float | None = None
