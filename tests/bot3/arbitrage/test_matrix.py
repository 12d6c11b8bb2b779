"""What a change of one book makes possible."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot3.arbitrage.matrix import MatrixSettings
from bot3.arbitrage.opportunity import ArbitrageKind, Opportunity, profit_after
from bot3.domain.values import Asset, InstrumentId, Side, Symbol, VenueName
from tests.bot3.arbitrage.making import SECOND, Market, instrument

# gross 1.002668 around: SCIENCE's triangle, as rates of single levels
TRIANGLE = {
    "BTC/USDT": ([(49_990.0, 2.0)], [(50_000.0, 2.0)]),
    "ETH/BTC": ([(0.0599, 50.0)], [(0.06, 50.0)]),
    "ETH/USDT": ([(3_008.004, 20.0)], [(3_009.0, 20.0)]),
}


def _triangle(fee: str) -> list[Opportunity]:
    market = Market(fee=fee)
    found: list[Opportunity] = []
    for symbol, (bids, asks) in TRIANGLE.items():
        found = market.tell("binance", symbol, bids, asks)
    return found


def test_a_triangle_that_clears_five_basis_points_a_leg() -> None:
    (found,) = _triangle("0.0005")
    assert found.kind is ArbitrageKind.TRIANGULAR
    assert found.gross_bps == pytest.approx(26.68, abs=0.01)
    assert found.net_bps == pytest.approx((1.002668 * 0.9995**3 - 1) * 1e4, abs=0.01)
    assert [leg.side for leg in found.legs] == [Side.BUY, Side.BUY, Side.SELL]
    assert found.quote == "USDT"


def test_and_not_ten() -> None:
    assert _triangle("0.001") == []


def test_across_venues_over_depth() -> None:
    market = Market(fee="0.0005")
    assert market.tell("binance", "BTC/USDT", [(50_000, 1)], [(50_010, 1), (50_020, 2)]) == []
    bids = [(50_200.0, 0.5), (50_150.0, 1.0), (50_000.0, 5.0)]
    (found,) = market.tell("okx", "BTC/USDT", bids, [(50_210, 1)])
    assert found.kind is ArbitrageKind.CROSS_VENUE
    buy, sell = found.legs
    assert (buy.instrument.id.venue, sell.instrument.id.venue) == ("binance", "okx")
    assert float(sell.amount) == pytest.approx(1.5)
    assert float(buy.amount) == pytest.approx(1.5 / 0.9995)
    spent = 50_010 + (1.5 / 0.9995 - 1) * 50_020
    assert found.size == pytest.approx(spent)
    assert found.profit == pytest.approx((0.5 * 50_200 + 50_150) * 0.9995 - spent)
    assert (float(buy.limit.amount), float(sell.limit.amount)) == (50_020, 50_150)


def test_three_venues_share_one_loop() -> None:
    market = Market(fee="0")
    market.tell("binance", "BTC/USDT", [(99, 1)], [(100, 1)])
    market.tell("bybit", "BTC/USDT", [(99, 1)], [(100.5, 1)])
    (found,) = market.tell("okx", "BTC/USDT", [(102, 2)], [(103, 1)])
    assert len(found.legs) == 3
    assert found.profit == pytest.approx(2 + 1.5)


def test_what_does_not_use_the_changed_book_is_not_told_again() -> None:
    market = Market(fee="0")
    market.tell("binance", "BTC/USDT", [(99, 1)], [(100, 1)])
    assert market.tell("okx", "BTC/USDT", [(102, 2)], [(103, 1)])
    assert market.tell("okx", "ETH/USDT", [(10, 2)], [(11, 1)]) == []
    assert market.tell("bybit", "BTC/USDT", [(98, 2)], [(104, 1)]) == []


def test_balances_bound_and_an_empty_one_ends_it() -> None:
    market = Market(fee="0")
    market.matrix.on_balance(VenueName("okx"), Asset("BTC"), 0.25)
    market.tell("binance", "BTC/USDT", [(99, 1)], [(100, 1)])
    (found,) = market.tell("okx", "BTC/USDT", [(102, 2)], [(103, 1)])
    assert found.profit == pytest.approx(0.5)
    market.matrix.on_balance(VenueName("okx"), Asset("BTC"), 0.0)
    assert market.tell("okx", "BTC/USDT", [(102, 2)], [(103, 1)]) == []


def test_whole_lots_and_no_more_sold_than_bought() -> None:
    market = Market(fee="0.001", lot="0.01", tick="0.5", notional_min="5")
    market.tell("binance", "BTC/USDT", [(99, 1)], [(100, 1)])
    (found,) = market.tell("okx", "BTC/USDT", [(102.3, 2)], [(103, 1)])
    buy, sell = found.legs
    assert (buy.amount, sell.amount) == (Decimal("1.00"), Decimal("0.99"))
    assert sell.limit.amount == Decimal("102.0")  # off the tick: to where it still reaches
    assert found.profit == pytest.approx(0.99 * 102.3 * 0.999 - 100)


def test_a_venue_with_too_little_is_passed_by() -> None:
    """The best bid takes less than its minimum: the next venue's takes all."""
    market = Market(fee="0", notional_min="10")
    market.tell("binance", "BTC/USDT", [(99, 1)], [(100, 1)])
    market.tell("bybit", "BTC/USDT", [(101, 1)], [(104, 1)])
    assert market.tell("okx", "BTC/USDT", [(102, 0.05), (90, 1)], [(103, 1)]) == []
    (again,) = market.tell("bybit", "BTC/USDT", [(101, 1)], [(104, 1)])
    assert [leg.instrument.id.venue for leg in again.legs] == ["binance", "bybit"]


