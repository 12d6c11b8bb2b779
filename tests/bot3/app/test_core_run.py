"""The live decision actors over bars: nothing known early, books that add up, the same twice."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import pytest
from attrs import evolve

from bot3.app.backtest.core_ladder import core_ladder, grown_by_bars
from bot3.app.backtest.core_run import bars_config, run_core
from bot3.app.backtest.driven import CoreRun, CoreSettings
from bot3.app.backtest.trips import trips_of
from bot3.app.wiring import core_settings
from bot3.backtest.source import Asked, Source, source_of
from bot3.domain.bars import Bars, Floats
from bot3.domain.errors import ConfigError
from bot3.domain.ids import RunId
from bot3.domain.values import Side
from tests.bot3.backtest.making import MINUTE_NS, cut, wandering
from tests.bot3.making import BTC, KEY, USDT, d, make_fill

BOLD = {
    "BOT3__RISK__ADAPTIVE": "false",
    "BOT3__TA_ML_SPLIT__ADAPTIVE": "false",
    "BOT3__TA_ML_SPLIT__TA_WEIGHT": "1.0",
    "BOT3__TA_ML_SPLIT__ML_WEIGHT": "0.0",
}
SETTINGS = CoreSettings(10_000.0, 0.001, 0.0001, BOLD)
BITCOIN = wandering(240, 3)
ETHER = evolve(wandering(240, 4), symbol="ETH/USDT")


def sources(*every: Bars) -> list[Source]:
    return [evolve(source_of(partial(list, [bars]), Asked()), venue=bars.venue) for bars in every]


def equity_of(run: CoreRun) -> list[float]:
    found: list[float] = run.curve.equity.last.tolist()
    return found


@pytest.fixture(scope="module")
def whole() -> CoreRun:
    return run_core(sources(BITCOIN, ETHER), SETTINGS)


def test_it_trades_and_its_books_add_up(whole: CoreRun) -> None:
    assert len(whole.fills) > 5
    assert whole.denials == {}
    assert len(equity_of(whole)) == 240
    cash, held = 10_000.0, {"BTC/USDT": 0.0, "ETH/USDT": 0.0}
    for fill in whole.fills:
        sign, notional = fill.side.sign, float(fill.notional.amount)
        held[fill.instrument.symbol] += sign * float(fill.amount.amount)
        cash -= sign * notional
        if fill.fee_asset == USDT:
            cash -= float(fill.fee)
        else:
            held[fill.instrument.symbol] -= float(fill.fee)
    last = {"BTC/USDT": BITCOIN.close[-1], "ETH/USDT": ETHER.close[-1]}
    worth = sum(held[symbol] * last[symbol] for symbol in held)
    assert cash + worth == pytest.approx(whole.curve.final, abs=1e-6)
    assert sum(trip.pnl for trip in whole.trips) == pytest.approx(
        whole.curve.final - 10_000.0, abs=0.05
    )


def test_orders_meet_the_next_open_with_the_spread(whole: CoreRun) -> None:
    bars = BITCOIN
    for fill in whole.fills:
        if fill.instrument.symbol != "BTC/USDT":
            continue
        at = int((fill.ts_venue_ns - bars.open_ns[0]) // MINUTE_NS)
        opened = bars.open[at] * (1 + fill.side.sign * 0.0001)
        assert float(fill.price.amount) == pytest.approx(opened, rel=1e-6)


@pytest.mark.parametrize(("latency_s", "part"), [(0.05, 0), (1.0, 1), (20.0, None)])
def test_late_orders_miss_the_open_and_meet_the_next_print(
    whole: CoreRun, latency_s: float, part: int | None
) -> None:
    """A fifth of a minute later, at the open still; what is there after its deadline has expired.
    What is a twentieth of a second late is there before the open is told.
    """
    bars = BITCOIN
    found = run_core(sources(bars, ETHER), evolve(SETTINGS, latency_s=latency_s))
    mine = [fill for fill in found.fills if fill.instrument == KEY]
    if part is None:
        assert found.fills == ()
        return
    first = next(fill for fill in whole.fills if fill.instrument == KEY)
    at = int((mine[0].ts_venue_ns - bars.open_ns[0]) // MINUTE_NS)
    opened = bars.open[at] * (1 + mine[0].side.sign * 0.0001)
    assert float(mine[0].price.amount) == pytest.approx(opened, rel=1e-6)
    after_ns = mine[0].ts_venue_ns - first.ts_venue_ns
    assert after_ns == part * (MINUTE_NS // 5 - 400_000_000)


def test_one_symbol_of_two_venues_shares_the_cash() -> None:
    here = evolve(BITCOIN, venue="binance")
    there = evolve(here, venue="okx", close=here.close * 1.0001, high=here.high * 1.0001)
    found = run_core(sources(here, there), SETTINGS)
    assert {fill.instrument.venue for fill in found.fills} == {"binance", "okx"}
    assert len(equity_of(found)) == 240
    assert sum(trip.pnl for trip in found.trips) == pytest.approx(
        found.curve.final - 10_000.0, abs=0.05
    )


def test_nothing_is_known_before_its_time(whole: CoreRun) -> None:
    rows = np.arange(150, dtype=np.int64)
    known = run_core(sources(BITCOIN.rows(rows), ETHER.rows(rows)), SETTINGS)
    assert equity_of(known) == equity_of(whole)[:150]
    until = known.curve.equity.times_ns[-1]
    assert known.fills == tuple(fill for fill in whole.fills if fill.ts_venue_ns < until)


def test_read_in_parts_it_is_the_same_trade_by_trade(whole: CoreRun) -> None:
    found = run_core([cut(BITCOIN, 1), cut(ETHER, 50)], SETTINGS)
    assert (found.fills, found.trips) == (whole.fills, whole.trips)
    assert (found.grown, found.exposure) == (whole.grown, whole.exposure)
    assert equity_of(found) == equity_of(whole)


def test_no_more_of_a_file_is_read_than_is_traded() -> None:
    """Whoever joins the parts, or keeps them, has all twenty-four."""
    alive: list[weakref.ref[Floats]] = []
    most = 0

    def parts() -> Iterator[Bars]:
        nonlocal most
        for at in range(0, 240, 10):
            part = BITCOIN.rows(slice(at, at + 10))
            alive.append(weakref.ref(part.close))
            most = max(most, sum(each() is not None for each in alive))
            yield part

    run_core([Source("BTC/USDT", MINUTE_NS, False, 240, (), parts)], SETTINGS)
    assert most <= 3


def test_the_configuration_is_the_data_s() -> None:
    config = bars_config(sources(wandering(50, 1), ETHER), SETTINGS)
    assert (config.exchanges.symbols, config.system.quote) == (("BTC/USDT", "ETH/USDT"), "USDT")
    assert (config.market.bar_interval_s, config.venues.binance.taker_fee_rate) == (60, 0.001)
    assert core_settings(config, RunId("backtest")).adaptive.bar_s == 60.0


def test_bars_of_an_outage_are_traded_over() -> None:
    bars = wandering(400, 3)
    rows = np.r_[0:200, 300:400].astype(np.int64)
    found = run_core(sources(bars.rows(rows)), SETTINGS)
    assert len(equity_of(found)) == 300


@pytest.mark.parametrize(
    "every",
    [
        [evolve(wandering(50, 1), symbol="X")],
        [wandering(50, 1), evolve(wandering(50, 1), symbol="ETH/EUR")],
        [wandering(50, 1), ETHER.rows(slice(0, 240, 2))],
    ],
)
def test_what_one_account_cannot_trade_is_refused(every: list[Bars]) -> None:
    with pytest.raises(ConfigError, match="of one quote asset, and bars of one length"):
        run_core(sources(*every), SETTINGS)


def ladder(every: list[Bars], settings: CoreSettings) -> list[dict[str, Any]]:
    given = sources(*every)
    once = run_core(given, settings).grown
    return core_ladder(grown_by_bars, given, settings, once, len(every[0]))


@pytest.mark.parametrize("is_short", [True, False])
def test_each_rung_of_the_ladder_is_a_run_at_its_costs(
    monkeypatch: pytest.MonkeyPatch, is_short: bool
) -> None:
    """A long one is computed in other processes."""
    if not is_short:
        monkeypatch.setattr("bot3.app.backtest.core_ladder._SHORT_BARS", 0)
    every = [BITCOIN]
    rungs = ladder(every, SETTINGS)
    assert [rung["costs"] for rung in rungs] == [0.0, 1.0, 2.0]
    for rung in rungs:
        times = rung["costs"]
        costs = evolve(SETTINGS, fee=0.001 * times, half_spread=0.0001 * times)
        assert rung["total_return"] == run_core(sources(*every), costs).grown
    assert len({rung["total_return"] for rung in rungs}) == 3


def test_without_costs_the_rungs_are_the_same() -> None:
    every = [BITCOIN]
    settings = evolve(SETTINGS, fee=0.0, half_spread=0.0)
    rungs = ladder(every, settings)
    assert len({rung["total_return"] for rung in rungs}) == 1


def test_round_trips_of_many_fills() -> None:
    fills = [
        make_fill(1, 1, "1", "100", fee=d("0.001"), fee_asset=BTC, ts_venue_ns=10),
        make_fill(2, 2, "1", "110", fee=d("0.11"), fee_asset=USDT, ts_venue_ns=20),
        make_fill(3, 3, "1.5", "120", side=Side.SELL, ts_venue_ns=30),
        make_fill(4, 4, "0.49", "130", side=Side.SELL, ts_venue_ns=40),
        make_fill(5, 5, "2", "100", ts_venue_ns=50),
    ]
    closed, still_open = trips_of(fills, {KEY: 90.0})
    assert (closed.entry_ns, closed.exit_ns, closed.amount) == (10, 40, 2.0)
    assert (closed.entry_price, closed.fees) == (105.0, pytest.approx(0.21))
    assert closed.pnl == pytest.approx(1.5 * 120 + 0.49 * 130 + 0.01 * 130 - 210 - 0.21)
    assert (still_open.exit_ns, still_open.reason) == (None, "still held at the end")
    assert still_open.pnl == pytest.approx(-20.0)


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ({"BOT3__PROTECTIONS__MIN_PAIR_VOLUME": "1"}, None),
        ({"BOT3__PROTECTIONS__MIN_PAIR_VOLUME": "1e14"}, "pair_volume"),
        ({"BOT3__PROTECTIONS__MIN_PAIR_AGE_DAYS": "1"}, "pair_age"),
    ],
)
def test_rules_on_pairs_go_by_what_was_recorded(rule: dict[str, str], reason: str | None) -> None:
    """Four hours: a market of enough volume is traded, one of a day is not known."""
    found = run_core(sources(BITCOIN), evolve(SETTINGS, environ={**BOLD, **rule}))
    assert set(found.denials) == ({reason} if reason else set())
    assert (len(found.fills) > 2) is (reason is None)
