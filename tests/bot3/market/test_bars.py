"""Bars: equal to a resample of the trades, in order, each once."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot3.domain.bar import Bar
from bot3.domain.values import InstrumentId, Side, Symbol, VenueName
from bot3.market.bars import SECOND_NS, BarBuilder, BarSettings
from bot3.messages.market import TradePrinted

BTC = InstrumentId(VenueName("binance"), Symbol("BTC/USDT"))
ETH = InstrumentId(VenueName("binance"), Symbol("ETH/USDT"))
START_NS = 1_700_000_000 * SECOND_NS  # a multiple of 10 s
TRADES = st.lists(
    st.tuples(
        st.integers(0, 25_000),  # ms since the last trade
        st.integers(9_900, 10_100),
        st.integers(1, 1_000),
        st.sampled_from(Side),
    ),
    min_size=1,
    max_size=60,
)


def _trade(ts_ns: int, price: float, amount: float = 1.0, side: Side = Side.BUY) -> TradePrinted:
    return TradePrinted(BTC, 1, price, amount, side, ts_ns, ts_ns)


def _builder(interval_s: int = 10) -> BarBuilder:
    return BarBuilder(BTC, BarSettings(interval_s=interval_s))


def _history(count: int, end_ns: int, close: float = 90.0) -> list[Bar]:
    step = 10 * SECOND_NS
    return [
        Bar(BTC, 10, end_ns - (count - i) * step, close, close + 1, close - 1, close, 5.0, 2.0, 3)
        for i in range(count)
    ]


@given(steps=TRADES)
def test_equals_a_resample(steps: list[tuple[int, int, int, Side]]) -> None:
    builder, bars, rows, ts_ns = _builder(), [], [], START_NS
    for wait_ms, tick, lots, side in steps:
        ts_ns += wait_ms * 1_000_000
        price, amount = tick / 100, lots / 1000
        rows.append((ts_ns, price, amount, amount if side is Side.BUY else 0.0))
        bars += builder.on_trade(_trade(ts_ns, price, amount, side))
    last_ns = ts_ns - ts_ns % (10 * SECOND_NS)
    bars += builder.on_time(last_ns + 11 * SECOND_NS)

    frame = pd.DataFrame(rows, columns=["ts", "price", "amount", "buy"])
    groups = frame.groupby(frame.ts - frame.ts % (10 * SECOND_NS))
    price = groups.price.ohlc()
    sums = groups[["amount", "buy"]].sum()
    index = range(int(price.index[0]), int(price.index[-1]) + 1, 10 * SECOND_NS)
    close = price.close.reindex(index).ffill()
    assert [bar.open_ns for bar in bars] == list(index)
    for bar in bars:
        flat = close.loc[bar.open_ns]
        if bar.open_ns in price.index:
            expected = tuple(price.loc[bar.open_ns])
            assert bar.volume == pytest.approx(sums.amount.loc[bar.open_ns], abs=1e-9)
            assert bar.buy_volume == pytest.approx(sums.buy.loc[bar.open_ns], abs=1e-9)
        else:
            expected = (flat, flat, flat, flat)
            assert (bar.volume, bar.buy_volume, bar.trades) == (0.0, 0.0, 0)
        assert (bar.open, bar.high, bar.low, bar.close) == expected
    assert sum(bar.trades for bar in bars) == len(rows)
    assert builder.late_trades == 0


def test_time_waits_for_late_trades() -> None:
    builder = _builder()
    builder.on_trade(_trade(START_NS + 1, 100.0))
    end_ns = START_NS + 10 * SECOND_NS
    assert builder.on_time(end_ns + 249_999_999) == []
    assert builder.on_trade(_trade(end_ns - 1, 101.0)) == []
    (bar,) = builder.on_time(end_ns + 250_000_000)
    assert (bar.close, bar.trades) == (101.0, 2)
    assert builder.on_trade(_trade(end_ns - 1, 500.0)) == []
    assert builder.late_trades == 1
    (flat,) = builder.on_time(end_ns + 11 * SECOND_NS)
    assert (flat.open_ns, flat.high, flat.volume) == (end_ns, 101.0, 0.0)


def test_history_then_live_has_no_gap_and_no_duplicate() -> None:
    builder = _builder()
    assert builder.on_trade(_trade(START_NS + 1, 100.0)) == []
    history = _history(3, START_NS + 10 * SECOND_NS)  # covers the live trade
    assert builder.seed(history) == []
    assert builder.on_trade(_trade(START_NS + 2, 100.0)) == []
    live = builder.on_trade(_trade(START_NS + 30 * SECOND_NS, 91.0))
    opens = [bar.open_ns for bar in [*history, *live]]
    assert opens == list(range(opens[0], START_NS + 30 * SECOND_NS, 10 * SECOND_NS))
    assert [bar.close for bar in live] == [90.0, 90.0]


def test_history_that_ends_early_is_bridged() -> None:
    builder = _builder()
    builder.on_trade(_trade(START_NS + 1, 100.0))
    bridge = builder.seed(_history(2, START_NS - 20 * SECOND_NS))
    assert [(b.open_ns, b.close) for b in bridge] == [
        (START_NS - 20 * SECOND_NS, 90.0),
        (START_NS - 10 * SECOND_NS, 90.0),
    ]
    (bar,) = builder.on_time(START_NS + 11 * SECOND_NS)
    assert (bar.open_ns, bar.open) == (START_NS, 100.0)


def test_history_with_a_gap_or_of_another_instrument_or_too_late_is_refused() -> None:
    first, *_, last = _history(3, START_NS)
    with pytest.raises(ValueError, match="without gaps"):
        _builder().seed([first, last])
    with pytest.raises(ValueError, match="ETH/USDT"):
        BarBuilder(ETH, BarSettings(interval_s=10)).seed([first])
    builder = _builder()
    builder.on_trade(_trade(START_NS, 100.0))
    builder.on_trade(_trade(START_NS + 10 * SECOND_NS, 100.0))
    with pytest.raises(ValueError, match="before the first live bar"):
        builder.seed([first])


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), 0.0, -1.0])
def test_bad_numbers_are_counted_and_ignored(bad: float) -> None:
    builder = _builder()
    builder.on_trade(_trade(START_NS, 100.0))
    builder.on_trade(_trade(START_NS, bad))
    builder.on_trade(_trade(START_NS, 100.0, amount=bad))
    (bar,) = builder.on_time(START_NS + 11 * SECOND_NS)
    assert (bar.high, bar.low, bar.trades, builder.bad_trades) == (100.0, 100.0, 1, 2)


def test_a_jump_of_years_is_an_error_not_a_flood() -> None:
    builder = _builder()
    builder.on_trade(_trade(START_NS, 100.0))
    with pytest.raises(ValueError, match="bars are missing"):
        builder.on_trade(_trade(START_NS * 2, 100.0))
    with pytest.raises(ValueError, match="bars are missing"):
        builder.on_time(START_NS * 2)
