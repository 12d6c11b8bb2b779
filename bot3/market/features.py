"""The feature vector of a bar: each feature declared once, in a streaming and a columnar form.

Invariant: fed the same bars, both forms agree to 1e-9, and a value depends on no later bar.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from math import isfinite
from operator import itemgetter
from typing import Any, Protocol

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from bot3.domain.bar import Bar
from bot3.domain.values import InstrumentId
from bot3.market import columns, streams
from bot3.market.rolling import Column
from bot3.market.sample import NO_BOOK, BookSample


class Stream(Protocol):
    """One feature, bar by bar; NaN until warm."""

    def update(self, bar: Bar, sample: BookSample) -> float:
        """The feature at this bar's close."""
        ...


@frozen
class Feature:
    """A declaration: how to start a stream, and how to compute the whole column.

    `warm_up_bars` is the number of bars before the first value.
    """

    name: str
    warm_up_bars: int
    stream: Callable[[], Stream]
    column: Callable[[columns.BarColumns], Column]


_FLOW = BookSample._fields.index("order_flow")

FEATURES: tuple[Feature, ...] = (
    *(
        Feature(
            f"log_return_{bars}",
            bars,
            partial(streams.LogReturn, bars),
            partial(columns.log_return, bars=bars),
        )
        for bars in (1, 5, 20, 60)
    ),
    *(
        Feature(
            f"volatility_{bars}",
            bars,
            partial(streams.Volatility, bars),
            partial(columns.volatility, bars=bars),
        )
        for bars in (5, 20, 60)
    ),
    Feature("ema_distance", 47, streams.EmaDistance, columns.ema_distance),
    Feature("rsi_14", 14, streams.RelativeStrength, columns.relative_strength),
    Feature("macd_histogram", 33, streams.Macd, columns.macd_histogram),
    Feature("bollinger_b", 19, streams.BollingerB, columns.bollinger_b),
    Feature("atr_14", 14, streams.AverageRange, columns.average_range),
    Feature("adx_14", 27, streams.Directedness, columns.directedness),
    Feature("volume_score", 19, streams.VolumeScore, columns.volume_score),
    *(
        Feature(
            name,
            bars - 1,
            partial(streams.TradeFlow, bars),
            partial(columns.trade_flow, bars=bars),
        )
        for name, bars in (("trade_flow_1", 1), ("trade_flow", 20))
    ),
    Feature(
        "order_flow_5",
        4,
        partial(streams.SampledSum, _FLOW, 5),
        partial(columns.sampled_sum, name="order_flow", bars=5),
    ),
    Feature("day_sine", 0, streams.DaySine, columns.day_sine),
    Feature("day_cosine", 0, streams.DayCosine, columns.day_cosine),
    *(
        Feature(
            name,
            0,
            partial(streams.Sampled, at),
            itemgetter(name),
        )
        for at, name in enumerate(BookSample._fields)
    ),
)
FEATURE_NAMES: tuple[str, ...] = tuple(feature.name for feature in FEATURES)
FEATURE_INDEX: dict[str, int] = {name: at for at, name in enumerate(FEATURE_NAMES)}
WARM_UP_BARS = max(feature.warm_up_bars for feature in FEATURES)


class FeatureEngine:
    """All features of one instrument.

    A bar with a number that is not finite, or a price that is not positive, raises ValueError and
    changes nothing: a poisoned recursion would never heal.
    """

    __slots__ = ("_streams", "_warm_in", "instrument")

    def __init__(self, instrument: InstrumentId) -> None:
        self.instrument = instrument
        self._streams = tuple(feature.stream() for feature in FEATURES)
        self._warm_in = WARM_UP_BARS

    def on_bar(self, bar: Bar, sample: BookSample) -> tuple[float, ...] | None:
        """The vector at this bar's close in the order of `FEATURE_NAMES`; None until all are warm.

        Raises:
            ValueError: a number of the bar or the sample that is not usable.
        """
        prices_ok = 0.0 < bar.low <= bar.close <= bar.high < 1e300
        amounts_ok = 0.0 <= bar.buy_volume <= bar.volume < 1e300
        if not (prices_ok and amounts_ok and isfinite(sum(sample))):
            raise ValueError(f"{self.instrument}: not a usable bar and book: {bar} {sample}")
        values = tuple([stream.update(bar, sample) for stream in self._streams])
        if self._warm_in > 0:
            self._warm_in -= 1
            return None
        return values

    def columns(self, bars: columns.BarColumns) -> dict[str, Column]:
        """Every feature over whole arrays, NaN until warm; `bars` as `bar_columns` makes them."""
        return {feature.name: feature.column(bars) for feature in FEATURES}


def bar_columns(
    bars: Sequence[Bar], samples: Sequence[BookSample] | None = None
) -> dict[str, NDArray[Any]]:
    """Bars (and book samples) as columns named like their fields, for `FeatureEngine.columns`."""
    taken = samples if samples is not None else [NO_BOOK] * len(bars)
    if len(taken) != len(bars):
        raise ValueError(f"{len(bars)} bars but {len(taken)} book samples")
    frame: dict[str, NDArray[Any]] = {
        name: np.array([getattr(bar, name) for bar in bars], dtype=np.int64)
        for name in ("open_ns", "interval_s", "trades")
    }
    for name in ("open", "high", "low", "close", "volume", "buy_volume"):
        frame[name] = np.array([getattr(bar, name) for bar in bars], dtype=np.float64)
    for at, name in enumerate(BookSample._fields):
        frame[name] = np.array([sample[at] for sample in taken], dtype=np.float64)
    return frame
