"""Positions from fills: averages, realized profit, fees, idempotence, and the exact identity."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot3.domain.values import Asset, InstrumentId, Price, Side
from bot3.portfolio.positions import Position, PositionTracker, base_and_quote
from tests.bot3.making import BTC, KEY, USDT, VENUE, d, make_fill

BNB = Asset("BNB")
SELL = Side.SELL


def after(*fills: object) -> Position:
    tracker = PositionTracker()
    for fill in fills:
        assert tracker.apply(fill)
    return tracker.position(KEY)


def test_buys_average_and_a_sell_realizes_against_the_average() -> None:
    position = after(
        make_fill(1, amount="1", price="100"),
        make_fill(2, amount="3", price="200"),
        make_fill(3, amount="2", price="300", side=SELL),
    )
    assert position.amount == 2
    assert position.average_price == Price(d(175))
    assert position.realized == 250
    assert position.unrealized(d(200)) == 50


def test_a_closed_position_has_no_price_and_no_cost() -> None:
    position = after(make_fill(1, amount="3", price="7"), make_fill(2, amount="3", side=SELL))
    assert (position.amount, position.cost, position.average_price) == (0, 0, None)
    assert position.realized == 279


def test_a_fee_in_base_leaves_the_position_and_is_realized_at_the_fills_price() -> None:
    position = after(make_fill(1, amount="1", price="100", fee=d("0.001"), fee_asset=BTC))
    assert position.amount == d("0.999")
    assert position.realized == d("-0.1")
    assert position.average_price == Price(d(100))


def test_a_fee_in_quote_is_realized_and_one_in_a_third_asset_is_listed() -> None:
    tracker = PositionTracker()
    tracker.apply(make_fill(1, fee=d("0.1")))
    tracker.apply(make_fill(2, fee=d("0.002"), fee_asset=BNB))
    assert tracker.position(KEY).realized == d("-0.1")
    assert tracker.fees() == {USDT: d("0.1"), BNB: d("0.002")}


def test_a_trade_id_counts_once_per_instrument() -> None:
    other = InstrumentId(VENUE, "ETH/USDT")
    tracker = PositionTracker()
    assert tracker.apply(make_fill(7))
    assert not tracker.apply(make_fill(7))
    assert tracker.apply(make_fill(7, instrument=other))
    assert tracker.position(KEY).amount == tracker.position(other).amount == 1


def test_a_copy_knows_the_past_and_shares_nothing() -> None:
    tracker = PositionTracker()
    tracker.apply(make_fill(1))
    copy = PositionTracker(tracker)
    assert not copy.apply(make_fill(1))
    assert copy.apply(make_fill(2))
    assert tracker.position(KEY).amount == 1
    assert tracker.apply(make_fill(2))


def test_selling_more_than_is_held_opens_the_other_side_at_its_price() -> None:
    position = after(make_fill(1, price="10"), make_fill(2, amount="3", price="12", side=SELL))
    assert (position.amount, position.cost, position.realized) == (-2, -24, 2)


def test_a_symbol_without_two_assets_is_refused() -> None:
    with pytest.raises(ValueError, match="BASE/QUOTE"):
        base_and_quote(InstrumentId(VENUE, "BTCUSDT"))


amounts = st.decimals(min_value="0.0001", max_value="1000", places=4)
prices = st.decimals(min_value="0.01", max_value="90000", places=2)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(Side), amounts, prices, st.sampled_from(["0", "0.001", "0.00075"]),
            st.sampled_from([BTC, USDT]),
        ),
        max_size=25,
    ),
    prices,
)  # fmt: skip
def test_profit_is_cash_plus_position_at_the_mark_to_the_last_digit(
    trades: list[tuple[Side, Decimal, Decimal, str, Asset]], mark: Decimal
) -> None:
    tracker, cash, amount = PositionTracker(), d(0), d(0)
    for number, (side, size, price, rate, fee_asset) in enumerate(trades):
        fee = (size * d(rate) * (price if fee_asset == USDT else 1)).quantize(d("1e-8"))
        tracker.apply(
            make_fill(number, amount=size, price=price, side=side, fee=fee, fee_asset=fee_asset)
        )
        cash -= side.sign * size * price + (fee if fee_asset == USDT else 0)
        amount += side.sign * size - (fee if fee_asset == BTC else 0)
    position = tracker.position(KEY)
    assert position.amount == amount
    assert position.realized + position.unrealized(mark) == cash + amount * mark
