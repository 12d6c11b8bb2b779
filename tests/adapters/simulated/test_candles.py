"""Candles: contiguous, exact, joined into longer intervals."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.simulated.candles import Candles, bounds_ms

T0 = 1_790_401_500_000  # a whole minute


def test_silence_is_flat_candles_at_the_last_close() -> None:
    candles = Candles()
    candles.record(T0, 101, 4, 0, is_buyer_maker=False)
    candles.record(T0, 100, 1, 1, is_buyer_maker=False)
    candles.record(T0 + 3_500, 90, 2, 2, is_buyer_maker=True)
    seconds = candles.of("1s")
    assert [c.open_ms for c in seconds] == [T0, T0 + 1000, T0 + 2000, T0 + 3000]
    assert [(c.open, c.close, c.lots, c.trades) for c in seconds[1:3]] == [(100, 100, 0, 0)] * 2
    assert (seconds[3].open, seconds[3].close) == (90, 90)
    assert [c.first_id for c in seconds] == [0, -1, -1, 2]


def test_a_minute_is_the_sum_of_its_trades() -> None:
    candles = Candles()
    for number, price in enumerate((100, 105, 98, 101)):
        is_sell = number % 2 == 1
        candles.record(T0 + number * 10_000, price, 2, number, is_buyer_maker=is_sell)
    (minute,) = candles.of("1m")
    assert (minute.open, minute.high, minute.low, minute.close) == (100, 105, 98, 101)
    assert (minute.lots, minute.value, minute.trades) == (8, 2 * 404, 4)
    assert (minute.buy_lots, minute.buy_value) == (4, 2 * 198)
    assert minute.close_ms == T0 + 59_999


def test_history_is_bounded_and_a_long_silence_is_quick() -> None:
    candles = Candles(capacity=50)
    candles.record(T0, 100, 1, is_buyer_maker=False)
    candles.roll(T0 + 400 * 86_400_000)
    seconds = candles.of("1s")
    assert len(seconds) == 50
    assert seconds[-1].open_ms == T0 + 400 * 86_400_000


@given(st.lists(st.tuples(st.integers(1, 400_000), st.integers(1, 50)), min_size=1, max_size=60))
def test_every_interval_is_contiguous_and_has_every_lot(steps: list[tuple[int, int]]) -> None:
    candles, now_ms = Candles(), T0
    for step_ms, lots in steps:
        now_ms += step_ms
        candles.record(now_ms, 100 + lots, lots, is_buyer_maker=False)
    total = sum(lots for _, lots in steps)
    for interval in ("1m", "3m", "5m", "15m", "1h", "1d"):
        found = candles.of(interval)
        assert sum(candle.lots for candle in found) == total
        for before, after in itertools.pairwise(found):
            assert after.open_ms == before.close_ms + 1


@pytest.mark.parametrize(
    ("interval", "first", "last"),
    [
        ("15m", 1_790_400_600_000, 1_790_401_499_999),
        ("1d", 1_790_380_800_000, 1_790_467_199_999),
        ("1w", 1_789_948_800_000, 1_790_553_599_999),  # Monday 2026-09-21
        ("1M", 1_788_220_800_000, 1_790_812_799_999),  # September 2026
    ],
)
def test_bounds_are_by_the_calendar(interval: str, first: int, last: int) -> None:
    assert bounds_ms(1_790_401_000_000, interval) == (first, last)
