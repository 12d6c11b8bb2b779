"""Funding: what is held at the time pays, in figures by hand; negative rates are received."""

from __future__ import annotations

import numpy as np
import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from bot3.backtest.book_events import BookEvent
from bot3.backtest.book_strategies import BuyAndHoldBook
from bot3.backtest.books import BookBacktest
from bot3.backtest.engine import Running
from bot3.backtest.funding import Funding
from bot3.backtest.purse import Lane
from bot3.backtest.settings import BacktestSettings
from bot3.backtest.strategies import BuyAndHold, EmaCross
from bot3.domain.bars import Bars
from bot3.domain.errors import DataError
from bot3.execution.fill_model import FillSettings
from tests.bot3.backtest.making import MINUTE_NS, START_NS, cut, wandering
from tests.bot3.making import d


def flat(prices: list[float]) -> Bars:
    """Each bar opens and closes at its price."""
    price = np.array(prices)
    times = START_NS + np.arange(len(prices), dtype=np.int64) * MINUTE_NS
    return Bars("BTC/USDT", times, price, price, price, price, np.ones(len(prices)), MINUTE_NS)


def funding(*rows: tuple[float, float]) -> Funding:
    """Rates by minutes from the start."""
    times = [START_NS + round(minutes * MINUTE_NS) for minutes, _ in rows]
    return Funding(np.array(times, dtype=np.int64), np.array([rate for _, rate in rows]))


def test_by_hand() -> None:
    """Bought at the open of minute 1: what falls due there is not ours. Minute 2.5 is settled at
    the open of minute 3, minute 4 at its own; the one after the last bar never.
    """
    bars = flat([100.0, 100.0, 110.0, 120.0, 130.0, 125.0])
    rates = funding((1, 0.01), (2.5, 0.001), (4, -0.002), (6, 0.5))
    lane = Lane(BacktestSettings(), 2.0, 0)
    running = Running(BuyAndHold(), "BTC/USDT", BacktestSettings(fee=0.0), [lane], rates)
    equity, _ = running.take(bars)
    amount = 10_000.0 / 100.0
    first, second = amount * 120.0 * 0.001, -amount * 130.0 * 0.002
    assert equity.tolist() == pytest.approx(
        [10_000.0, 10_000.0, 11_000.0, 12_000.0 - first, 13_000.0 - first - second,
         12_500.0 - first - second]
    )  # fmt: skip
    (trip,) = running.trips
    assert trip.funding == pytest.approx(first + second)
    assert trip.pnl == pytest.approx(equity[-1] - 10_000.0)
    dear = 10_000.0 / (100.0 * 1.002)
    assert lane.equity == pytest.approx(dear * (125.0 - 0.12 + 0.26))


def test_each_trip_has_its_own_and_they_add_up() -> None:
    bars = wandering(400, 7)
    rates = funding(*((minute, 0.0005) for minute in range(0, 400, 8)))
    running = Running(EmaCross(3, 9), "BTC/USDT", BacktestSettings(), funding=rates)
    equity, _ = running.take(bars)
    free, _ = Running(EmaCross(3, 9), "BTC/USDT", BacktestSettings()).take(bars)
    assert equity[-1] < free[-1]
    assert sum(trip.pnl for trip in running.trips) == pytest.approx(equity[-1] - 10_000.0)
    assert all(trip.funding >= 0.0 for trip in running.trips)
    assert len({trip.funding for trip in running.trips}) > 5


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 99), st.integers(1, 60))
def test_parts_are_the_whole(seed: int, rows: int) -> None:
    bars = wandering(200, seed)
    rates = funding(*((minute + 0.25 * (minute % 3), 0.002) for minute in range(0, 220, 7)))
    found = []
    for source in (cut(bars, 999), cut(bars, rows)):
        lane = Lane(BacktestSettings(), 1.0, 1)
        running = Running(EmaCross(3, 9), "BTC/USDT", BacktestSettings(), [lane], rates)
        equity = np.concatenate([running.take(part)[0] for part in source.chunks()])
        found.append((equity.tolist(), running.trips, lane.equity))
    assert found[0] == found[1]


def test_a_book_pays_at_the_mid_before() -> None:
    events = [
        BookEvent(second * 10**9, [(99.0, 1e6)], [(101.0, 1e6)], is_snapshot=True)
        for second in range(1, 9)
    ]
    rates = Funding(np.array([5 * 10**9]), np.array([0.01]))
    paid = []
    for given_rates in (rates, Funding(rates.times_ns, -rates.rates), None):
        backtest = BookBacktest(
            "BTC/USDT", d("0.01"), BacktestSettings(fee=0.0), FillSettings(), given_rates
        )
        run = backtest.run(BuyAndHoldBook(), events)
        last = run.last
        assert last.cash + last.held * 101.0 == pytest.approx(10_000.0 - run.funding)
        paid.append(run.funding)
    held = 98.01  # .99 of the cash at the ask, in whole lots
    assert paid == pytest.approx([held * 100.0 * 0.01, -held * 100.0 * 0.01, 0.0])


def test_rates_that_are_none_are_refused() -> None:
    good = funding((1, 0.1), (2, 0.1))
    for times, rates in (
        (good.times_ns[::-1], good.rates),
        (good.times_ns, np.array([0.1, np.nan])),
    ):
        with pytest.raises(DataError, match="funding"):
            evolve(good, times_ns=times, rates=rates)
