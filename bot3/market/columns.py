"""The columnar form of each feature: whole arrays of bars in, one array out, NaN until warm.

Invariant: the twin of the class of the same meaning in `bot3.market.streams`; a test holds them
equal. Bars come as named columns: a mapping of arrays, or a pandas frame.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, Protocol

import numpy as np

from bot3.market.indicators import EPSILON
from bot3.market.rolling import Column, rolling_score, rolling_sum
from bot3.market.streams import DAY_NS, EMA_FAST, EMA_SLOW, WINDOW


class BarColumns(Protocol):
    """Columns by name: those of `Bar` and of `BookSample`, of equal length, oldest first."""

    def __getitem__(self, name: str, /) -> Any: ...


def _talib() -> Any:
    """TA-Lib, imported by the first column: streaming does without."""
    return import_module("talib")


def _floats(frame: BarColumns, name: str) -> Column:
    return np.ascontiguousarray(frame[name], dtype=np.float64)


def log_return(frame: BarColumns, bars: int) -> Column:
    close = _floats(frame, "close")
    returns = np.full(len(close), np.nan)
    returns[bars:] = np.log(close[bars:] / close[:-bars])
    return returns


def volatility(frame: BarColumns, bars: int) -> Column:
    returns = log_return(frame, 1)
    # The first bar has no return: it is left out rather than summed as NaN.
    sums = np.full(len(returns), np.nan)
    sums[1:] = rolling_sum(returns[1:] * returns[1:], bars)
    return np.sqrt(sums / bars)


def ema_distance(frame: BarColumns) -> Column:
    talib = _talib()
    close = _floats(frame, "close")
    distance: Column = (talib.EMA(close, EMA_FAST) - talib.EMA(close, EMA_SLOW)) / close
    return distance


def relative_strength(frame: BarColumns) -> Column:
    talib = _talib()
    close = _floats(frame, "close")
    # ATR of bars without height is Wilder's average of |change|: where it is zero TA-Lib's RSI
    # says 0, and 50 is meant.
    moved = talib.ATR(close, close, close, 14)
    strength: Column = np.where(moved < EPSILON, 50.0, talib.RSI(close, 14))
    return strength


def macd_histogram(frame: BarColumns) -> Column:
    talib = _talib()
    close = _floats(frame, "close")
    histogram: Column = talib.MACD(close, 12, 26, 9)[2] / close
    return histogram


def bollinger_b(frame: BarColumns) -> Column:
    return 0.5 + 0.25 * rolling_score(_floats(frame, "close"), WINDOW)


def average_range(frame: BarColumns) -> Column:
    talib = _talib()
    high, low, close = (_floats(frame, name) for name in ("high", "low", "close"))
    average: Column = talib.ATR(high, low, close, 14) / close
    return average


def directedness(frame: BarColumns) -> Column:
    talib = _talib()
    high, low, close = (_floats(frame, name) for name in ("high", "low", "close"))
    index: Column = talib.ADX(high, low, close, 14)
    return index


def volume_score(frame: BarColumns) -> Column:
    return rolling_score(_floats(frame, "volume"), WINDOW)


def sampled_sum(frame: BarColumns, name: str, bars: int) -> Column:
    return rolling_sum(_floats(frame, name), bars)


def trade_flow(frame: BarColumns, bars: int) -> Column:
    bought, volume = _floats(frame, "buy_volume"), _floats(frame, "volume")
    signed, total = rolling_sum(2.0 * bought - volume, bars), rolling_sum(volume, bars)
    traded = total != 0.0
    flow: Column = np.where(traded, signed / np.where(traded, total, 1.0), 0.0)
    return flow


def _day_angle(frame: BarColumns) -> Column:
    open_ns = np.asarray(frame["open_ns"], dtype=np.int64)
    interval_s = np.asarray(frame["interval_s"], dtype=np.int64)
    close_ns = open_ns + interval_s * 1_000_000_000
    angle: Column = 2.0 * np.pi * (close_ns % DAY_NS / DAY_NS)
    return angle


def day_sine(frame: BarColumns) -> Column:
    sine: Column = np.sin(_day_angle(frame))
    return sine


def day_cosine(frame: BarColumns) -> Column:
    cosine: Column = np.cos(_day_angle(frame))
    return cosine
