"""Bars in parts: whatever the parts are, the run is that of all bars at once, to the last bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from bot3.backtest.bars import Scan
from bot3.backtest.curve import CurveTally, Thinned
from bot3.backtest.engine import Running
from bot3.backtest.portfolio import together
from bot3.backtest.purse import Lane
from bot3.backtest.result import Course, course_of, result_of
from bot3.backtest.settings import BacktestSettings
from bot3.backtest.source import Asked, Source, source_of
from bot3.backtest.strategies import BuyAndHold, EmaCross
from bot3.domain.bars import Bars, joined
from bot3.domain.errors import DataError
from tests.bot3.backtest.making import MINUTE_NS, cut, trades, wandering


def ran(sources: list[Source], given: BacktestSettings) -> tuple[Course, list[float]]:
    """The course, and what each cost came to."""
    lanes = [[Lane(given, 2.0, 0), Lane(given, 1.0, 1)] for _ in sources]
    runs = [
        Running(EmaCross(3, 9), source.name, given, mine)
        for source, mine in zip(sources, lanes, strict=True)
    ]

    def parts(running: Running, source: Source) -> Any:
        for bars in source.chunks():
            yield bars.close_ns, running.take(bars)[0]

    course = course_of(
        runs,
        [parts(*pair) for pair in zip(runs, sources, strict=True)],
        given.cash,
        is_trades=False,
    )
    return course, [lane.equity for mine in lanes for lane in mine]


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 99),
    st.sampled_from([1, 2, 3, 7, 50, 1_000]),
    st.sampled_from([0.0, 0.05, 90.0, 600.0]),
    st.booleans(),
)
def test_parts_are_the_whole(seed: int, rows: int, latency_s: float, is_ticks: bool) -> None:
    make = trades if is_ticks else wandering
    first, second = make(300, seed), make(170, seed + 1)
    second = evolve(second, symbol="ETH/USDT", open_ns=second.open_ns + 20 * MINUTE_NS)
    given_settings = BacktestSettings(latency_s=latency_s, slippage=0.0003)
    whole, at_costs = ran([cut(first, 999), cut(second, 999)], given_settings)
    found, costs = ran([cut(first, rows), cut(second, rows + 2)], given_settings)
    assert found.fills == whole.fills
    assert (found.trips, found.exposure, costs) == (whole.trips, whole.exposure, at_costs)
    assert found.curve.equity.last.tolist() == whole.curve.equity.last.tolist()
    assert found.curve.fallen.last.tolist() == whole.curve.fallen.last.tolist()
    told = [result_of(each, 20_000.0, []).figures for each in (found, whole)]
    assert told[0] == told[1]


def test_several_instruments_are_the_sum_of_their_runs() -> None:
    first, second = wandering(100, 1), evolve(wandering(60, 2), symbol="ETH/USDT")
    second = evolve(second, open_ns=second.open_ns + 20 * MINUTE_NS)
    course, _ = ran([cut(first, 30), cut(second, 30)], BacktestSettings(cash=5_000.0))
    alone = [ran([cut(bars, 30)], BacktestSettings(cash=5_000.0))[0] for bars in (first, second)]
    equity = course.curve.equity.last
    assert len(equity) == 100
    assert equity[0] == 10_000.0
    by_hand = alone[0].curve.equity.last.copy()
    by_hand[:20] += 5_000.0
    by_hand[20:80] += alone[1].curve.equity.last
    by_hand[80:] += alone[1].curve.final
    assert equity.tolist() == by_hand.tolist()
    assert result_of(course, 10_000.0, []).figures["bars"] == 160


def test_a_time_comes_once_with_the_last_equity_of_it() -> None:
    def parts(*rows: tuple[list[int], list[float]]) -> Any:
        for times, equity in rows:
            yield np.array(times), np.array(equity)

    one = parts(([1, 2, 2], [1.0, 2.0, 3.0]), ([2, 2], [4.0, 5.0]), ([5], [6.0]))
    other = parts(([2], [10.0]), ([3, 9], [20.0, 30.0]))
    found = [(t, e) for times, equity in together([one, other], 100.0)
             for t, e in zip(times.tolist(), equity.tolist(), strict=True)]  # fmt: skip
    assert found == [(1, 101.0), (2, 15.0), (3, 25.0), (5, 26.0), (9, 36.0)]


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_flaws_and_repairs_do_not_depend_on_parts(data: Any) -> None:
    bars = wandering(30, data.draw(st.integers(0, 50)))
    order = data.draw(st.lists(st.integers(0, 29), min_size=8, max_size=40))
    if data.draw(st.booleans()):
        order.sort()
    bars = bars.rows(np.array(order))
    for name in ("open", "close", "volume"):
        column = getattr(bars, name).copy()
        for row in data.draw(st.lists(st.integers(0, len(order) - 1), max_size=2)):
            column[row] = data.draw(st.sampled_from([np.nan, 0.0, -1.0, 50.0]))
        bars = evolve(bars, **{name: column})
    rows = data.draw(st.integers(1, 9))
    whole, parts = Scan(), Scan()
    whole.take(bars)
    for at in range(0, len(bars), rows):
        parts.take(bars.rows(slice(at, at + rows)))
    assert parts.flaws() == whole.flaws()
    assert parts.interval_ns == whole.interval_ns
    asked = Asked(is_repaired=True, held_rows=0)
    try:
        mended = source_of(lambda: [bars], asked)
    except DataError:
        return  # too little was left
    again = cut(bars, rows, asked)
    assert (again.rows, again.interval_ns) == (mended.rows, mended.interval_ns)
    for name in ("open_ns", "open", "high", "low", "close", "volume"):
        ours, theirs = (getattr(each.whole(), name).tolist() for each in (again, mended))
        assert ours == theirs


def test_a_span_of_time_is_cut_out_of_parts() -> None:
    bars = wandering(100, 1)
    start_ns, end_ns = int(bars.open_ns[33]), int(bars.open_ns[71])
    source = cut(bars, 10, Asked(start_ns=start_ns, end_ns=end_ns, held_rows=0))
    assert source.rows == 38
    assert source.whole().open_ns.tolist() == bars.open_ns[33:71].tolist()


@pytest.mark.parametrize("rows", [1, 4, 10, 11, 37])
def test_a_thinned_curve_keeps_the_last_the_lowest_and_the_highest(rows: int) -> None:
    bars = wandering(37, 3)
    thinned, tally = Thinned(10), CurveTally(100.0)
    for at in range(0, 37, rows):
        part = bars.rows(slice(at, at + rows))
        thinned.take(part.open_ns, part.close)
        tally.take(part.open_ns, part.close)
    assert thinned.every == 4
    places = [slice(at, at + 4) for at in range(0, 37, 4)]
    assert thinned.last.tolist() == [bars.close[place][-1] for place in places]
    assert thinned.times_ns.tolist() == [bars.open_ns[place][-1] for place in places]
    pairs = [[bars.close[place].min(), bars.close[place].max()] for place in places]
    assert thinned.drawn.tolist() == np.array(pairs).ravel().tolist()
    whole = np.append(100.0, bars.close)
    assert tally.curve().max_drawdown == -(whole / np.maximum.accumulate(whole) - 1.0).min()


@pytest.mark.parametrize("strategy", [BuyAndHold(), EmaCross(3, 8)])
def test_a_strategy_remembers_what_came_before(strategy: Any) -> None:
    bars = wandering(120, 5)
    for rows in (1, 7, 50):
        targets = strategy.begin()
        found = [targets(part) for part in cut(bars, rows).chunks()]
        np.testing.assert_array_equal(np.concatenate(found), strategy.targets(bars))


def test_joined_parts_are_what_they_were() -> None:
    bars: Bars = wandering(20, 1)
    again = joined([bars.rows(slice(0, 7)), bars.rows(slice(7, 20))])
    assert again.close.tolist() == bars.close.tolist()
    assert (again.name, again.interval_ns) == ("BTC/USDT", MINUTE_NS)
