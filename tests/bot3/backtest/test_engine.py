"""The engine by hand, by its kernel, by plain loops; nothing is known before its time."""

from __future__ import annotations

import gc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot3.backtest import kernels
from bot3.backtest.engine import BacktestingEngine, Run
from bot3.backtest.marks import Marks
from bot3.backtest.result import Course, result_of
from bot3.backtest.settings import BacktestSettings
from bot3.backtest.strategies import BuyAndHold, EmaCross, make
from bot3.domain.bars import Bars
from bot3.domain.errors import ConfigError, DataError
from bot3.domain.values import Side
from tests.bot3.backtest.making import checked, trades, wandering

FEE = 0.001


def run(strategy: object, bars: Bars, **given: float) -> Run:
    return BacktestingEngine(BacktestSettings(**given)).run(strategy, bars)


def plain(bars: Bars, fast: int, slow: int, fee: float, cash: float) -> tuple[float, int]:
    """The rules of the cross as they are written down, with nothing of ours."""
    alpha_fast, alpha_slow = 2 / (fast + 1), 2 / (slow + 1)
    quick = lazy = float(bars.close[0])
    held, orders, wanted = 0.0, 0, None
    for at in range(len(bars)):
        opened, closed = float(bars.open[at]), float(bars.close[at])
        if wanted is True and not held:
            held, cash, orders = cash / (opened * (1 + fee)), 0.0, orders + 1
        elif wanted is False and held:
            cash, held, orders = held * opened * (1 - fee), 0.0, orders + 1
        quick += alpha_fast * (closed - quick)
        lazy += alpha_slow * (closed - lazy)
        if at >= slow - 1:
            wanted = quick > lazy
    return cash + held * float(bars.close[-1]), orders


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 10_000),
    st.integers(2, 400),
    st.integers(1, 12),
    st.integers(1, 20),
    st.sampled_from([0.0, FEE, 0.01]),
)
def test_the_cross_is_what_is_written_down(
    seed: int, rows: int, fast: int, more: int, fee: float
) -> None:
    bars, slow = wandering(rows, seed), fast + more
    found = run(EmaCross(fast, slow), bars, fee=fee)
    equity, orders = plain(bars, fast, slow, fee, 10_000.0)
    assert found.final_equity == pytest.approx(equity, rel=1e-12)
    assert len(found.fills) == orders


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 10_000),
    st.integers(0, 3),
    st.sampled_from([0.0, FEE]),
    st.sampled_from([0.0, 0.0005]),
)
def test_kernel_and_engine_agree_trade_by_trade(
    seed: int, delay: int, fee: float, slip: float
) -> None:
    bars = wandering(300, seed)
    rng = np.random.default_rng(seed)
    targets = rng.choice([0.0, 1.0, np.nan, -0.5, 0.5], 300)

    class Given:
        name, parameters = "given", {}

        def targets(self, bars: Bars) -> np.ndarray:
            return targets

    found = run(Given(), bars, fee=fee, slippage=slip, latency_s=60.0 * delay)
    points = kernels.decision_points(targets)
    points = points[points + 1 + delay < 300]
    orders = points + 1 + delay
    equity, fills = kernels.all_or_nothing(
        orders, targets[points], bars.open, bars.close, fee, slip, 10_000.0
    )
    assert found.equity.tolist() == equity.tolist()
    assert len(found.fills) == len(fills)
    for ours, theirs in zip(found.fills, fills.tolist(), strict=True):
        bar, side, price, amount, paid = theirs
        assert ours.ts_venue_ns == bars.open_ns[int(bar)]
        assert ours.side is (Side.BUY if side > 0 else Side.SELL)
        told = (float(ours.price.amount), float(ours.amount.amount), float(ours.fee))
        assert told == (price, amount, paid)


# Final equity and orders of vectorbt 1.0.0 on the bars of seed 11, by the script in
# tests/benchmarks/peers: it cannot be installed beside the pandas that we use.
VECTORBT = [
    (3, 9, 7624.891306136202, 247),
    (5, 20, 9541.298688348545, 113),
    (10, 50, 9303.838141357804, 53),
]


