"""The streaming indicators against TA-Lib itself."""

from __future__ import annotations

import math

import numpy as np
import pytest
import talib
from hypothesis import given, settings
from hypothesis import strategies as st

from bot3.market.indicators import Adx, Atr, Ema, MacdHistogram, Rsi

STEPS = st.lists(
    st.tuples(st.integers(-200, 200), st.integers(0, 80), st.integers(0, 80), st.integers(0, 5)),
    min_size=1,
    max_size=150,
)


def _prices(
    steps: list[tuple[int, int, int, int]],
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """High, low, close on a tick of 0.01 around 100, with flat stretches."""
    tick, high, low, close = 10_000, [], [], []
    for move, above, below, repeat in steps:
        before = tick
        tick = max(1_000, tick + move)
        high.append(max(before, tick) + above)
        low.append(min(before, tick) - below)
        close.append(tick)
        for _ in range(repeat if move % 7 == 0 else 0):
            high.append(tick)
            low.append(tick)
            close.append(tick)
    return tuple(np.array(x) / 100.0 for x in (high, low, close))


def _same(mine: list[float], theirs: np.ndarray) -> None:
    np.testing.assert_allclose(np.array(mine), theirs, rtol=1e-9, atol=1e-9, equal_nan=True)


@settings(max_examples=150, deadline=None)
@given(steps=STEPS)
def test_streaming_equals_talib(steps: list[tuple[int, int, int, int]]) -> None:
    high, low, close = _prices(steps)
    bars = list(zip(high.tolist(), low.tolist(), close.tolist(), strict=True))
    ema, macd, atr, adx = Ema(12), MacdHistogram(), Atr(14), Adx(14)
    _same([ema.update(c) for _, _, c in bars], talib.EMA(close, 12))
    _same([macd.update(c) for _, _, c in bars], talib.MACD(close)[2])
    _same([atr.update(*bar) for bar in bars], talib.ATR(high, low, close, 14))
    _same([adx.update(*bar) for bar in bars], talib.ADX(high, low, close, 14))


@settings(max_examples=100, deadline=None)
@given(steps=STEPS)
def test_rsi_equals_talib_where_anything_moved(steps: list[tuple[int, int, int, int]]) -> None:
    _, _, close = _prices(steps)
    rsi = Rsi(14)
    mine = np.array([rsi.update(c) for c in close.tolist()])
    moved = np.maximum.accumulate(np.abs(np.diff(close, prepend=close[0]))) > 0
    theirs = talib.RSI(close, 14)
    expected = np.where(moved | np.isnan(theirs), theirs, 50.0)
    np.testing.assert_allclose(mine, expected, rtol=1e-9, atol=1e-9, equal_nan=True)


def test_rsi_of_a_market_that_does_not_move_is_neutral() -> None:
    rsi = Rsi(14)
    values = [rsi.update(100.0) for _ in range(20)]
    assert math.isnan(values[13])
    assert values[14:] == [50.0] * 6


@pytest.mark.parametrize(("first", "indicator"), [(19, Ema(20)), (33, MacdHistogram())])
def test_warm_exactly_when_talib_is(first: int, indicator: Ema | MacdHistogram) -> None:
    values = [indicator.update(100.0 + i % 7) for i in range(60)]
    assert next(i for i, v in enumerate(values) if not math.isnan(v)) == first
