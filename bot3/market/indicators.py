"""Indicators with recursive memory, one value in, one value out, seeded as TA-Lib seeds them.

Invariant: fed the same series, every class returns what TA-Lib's default returns at that index,
NaN until warm. Formulas and seeds: TA-Lib's ta_EMA.c, ta_MACD.c, ta_RSI.c, ta_ATR.c, ta_ADX.c.
"""

from __future__ import annotations

from math import isnan, nan

NAN = nan
# TA-Lib's TA_EPSILON: what it takes for zero before it divides.
EPSILON = 1e-14


class Ema:
    """Exponential average with weight 2/(period+1), seeded by the mean of `period` values.

    `skip` first values are dropped before the seed (MACD's fast average starts with its slow one).
    """

    __slots__ = ("_count", "_period", "_skip", "_sum", "_weight", "value")

    def __init__(self, period: int, skip: int = 0) -> None:
        self._period, self._skip = period, skip
        self._weight = 2.0 / (period + 1)
        self._count, self._sum = -skip, 0.0
        self.value = NAN

    def update(self, value: float) -> float:
        """The average including `value`."""
        if self._count >= self._period:
            self.value += self._weight * (value - self.value)
            return self.value
        self._count += 1
        if self._count > 0:
            self._sum += value
            if self._count == self._period:
                self.value = self._sum / self._period
        return self.value


class MacdHistogram:
    """MACD line minus its signal: EMA(fast) - EMA(slow), less its own EMA(signal)."""

    __slots__ = ("_fast", "_signal", "_slow")

    def __init__(self, fast: int = 12, slow: int = 26, signal: int = 9) -> None:
        self._fast, self._slow = Ema(fast, skip=slow - fast), Ema(slow)
        self._signal = Ema(signal)

    def update(self, close: float) -> float:
        """The histogram in price units."""
        fast, slow = self._fast.update(close), self._slow.update(close)
        if isnan(slow):
            return NAN
        line = fast - slow
        return line - self._signal.update(line)


class Wilder:
    """Wilder's average: the mean of the first `period` values, then (period - 1 : 1) blends."""

    __slots__ = ("_count", "_period", "_sum", "value")

    def __init__(self, period: int) -> None:
        self._period = period
        self._count, self._sum = 0, 0.0
        self.value = NAN

    def update(self, value: float) -> float:
        """The average including `value`."""
        if self._count >= self._period:
            self.value = (self.value * (self._period - 1) + value) / self._period
            return self.value
        self._count += 1
        self._sum += value
        if self._count == self._period:
            self.value = self._sum / self._period
        return self.value


class Rsi:
    """Relative strength, 0 to 100.

    50 where nothing ever moved: TA-Lib says 0 there, which would read as a crash.
    """

    __slots__ = ("_gain", "_last", "_loss")

    def __init__(self, period: int = 14) -> None:
        self._gain, self._loss = Wilder(period), Wilder(period)
        self._last = NAN

    def update(self, close: float) -> float:
        """The index including `close`."""
        change = close - self._last
        self._last = close
        if isnan(change):  # the first close
            return NAN
        gain = self._gain.update(change if change > 0 else 0.0)
        total = gain + self._loss.update(-change if change < 0 else 0.0)
        if total < EPSILON:
            return 50.0
        return 100.0 * gain / total


def true_range(high: float, low: float, close_before: float) -> float:
    """The largest of high - low and the two distances from the close before."""
    return max(high - low, abs(high - close_before), abs(low - close_before))


class Atr:
    """Average true range in price units."""

    __slots__ = ("_average", "_close")

    def __init__(self, period: int = 14) -> None:
        self._average = Wilder(period)
        self._close = NAN

    def update(self, high: float, low: float, close: float) -> float:
        """The range including this bar."""
        before, self._close = self._close, close
        if isnan(before):  # the first bar
            return NAN
        return self._average.update(true_range(high, low, before))


class Adx:
    """Average directional index, 0 to 100: how directed the moves are, whichever way.

    The directional moves and the true range start as plain sums of period - 1 bars, then decay by
    1/period a bar; the index is Wilder's average of what follows, as in TA-Lib.
    """

    __slots__ = (
        "_adx", "_bars", "_close", "_dx", "_dx_sum", "_high", "_low", "_minus", "_period",
        "_plus", "_range",
    )  # fmt: skip

    def __init__(self, period: int = 14) -> None:
        self._period = period
        self._bars = -1
        self._high = self._low = self._close = NAN
        self._plus = self._minus = self._range = 0.0
        self._dx = self._dx_sum = 0.0
        self._adx = NAN

    def update(self, high: float, low: float, close: float) -> float:
        """The index including this bar."""
        self._bars += 1
        if self._bars > 0:
            self._move(high, low)
            if self._bars >= self._period:
                self._index()
        self._high, self._low, self._close = high, low, close
        return self._adx

    def _move(self, high: float, low: float) -> None:
        up, down = high - self._high, self._low - low
        if self._bars >= self._period:
            keep = 1.0 / self._period
            self._plus -= self._plus * keep
            self._minus -= self._minus * keep
            self._range -= self._range * keep
        if 0 < down > up:
            self._minus += down
        elif 0 < up > down:
            self._plus += up
        self._range += true_range(high, low, self._close)

    def _index(self) -> None:
        period = self._period
        has_index = False
        if self._range >= EPSILON:
            plus, minus = 100.0 * self._plus / self._range, 100.0 * self._minus / self._range
            if plus + minus >= EPSILON:
                self._dx = 100.0 * abs(minus - plus) / (plus + minus)
                has_index = True
        if self._bars < 2 * period:
            self._dx_sum += self._dx if has_index else 0.0
            if self._bars == 2 * period - 1:
                self._adx = self._dx_sum / period
        elif has_index:
            self._adx = (self._adx * (period - 1) + self._dx) / period