@pytest.mark.parametrize(("fast", "slow", "equity", "orders"), VECTORBT)
def test_it_is_vectorbt_s(fast: int, slow: int, equity: float, orders: int) -> None:
    bars = wandering(2_000, 11)
    found = run(EmaCross(fast, slow), bars, fee=FEE)
    assert found.final_equity == pytest.approx(equity, rel=1e-9)
    assert len(found.fills) == orders
    pair = (np.array([each]) for each in (fast, slow))
    grid = kernels.ema_cross_grid(bars.open, bars.close, *pair, FEE, 10_000.0)
    assert grid[0, kernels.EQUITY] == pytest.approx(equity, rel=1e-9)
    assert grid[0, kernels.ORDERS] == orders
    heights = np.maximum.accumulate(np.append(10_000.0, found.equity))[1:]
    fallen = np.max(1.0 - found.equity / heights)
    assert grid[0, kernels.DRAWDOWN] == pytest.approx(fallen, rel=1e-9)
    changes = np.diff(np.append(10_000.0, found.equity)) / np.append(10_000.0, found.equity)[:-1]
    assert grid[0, kernels.SHARPE] == pytest.approx(changes.mean() / changes.std(), rel=1e-9)


@pytest.mark.parametrize("is_enabled", [True, False])
def test_the_collector_is_left_as_it_was(*, is_enabled: bool) -> None:
    (gc.enable if is_enabled else gc.disable)()
    try:
        run(EmaCross(3, 9), wandering(100, 1), fee=FEE)
        assert gc.isenabled() is is_enabled
    finally:
        gc.enable()


def test_buy_and_hold_by_hand() -> None:
    bars = wandering(3, 1)
    found = run(BuyAndHold(), bars, fee=FEE, cash=1_000.0)
    amount = 1_000.0 / (bars.open[1] * (1 + FEE))
    assert found.final_equity == pytest.approx(amount * bars.close[2])
    (trip,) = found.trips
    assert (trip.exit_ns, trip.reason) == (None, "still held at the end")
    assert trip.pnl == pytest.approx(found.final_equity - 1_000.0)
    assert found.equity[0] == 1_000.0


def test_compiled_and_plain_averages_are_equal() -> None:
    values = wandering(500, 3).close
    average, plain_ones = values[0], []
    for value in values.tolist():
        average += 2 / 8 * (value - average)
        plain_ones.append(average)
    assert kernels.ema(values, 7).tolist() == plain_ones


@pytest.mark.parametrize("strategy", [BuyAndHold(), EmaCross(3, 8)])
def test_nothing_is_known_before_its_time(strategy: object) -> None:
    bars = wandering(120, 5)
    whole = strategy.targets(bars)
    for rows in range(2, 120, 7):
        cut = bars.rows(np.arange(rows, dtype=np.int64))
        np.testing.assert_array_equal(strategy.targets(cut), whole[:rows])


def test_a_late_order_is_filled_a_bar_later() -> None:
    bars = wandering(50, 2)
    for latency_s, bar in ((0.0, 1), (0.05, 2), (60.0, 2), (60.1, 3), (300.0, 6)):
        found = run(BuyAndHold(), bars, latency_s=latency_s)
        assert found.fills[0].ts_venue_ns == bars.open_ns[bar]


def test_slippage_and_lots_cost_what_they_cost() -> None:
    bars = wandering(200, 8)
    dear, cheap = run(EmaCross(3, 8), bars, slippage=0.001), run(EmaCross(3, 8), bars)
    assert dear.final_equity < cheap.final_equity
    assert float(dear.fills[0].price.amount) == pytest.approx(
        float(cheap.fills[0].price.amount) * 1.001
    )
    lots = run(EmaCross(3, 8), bars, lot_size=0.5)
    assert all((fill.amount.amount * 2) % 1 == 0 for fill in lots.fills)


def test_trips_and_fees_add_up_to_the_equity() -> None:
    bars = wandering(2_000, 4)
    found = run(EmaCross(5, 15), bars)
    assert sum(trip.pnl for trip in found.trips) == pytest.approx(found.final_equity - 10_000.0)
    fees = sum(trip.fees for trip in found.trips)
    assert fees == pytest.approx(sum(float(fill.fee) for fill in found.fills))


