"""Features: streaming equals columnar, and no value looks ahead."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import talib
from hypothesis import given, settings
from hypothesis import strategies as st

from bot3.domain.bar import Bar
from bot3.domain.book import Quote
from bot3.domain.values import InstrumentId, Symbol, VenueName
from bot3.market.features import (
    FEATURE_NAMES,
    FEATURES,
    WARM_UP_BARS,
    Feature,
    FeatureEngine,
    bar_columns,
)
from bot3.market.sample import NO_BOOK, BookSample, book_sample

BTC = InstrumentId(VenueName("binance"), Symbol("BTC/USDT"))
START_NS = 1_700_000_000_000_000_000


def _bars(seed: int, count: int, price: float, flat_share: float) -> list[Bar]:
    """A random walk on a tick of 1e-4 of the price, with a share of dead bars."""
    dice = np.random.default_rng(seed)
    tick = price * 1e-4
    bars, close = [], 10_000
    for i in range(count):
        before = close
        if dice.random() < flat_share:
            high, low, volume, bought = close, close, 0.0, 0.0
        else:
            close = max(100, before + int(dice.normal(0, 15)))
            high = max(before, close) + int(dice.integers(0, 9))
            low = min(before, close) - int(dice.integers(0, 9))
            volume = float(dice.exponential(3.0))
            bought = volume * float(dice.random())
        prices = [level * tick for level in (before, high, low, close)]
        open_ns = START_NS + i * 60_000_000_000
        bars.append(Bar(BTC, 60, open_ns, *prices, volume, bought, 4))
    return bars


def _samples(seed: int, count: int) -> list[BookSample]:
    dice = np.random.default_rng(seed)
    return [BookSample(*row) for row in dice.normal(size=(count, len(NO_BOOK))).tolist()]


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(1, 220),
    price=st.sampled_from([1e-3, 1.0, 60_000.0]),
    flat_share=st.sampled_from([0.0, 0.2, 0.9, 1.0]),
)
def test_streaming_equals_columnar(seed: int, count: int, price: float, flat_share: float) -> None:
    bars, samples = _bars(seed, count, price, flat_share), _samples(seed, count)
    frame = bar_columns(bars, samples)
    for feature in FEATURES:
        stream = feature.stream()
        streamed = [stream.update(*pair) for pair in zip(bars, samples, strict=True)]
        column = feature.column(frame)
        np.testing.assert_allclose(
            streamed, column, rtol=1e-9, atol=1e-9, equal_nan=True, err_msg=feature.name
        )
        assert np.isnan(column[: feature.warm_up_bars]).all(), feature.name
        assert np.isfinite(column[feature.warm_up_bars :]).all(), feature.name


def test_engine_returns_the_columns_once_all_are_warm_and_takes_a_pandas_frame() -> None:
    bars, samples = _bars(1, 200, 60_000.0, 0.1), _samples(1, 200)
    engine = FeatureEngine(BTC)
    vectors = [engine.on_bar(*pair) for pair in zip(bars, samples, strict=True)]
    assert vectors[:WARM_UP_BARS] == [None] * WARM_UP_BARS
    columns = engine.columns(pd.DataFrame(bar_columns(bars, samples)))
    assert tuple(columns) == FEATURE_NAMES
    expected = np.column_stack(list(columns.values()))[WARM_UP_BARS:]
    np.testing.assert_allclose(np.array(vectors[WARM_UP_BARS:]), expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("feature", FEATURES, ids=lambda feature: feature.name)
def test_a_value_depends_on_no_later_bar(feature: Feature) -> None:
    bars, samples = _bars(2, 160, 100.0, 0.1), _samples(2, 160)
    whole = feature.column(bar_columns(bars, samples))
    for end in (70, 100, 131):
        cut = feature.column(bar_columns(bars[:end], samples[:end]))
        np.testing.assert_array_equal(whole[:end], cut)
    # A changed future changes nothing before it, and something from it on: the test can see.
    other = _bars(3, 160, 170.0, 0.1)
    mixed_bars = bars[:120] + [_move(bar, 30) for bar in other[120:]]
    mixed_samples = samples[:120] + _samples(4, 40)
    mixed = feature.column(bar_columns(mixed_bars, mixed_samples))
    np.testing.assert_array_equal(whole[:120], mixed[:120])
    assert not np.array_equal(whole[120:], mixed[120:])


def _move(bar: Bar, seconds: int) -> Bar:
    return Bar(
        bar.instrument, bar.interval_s, bar.open_ns + seconds * 10**9, bar.open, bar.high,
        bar.low, bar.close, bar.volume, bar.buy_volume, bar.trades,
    )  # fmt: skip


def test_bollinger_b_is_talibs() -> None:
    bars = _bars(5, 300, 100.0, 0.0)
    close = np.array([bar.close for bar in bars])
    upper, _, lower = talib.BBANDS(close, 20, 2.0, 2.0)
    mine = FeatureEngine(BTC).columns(bar_columns(bars))["bollinger_b"]
    np.testing.assert_allclose(mine, (close - lower) / (upper - lower), rtol=1e-9, atol=1e-9)


def test_known_values() -> None:
    bars = [
        Bar(BTC, 60, i * 60_000_000_000, 100.0, 101.0, 99.0, 100.0, 4.0, 3.0, 1) for i in range(360)
    ]
    columns = FeatureEngine(BTC).columns(bar_columns(bars))
    assert columns["trade_flow"][-1] == 0.5
    assert columns["atr_14"][-1] == pytest.approx(0.02, abs=1e-12)
    assert columns["day_sine"][-1] == pytest.approx(1.0)  # closes at 06:00
    assert columns["rsi_14"][-1] == 50.0


def test_book_sample() -> None:
    sample = book_sample(Quote(99.0, 3.0, 101.0, 1.0))
    microprice = (101.0 * 3.0 + 99.0 * 1.0) / 4.0
    assert sample[:3] == pytest.approx((0.5, 200.0, 1e4 * (microprice - 100.0) / 100.0))
    assert sample[3:] == (0.0,) * 6
    levels = [(99.0, 3.0), (98.0, 3.0)], [(101.0, 1.0), (102.0, 1.0)]
    deep = book_sample(Quote(99.0, 3.0, 101.0, 1.0), 2.5, levels, (1.5, -0.5), 0.25)
    assert deep[3:] == pytest.approx((2.5, 0.5, 150.0, 1.5, -0.5, 0.25))


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -1.0])
@pytest.mark.parametrize("name", ["close", "low", "volume", "buy_volume"])
def test_a_bad_number_raises_and_changes_nothing(name: str, bad: float) -> None:
    bars = _bars(6, 100, 100.0, 0.0)
    engine, clean = FeatureEngine(BTC), FeatureEngine(BTC)
    for bar in bars:
        fields = {f: getattr(bar, f) for f in bar.__struct_fields__}
        with pytest.raises(ValueError, match="not a usable bar"):
            engine.on_bar(Bar(**{**fields, name: bad}), NO_BOOK)
        assert engine.on_bar(bar, NO_BOOK) == clean.on_bar(bar, NO_BOOK)
    with pytest.raises(ValueError, match="not a usable bar"):
        engine.on_bar(bars[-1], BookSample(bad if bad != -1.0 else float("nan"), 0.0, 0.0))