def test_crossed_empty_lost_and_old_books_count_for_nothing() -> None:
    market = Market(MatrixSettings(age_max_s=2.0), fee="0")
    dear = [(102.0, 2.0)], [(103.0, 1.0)]
    market.tell("binance", "BTC/USDT", [(99, 1)], [(100, 1)])
    assert market.tell("okx", "BTC/USDT", *dear)
    assert market.tell("okx", "BTC/USDT", *dear, ts_ns=4 * SECOND) == []  # binance's is old
    market.tell("binance", "BTC/USDT", [(101, 1)], [(100, 1)], ts_ns=4 * SECOND)
    assert market.tell("okx", "BTC/USDT", *dear, ts_ns=4 * SECOND) == []
    market.tell("binance", "BTC/USDT", [], [(100, 1)], ts_ns=4 * SECOND)
    assert market.tell("okx", "BTC/USDT", *dear, ts_ns=4 * SECOND) == []
    market.tell("binance", "BTC/USDT", [(99, 1)], [(100, 1)], ts_ns=4 * SECOND)
    market.matrix.on_delay(VenueName("binance"), 3.0)
    assert market.tell("okx", "BTC/USDT", *dear, ts_ns=4 * SECOND) == []
    market.matrix.on_delay(VenueName("binance"), 0.1)
    market.tell("binance", "BTC/USDT", [(99, 1)], [(100, 1)], ts_ns=4 * SECOND)
    market.matrix.on_lost(InstrumentId(VenueName("binance"), Symbol("BTC/USDT")))
    assert market.tell("okx", "BTC/USDT", *dear, ts_ns=4 * SECOND) == []


def test_a_failing_leg_must_be_worth_its_risk() -> None:
    for rate, is_told in ((0.0, True), (1.0, False)):
        market = Market(MatrixSettings(leg_failure_rate=rate), fee="0.001")
        market.tell("binance", "BTC/USDT", [(99.9, 1)], [(100, 1)])
        assert bool(market.tell("okx", "BTC/USDT", [(100.25, 2)], [(100.3, 1)])) is is_told