def test_the_figures_are_those_of_the_equity() -> None:
    bars = wandering(200_000, 6, step=0.0005)  # 138 days
    done = run(EmaCross(50, 200), bars)
    marks, columns = Marks(10_000.0, 1), (done.equity, done.invested, bars.close)
    for row in zip(bars.close_ns.tolist(), *(each.tolist() for each in columns), strict=True):
        marks.mark(*row)
    course = Course(marks.curve(), marks.exposure, done.fills, done.trips, len(bars))
    assert marks.prices()[0].last[-1] == bars.close[-1]
    found = result_of(course, 10_000.0, ["a word"])
    figures = found.figures
    whole = np.concatenate(([10_000.0], done.equity))
    fallen = 1 - whole / np.maximum.accumulate(whole)
    assert figures["max_drawdown"] == pytest.approx(fallen.max())
    assert figures["sharpe"] is not None
    assert figures["warnings"] == ["a word"]
    wins = [trip["pnl"] for trip in figures["trades"] if trip["exit_ns"] and trip["pnl"] > 0]
    losses = [trip["pnl"] for trip in figures["trades"] if trip["exit_ns"] and trip["pnl"] < 0]
    assert figures["profit_factor"] == pytest.approx(sum(wins) / -sum(losses))
    assert 0.0 < figures["exposure"] < 1.0


@pytest.mark.parametrize(
    ("given_parameters", "words"),
    [
        ({"fast": 0.0}, "fast = 0: want a whole number from 1 to 10000"),
        ({"fast": 2.5}, "fast = 2.5: want a whole number"),
        ({"fast": 30.0}, "fast = 30: want less than slow = 20"),
        ({"fats": 3.0}, "ema_cross has no parameter 'fats'; it has fast, slow"),
    ],
)
def test_parameters_are_checked_by_name(given_parameters: dict[str, float], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        make(EmaCross, given_parameters)


@pytest.mark.parametrize("bad", [np.ones(3), np.full(20, 2.0), np.full(20, np.inf)])
def test_targets_that_are_none_are_refused(bad: np.ndarray) -> None:
    class Bad:
        name, parameters = "bad", {}

        def targets(self, bars: Bars) -> np.ndarray:
            return bad

    with pytest.raises(DataError, match="bad"):
        run(Bad(), wandering(20, 1))


def test_trades_are_filled_at_the_first_one_after_the_order_has_arrived() -> None:
    ticks = trades(3_000, 4)
    assert checked(ticks, is_repaired=False)[1] == []
    assert (np.diff(ticks.open_ns) == 0).any()
    for latency_s in (0.0, 0.05, 1.0):
        found = run(EmaCross(10, 50), ticks, fee=FEE, latency_s=latency_s)
        assert len(found.fills) > 50
        assert found.final_equity == pytest.approx(by_hand(ticks, 10, 50, latency_s), rel=1e-12)


def by_hand(ticks: Bars, fast: int, slow: int, latency_s: float) -> float:
    """Trade by trade: orders on their way, filled one after the other at the next price."""
    quick = lazy = float(ticks.close[0])
    cash, held, side, waiting = 10_000.0, 0.0, 0, []
    for at, (now, price) in enumerate(zip(ticks.open_ns, ticks.close, strict=True)):
        while waiting and waiting[0][0] <= now:
            _, wanted = waiting.pop(0)
            if wanted > 0:
                held, cash = cash / (price * (1 + FEE)), 0.0
            else:
                cash, held = held * price * (1 - FEE), 0.0
        quick += 2 / (fast + 1) * (price - quick)
        lazy += 2 / (slow + 1) * (price - lazy)
        wanted = 1 if quick > lazy else -1
        if at >= slow - 1 and (wanted != side) and (wanted > 0 or side > 0):
            waiting.append((now + round(latency_s * 1e9), wanted))
            side = wanted
    return cash + held * float(ticks.close[-1])


def test_trades_that_go_back_in_time_are_refused_and_equal_times_are_kept() -> None:
    ticks = trades(100, 4)
    mixed = ticks.rows(np.roll(np.arange(100), 3))
    with pytest.raises(DataError, match="before that of a row above"):
        checked(mixed, is_repaired=False)
    mended, _ = checked(mixed, is_repaired=True)
    assert sorted(mended.open_ns.tolist()) == ticks.open_ns.tolist()
