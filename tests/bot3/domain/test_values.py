"""Values refuse nonsense, filters and rounding agree, ids go there and back, books fit a model."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot3.domain.account import Balance
from bot3.domain.approval import ApprovedOrder
from bot3.domain.book import Book, Level, Quote
from bot3.domain.ids import (
    CLIENT_ORDER_ID_LENGTH_MAX,
    client_order_id,
    parse_client_order_id,
    run_id,
)
from bot3.domain.instrument import FilterRefusal
from bot3.domain.values import (
    Money,
    Price,
    Quantity,
    Side,
    ceil_to_step,
    decimal_of,
    floor_to_step,
)
from tests.bot3.making import BTC, VENUE, d, make_instrument, make_intent


@pytest.mark.parametrize("bad", ["0", "-1", "NaN", "Infinity"])
def test_a_price_is_finite_and_positive(bad: str) -> None:
    with pytest.raises(ValueError, match="positive"):
        Price(d(bad))


@pytest.mark.parametrize("bad", ["-0.1", "NaN", "-Infinity"])
def test_a_quantity_is_finite_and_not_negative(bad: str) -> None:
    with pytest.raises(ValueError, match="negative"):
        Quantity(d(bad))


def test_money_may_be_a_loss_and_quantities_may_not() -> None:
    assert Money(d(1)) - Money(d(3)) == Money(d(-2))
    with pytest.raises(ValueError, match="negative"):
        Quantity(d(1)) - Quantity(d(2))
    assert Balance(VENUE, BTC, d(1), d(2)).total == 3


def test_nobody_but_risk_makes_an_approval() -> None:
    with pytest.raises(TypeError, match="risk gate"):
        ApprovedOrder(make_intent(), object())


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_becomes_the_decimal_that_reads_back(value: float) -> None:
    assert float(decimal_of(value)) == value


prices = st.decimals(min_value="0.05", max_value="100000", places=6)


@given(prices, st.sampled_from(Side))
def test_rounded_prices_are_on_the_tick_and_never_nearer_the_market(
    price: Decimal, side: Side
) -> None:
    rounded = make_instrument().round_price(price, side).amount
    assert rounded % d("0.01") == 0
    assert (price - rounded) * side.sign >= 0
    assert abs(price - rounded) < d("0.01")
    assert floor_to_step(price, d("0.01")) <= price <= ceil_to_step(price, d("0.01"))


@given(prices, st.decimals(min_value="0", max_value="100", places=7))
def test_what_is_rounded_is_refused_only_for_its_size(price: Decimal, amount: Decimal) -> None:
    instrument = make_instrument()
    rounded, on_tick = instrument.round_amount(amount), instrument.nearest_price(price)
    assert rounded.amount <= amount
    refusal = instrument.refusal_of(rounded, on_tick)
    small = {FilterRefusal.AMOUNT_TOO_SMALL, FilterRefusal.NOTIONAL_TOO_SMALL}
    assert refusal is None or refusal in small
    assert (refusal is None) == (
        rounded.amount >= instrument.amount_min and rounded.amount * on_tick.amount >= 5
    )


@pytest.mark.parametrize(
    ("amount", "price", "refusal"),
    [
        ("1", "100.001", FilterRefusal.PRICE_OFF_TICK),
        ("1", "9", FilterRefusal.PRICE_OUT_OF_RANGE),
        ("1", "1001", FilterRefusal.PRICE_OUT_OF_RANGE),
        ("1.00001", "100", FilterRefusal.AMOUNT_OFF_LOT),
        ("0", "100", FilterRefusal.AMOUNT_TOO_SMALL),
        ("0.0002", "100", FilterRefusal.NOTIONAL_TOO_SMALL),
        ("51", "100", FilterRefusal.AMOUNT_TOO_LARGE),
        ("50", "900", FilterRefusal.NOTIONAL_TOO_LARGE),
        ("50", "100", None),
    ],
)
def test_each_filter_refuses(amount: str, price: str, refusal: FilterRefusal | None) -> None:
    instrument = make_instrument(
        price_min=d(10), price_max=d(1000), amount_max=d(50), notional_max=d(40000)
    )
    assert instrument.refusal_of(Quantity(d(amount)), Price(d(price))) is refusal
    halted = make_instrument(is_trading=False)
    assert halted.refusal_of(Quantity(d(1)), Price(d(100))) is FilterRefusal.NOT_TRADING


def test_a_market_order_has_no_price_to_be_off_the_tick() -> None:
    instrument, off = make_instrument(), Price(d("100.001"))
    assert instrument.refusal_of(Quantity(d(1)), off, is_market=True) is None


@given(st.from_regex(r"[a-z0-9]{8}", fullmatch=True), st.integers(1, 10**12 - 1))
def test_client_ids_go_there_and_back_and_fit_every_venue(run: str, number: int) -> None:
    made = client_order_id(run_id(run), number)
    assert parse_client_order_id(made) == (run, number)
    assert made.isalnum()
    assert len(made) <= CLIENT_ORDER_ID_LENGTH_MAX


def test_bad_ids_are_refused_and_foreign_ones_known() -> None:
    with pytest.raises(ValueError, match="eight"):
        run_id("SHORT")
    with pytest.raises(ValueError, match="intent number"):
        client_order_id(run_id("abcdefgh"), 0)
    assert parse_client_order_id("web_7f3a") is None


levels = st.lists(
    st.tuples(st.integers(1, 12).map(float), st.integers(0, 3).map(float)), max_size=8
)


@given(st.lists(st.tuples(st.booleans(), levels, levels), max_size=12))
def test_the_book_is_what_two_plain_dictionaries_would_be(
    steps: list[tuple[bool, list[Level], list[Level]]],
) -> None:
    book, bids, asks = Book(), dict[float, float](), dict[float, float]()
    for is_whole, new_bids, new_asks in steps:
        for model, new in ((bids, new_bids), (asks, new_asks)):
            if is_whole:
                model.clear()
            for price, amount in new:
                model[price] = amount
            for price in [price for price, amount in model.items() if not amount]:
                del model[price]
        if is_whole:
            book.replace(dict(new_bids).items(), dict(new_asks).items())
        else:
            book.change(new_bids, new_asks)
        assert book.bids(20) == sorted(bids.items(), reverse=True)
        assert book.asks(20) == sorted(asks.items())
    touch = book.quote()
    if bids and asks:
        assert touch == Quote(max(bids), bids[max(bids)], min(asks), asks[min(asks)])
        assert touch.is_crossed == (max(bids) >= min(asks))
    else:
        assert touch is None