def test_what_is_left_when_the_books_have_moved() -> None:
    market = Market(fee="0")
    market.tell("binance", "BTC/USDT", [(99, 1)], [(100, 1)])
    (found,) = market.tell("okx", "BTC/USDT", [(102, 1)], [(103, 1)])
    books = {key: market.matrix.book(key) for key in found.instruments}
    assert profit_after(found, books) == pytest.approx(found.profit)
    okx = InstrumentId(VenueName("okx"), Symbol("BTC/USDT"))
    gone = books | {okx: ([(101.0, 5.0)], [(103.0, 1.0)])}
    assert profit_after(found, gone) == pytest.approx(-found.leg_loss)
    half = books | {okx: ([(102.0, 0.5)], [(103.0, 1.0)])}
    assert profit_after(found, half) == pytest.approx(found.profit / 2 - found.leg_loss / 2)


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=60, deadline=None)
def test_whatever_is_told_can_be_done(seed: int) -> None:
    """Recomputed from the books by hand: within depth, lots, minimums and balances, at a profit."""
    dice = np.random.default_rng(seed)
    market = Market(fee="0.0004", lot="0.001", tick="0.01", notional_min="5")
    mids = {"BTC/USDT": 500.0, "ETH/USDT": 30.0, "ETH/BTC": 0.06}
    balances = {
        (VenueName(venue), Asset(asset)): float(dice.uniform(0, 500 if asset == "USDT" else 5))
        for venue in ("binance", "okx", "bybit")
        for asset in ("USDT", "BTC", "ETH")
    }
    for (venue, asset), free in balances.items():
        market.matrix.on_balance(venue, asset, free)
    for _ in range(30):
        venue = str(dice.choice(["binance", "okx", "bybit"]))
        symbol = str(dice.choice(list(mids)))
        mid = mids[symbol] * dice.uniform(0.99, 1.01)
        tick = 1e-5 if symbol == "ETH/BTC" else 0.01
        bids = [(round(mid * (1 - 1e-4 * at) - tick, 5), float(dice.uniform(0.01, 1)))
                for at in range(1, 6)]  # fmt: skip
        asks = [(round(mid * (1 + 1e-4 * at) + tick, 5), float(dice.uniform(0.01, 1)))
                for at in range(1, 6)]  # fmt: skip
        for found in market.tell(venue, symbol, bids, asks):
            _check(market, found, balances)


def _check(
    market: Market, found: Opportunity, balances: dict[tuple[VenueName, Asset], float]
) -> None:
    net: dict[Asset, float] = {}
    spent: dict[tuple[VenueName, Asset], float] = {}
    for leg in found.legs:
        known, amount = leg.instrument, float(leg.amount)
        assert leg.amount % known.lot_size == 0
        assert not leg.is_refused
        bids, asks = market.matrix.book(known.id)
        levels = asks if leg.side is Side.BUY else bids
        left, notional = amount, 0.0
        for price, there in levels:
            part = min(left, there)
            notional, left = notional + part * price, left - part
        assert left <= amount * 1e-9
        assert notional == pytest.approx(leg.notional, rel=1e-9)
        kept = 1 - leg.fee_rate
        sign = leg.side.sign
        net[known.base] = net.get(known.base, 0.0) + sign * amount * (kept if sign > 0 else 1)
        net[known.quote] = net.get(known.quote, 0.0) - sign * notional * (1 if sign > 0 else kept)
        asset, paid = (known.quote, notional) if sign > 0 else (known.base, amount)
        key = (known.id.venue, asset)
        spent[key] = spent.get(key, 0.0) + paid
    assert all(amount >= -1e-7 for asset, amount in net.items())
    assert net[found.quote] == pytest.approx(found.profit, rel=1e-6, abs=1e-9)
    assert found.profit > 0
    for key, amount in spent.items():
        assert amount <= balances[key] * (1 + 1e-9)


def test_instruments_are_listed() -> None:
    market = Market()
    market.tell("binance", "BTC/USDT", [(99, 1)], [(100, 1)])
    assert market.matrix.instruments() == (instrument("binance", "BTC/USDT"),)
