"""The streaming form of each feature: one bar in, one float out, a few microseconds.

Invariant: the twin of the function of the same meaning in `bot3.market.columns`; a test holds them
equal. NaN until warm.
"""

from __future__ import annotations

from collections import deque
from math import cos, log, nan, pi, sin, sqrt

from bot3.domain.bar import Bar
from bot3.market.indicators import Adx, Atr, Ema, MacdHistogram, Rsi
from bot3.market.rolling import RollingScore, RollingSum
from bot3.market.sample import BookSample

EMA_FAST, EMA_SLOW = 12, 48
WINDOW = 20
DAY_NS = 86_400_000_000_000


class LogReturn:
    """log(close / close `bars` ago)."""

    __slots__ = ("_closes",)

    def __init__(self, bars: int) -> None:
        self._closes: deque[float] = deque(maxlen=bars + 1)

    def update(self, bar: Bar, _sample: BookSample) -> float:
        closes = self._closes
        closes.append(bar.close)
        return log(bar.close / closes[0]) if len(closes) == closes.maxlen else nan


class Volatility:
    """Realized volatility a bar: the root of the mean squared log return of `bars` bars."""

    __slots__ = ("_bars", "_close", "_squares")

    def __init__(self, bars: int) -> None:
        self._bars, self._close = bars, nan
        self._squares = RollingSum(bars)

    def update(self, bar: Bar, _sample: BookSample) -> float:
        before, self._close = self._close, bar.close
        if before > 0.0:
            change = log(bar.close / before)
            return sqrt(self._squares.update(change * change) / self._bars)
        return nan


class EmaDistance:
    """(EMA fast - EMA slow) / close."""

    __slots__ = ("_fast", "_slow")

    def __init__(self) -> None:
        self._fast, self._slow = Ema(EMA_FAST), Ema(EMA_SLOW)

    def update(self, bar: Bar, _sample: BookSample) -> float:
        close = bar.close
        return (self._fast.update(close) - self._slow.update(close)) / close


class RelativeStrength:
    """RSI(14), 0 to 100."""

    __slots__ = ("_rsi",)

    def __init__(self) -> None:
        self._rsi = Rsi()

    def update(self, bar: Bar, _sample: BookSample) -> float:
        return self._rsi.update(bar.close)


class Macd:
    """MACD(12, 26, 9) histogram / close."""

    __slots__ = ("_macd",)

    def __init__(self) -> None:
        self._macd = MacdHistogram()

    def update(self, bar: Bar, _sample: BookSample) -> float:
        return self._macd.update(bar.close) / bar.close


class BollingerB:
    """%b of Bollinger(20, 2): 0 at the lower band, 1 at the upper, 0.5 where nothing moved."""

    __slots__ = ("_score",)

    def __init__(self) -> None:
        self._score = RollingScore(WINDOW)

    def update(self, bar: Bar, _sample: BookSample) -> float:
        return 0.5 + 0.25 * self._score.update(bar.close)


class AverageRange:
    """ATR(14) / close."""

    __slots__ = ("_atr",)

    def __init__(self) -> None:
        self._atr = Atr()

    def update(self, bar: Bar, _sample: BookSample) -> float:
        return self._atr.update(bar.high, bar.low, bar.close) / bar.close


class Directedness:
    """ADX(14), 0 to 100."""

    __slots__ = ("_adx",)

    def __init__(self) -> None:
        self._adx = Adx()

    def update(self, bar: Bar, _sample: BookSample) -> float:
        return self._adx.update(bar.high, bar.low, bar.close)


class VolumeScore:
    """How many deviations this bar's volume is above the mean of 20."""

    __slots__ = ("_score",)

    def __init__(self) -> None:
        self._score = RollingScore(WINDOW)

    def update(self, bar: Bar, _sample: BookSample) -> float:
        return self._score.update(bar.volume)


class TradeFlow:
    """(Bought - sold) / volume by the aggressor, over `bars`; 0 without trades."""

    __slots__ = ("_signed", "_volume")

    def __init__(self, bars: int) -> None:
        self._signed, self._volume = RollingSum(bars), RollingSum(bars)

    def update(self, bar: Bar, _sample: BookSample) -> float:
        signed = self._signed.update(2.0 * bar.buy_volume - bar.volume)
        volume = self._volume.update(bar.volume)
        return 0.0 if volume == 0.0 else signed / volume


class DaySine:
    """The sine of the close's time of day (UTC), a turn a day."""

    __slots__ = ()

    def update(self, bar: Bar, _sample: BookSample) -> float:
        return sin(2.0 * pi * (bar.close_ns % DAY_NS / DAY_NS))


class DayCosine:
    """The cosine of the close's time of day (UTC), a turn a day."""

    __slots__ = ()

    def update(self, bar: Bar, _sample: BookSample) -> float:
        return cos(2.0 * pi * (bar.close_ns % DAY_NS / DAY_NS))


class Sampled:
    """A field of the book sample as it is."""

    __slots__ = ("_at",)

    def __init__(self, at: int) -> None:
        self._at = at

    def update(self, _bar: Bar, sample: BookSample) -> float:
        return sample[self._at]


class SampledSum:
    """The sum of a field of the book sample over `bars`."""

    __slots__ = ("_at", "_sum")

    def __init__(self, at: int, bars: int) -> None:
        self._at, self._sum = at, RollingSum(bars)

    def update(self, _bar: Bar, sample: BookSample) -> float:
        return self._sum.update(sample[self._at])
