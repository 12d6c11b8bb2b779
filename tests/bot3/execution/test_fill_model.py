"""The fill model: what a market gives us, in which order, and never twice."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot3.domain.fill import Liquidity
from bot3.domain.ids import ClientOrderId
from bot3.domain.values import Side
from bot3.execution.fill_model import Execution, FillModel, FillSettings
from tests.bot3.making import d

OURS = ClientOrderId("ours")
CAREFUL = FillSettings(queue_power=None)
BIDS, ASKS = [(99.0, 5.0), (98.0, 7.0)], [(101.0, 2.0), (102.0, 3.0)]


def made(settings: FillSettings = CAREFUL) -> FillModel:
    model = FillModel(settings, d("0.001"))
    assert model.replace(BIDS, ASKS) == []
    return model


def amounts(executions: list[Execution]) -> list[Decimal]:
    return [each.amount for each in executions]


def test_a_crossing_order_eats_level_by_level_down_to_its_price() -> None:
    model = made()
    taken = model.take(OURS, Side.BUY, d(101), d(3))
    assert [(each.price, each.amount, each.liquidity) for each in taken] == [
        (d("101.0"), d("2.000"), Liquidity.TAKER)
    ]
    assert amounts(model.take(OURS, Side.BUY, None, d(9))) == [d("3.000")]  # eaten is eaten
    assert model.available(Side.BUY, None) == 0
    model.change([], [(101.0, 1.0)])  # the market says what is there now
    assert amounts(model.take(OURS, Side.BUY, d(101), d(9))) == [d("1.000")]


def test_without_a_book_nothing_is_filled() -> None:
    model = made()
    model.rest(OURS, Side.BUY, d(99), d(1))
    model.lose()
    assert model.take(OURS, Side.BUY, None, d(1)) == []
    assert model.trade(98.0, 50.0, Side.SELL) == []
    assert model.change([(99.0, 0.0)], [(98.5, 4.0)]) == []
    assert not model.crosses(Side.BUY, d(1000))
    assert amounts(model.replace([(98.0, 1.0)], [(98.5, 4.0)])) == [d(1)]  # it went through us


def test_a_resting_order_waits_for_those_before_it() -> None:
    model = made()
    model.rest(OURS, Side.BUY, d(99), d(2))
    assert model.trade(99.0, 5.0, Side.SELL) == []
    assert model.trade(99.0, 4.0, Side.BUY) == []  # the other side's business
    assert amounts(model.trade(99.0, 1.5, Side.SELL)) == [d("1.500")]
    [last] = model.trade(99.0, 4.0, Side.SELL)
    assert (last.amount, last.price, last.liquidity) == (d("0.500"), d(99), Liquidity.MAKER)
    assert model.trade(99.0, 4.0, Side.SELL) == []


def test_a_whole_book_leaves_us_no_further_back_than_what_is_there() -> None:
    model = made()
    model.rest(OURS, Side.BUY, d(99), d(1))
    model.replace([(99.0, 0.5)], ASKS)
    assert model.trade(99.0, 0.5, Side.SELL) == []
    assert amounts(model.trade(99.0, 1.0, Side.SELL)) == [d(1)]


def test_a_trade_below_our_price_reaches_us_whatever_is_before_us() -> None:
    model = made()
    model.rest(OURS, Side.BUY, d(99), d(2))
    assert amounts(model.trade(98.5, 0.5, Side.SELL)) == [d("0.500")]


def test_two_of_ours_share_one_trade() -> None:
    model = made()
    model.rest(OURS, Side.SELL, d(100), d(2))
    model.rest(ClientOrderId("second"), Side.SELL, d(100), d(2))
    assert amounts(model.trade(100.0, 3.0, Side.BUY)) == [d(2), d("1.000")]


@pytest.mark.parametrize(("power", "needed"), [(None, 3.0), (3.0, 3.0), (1.0, 3.0)])
def test_when_the_level_shrinks_below_our_place_we_move_up(
    power: float | None, needed: float
) -> None:
    model = made(FillSettings(queue_power=power))
    model.rest(OURS, Side.BUY, d(99), d(1))
    model.change([(99.0, needed)], [])
    assert model.trade(99.0, needed, Side.SELL) == []
    assert amounts(model.trade(99.0, 1.0, Side.SELL)) == [d(1)]


def test_a_cancel_behind_us_is_more_likely_the_more_there_is() -> None:
    """Five before us and fifteen behind: of a cancel of eight, a cubic share of 1/28 was ours."""
    model = made(FillSettings(queue_power=3.0))
    model.rest(OURS, Side.BUY, d(99), d(1))
    model.change([(99.0, 20.0)], [])
    model.change([(99.0, 12.0)], [])
    ahead = 5 - 8 / 28
    assert model.trade(99.0, ahead - 0.01, Side.SELL) == []
    assert amounts(model.trade(99.0, 1.02, Side.SELL)) == [d(1)]


def test_what_traded_was_no_cancel() -> None:
    """The diff after a trade repeats it: our place must not move twice."""
    model = made(FillSettings(queue_power=1.0))
    model.rest(OURS, Side.BUY, d(99), d(1))
    model.trade(99.0, 2.0, Side.SELL)
    model.change([(99.0, 3.0)], [])
    assert model.trade(99.0, 2.9, Side.SELL) == []


def test_removed_is_removed() -> None:
    model = made()
    model.rest(OURS, Side.BUY, d(100), d(1))
    model.remove(OURS)
    model.remove(OURS)
    assert model.trade(90.0, 9.0, Side.SELL) == []


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["trade", "bid", "ask"]),
        st.sampled_from([98.0, 99.0, 100.0, 101.0]),
        st.floats(0, 6, allow_nan=False),
        st.sampled_from(list(Side)),
    ),
    max_size=40,
)


@given(STEPS, st.sampled_from([None, 1.0, 3.0]))
def test_never_more_than_was_ordered_nor_than_the_market_gave(
    steps: list[tuple[str, float, float, Side]], power: float | None
) -> None:
    model = made(FillSettings(queue_power=power))
    model.rest(OURS, Side.BUY, d(99), d(2))
    got, given_by_market = d(0), 0.0
    for kind, price, amount, side in steps:
        if kind == "trade":
            executions = model.trade(price, amount, side)
            given_by_market += amount if side is Side.SELL and price <= 99 else 0.0
        else:
            levels = [(price, amount)]
            executions = model.change(*((levels, []) if kind == "bid" else ([], levels)))
            given_by_market += amount if kind == "ask" and price <= 99 else 0.0
        assert all(each.amount > 0 and each.price == d(99) for each in executions)
        got += sum(amounts(executions), d(0))
    assert got <= 2
    assert float(got) <= given_by_market + 1e-6
