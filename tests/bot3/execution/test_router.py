"""The router: the optimum of a linear program, within filters, funds and fresh books."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from bot3.domain.book import Level
from bot3.domain.instrument import Instrument
from bot3.domain.values import InstrumentId, Side, Symbol, VenueName
from bot3.execution.router import Route, VenueBook, penalty_of, route
from tests.bot3.making import d, make_instrument

NO_FILTERS = {
    "tick_size": d("0.01"),
    "lot_size": d("0.00000001"),
    "amount_min": d(0),
    "notional_min": d(0),
}


def instrument(name: str, fee: str = "0.001", **changes: object) -> Instrument:
    key = InstrumentId(VenueName(name), Symbol("BTC/USDT"))
    return make_instrument(key, taker_fee_rate=d(fee), **{**NO_FILTERS, **changes})


def book(
    name: str,
    levels: list[Level],
    funds: str = "1e9",
    fee: str = "0.001",
    *,
    age_s: float = 0.0,
    penalty_bps: float = 0.0,
) -> VenueBook:
    return VenueBook(
        instrument=instrument(name, fee),
        levels=levels,
        funds=d(funds),
        age_s=age_s,
        penalty_bps=penalty_bps,
    )


def split(found: Route) -> dict[str, Decimal]:
    return {str(child.instrument.id.venue): child.amount for child in found.children}


def test_the_cheaper_level_after_fees_goes_first() -> None:
    dear_fee = book("a", [(100.0, 1.0), (100.05, 1.0)], fee="0.002")
    low_fee = book("b", [(100.1, 1.0)], fee="0.0005")
    assert split(route(Side.BUY, d(1), [dear_fee, low_fee])) == {"b": d(1)}
    assert split(route(Side.BUY, d("2.5"), [dear_fee, low_fee])) == {"a": d("1.5"), "b": d(1)}
    found = route(Side.BUY, d(9), [dear_fee, low_fee])
    assert (found.amount, found.unrouted) == (d(3), d(6))
    assert found.cost == d("200.05") * d("1.002") + d("100.1") * d("1.0005")


def test_sells_go_to_the_best_bid_after_fees() -> None:
    found = route(Side.SELL, d(1), [book("a", [(100.0, 5.0)]), book("b", [(100.05, 0.25)])])
    assert split(found) == {"a": d("0.75"), "b": d("0.25")}
    assert found.cost == (d("75") + d("25.0125")) * d("0.999")


def test_a_late_or_failing_venue_must_be_better_by_its_penalty() -> None:
    late = book("a", [(100.0, 5.0)], penalty_bps=10.0)
    prompt = book("b", [(100.05, 5.0)])
    assert split(route(Side.BUY, d(1), [late, prompt])) == {"b": d(1)}
    assert penalty_of(0.0, 5.0, 0.1, 20.0) == pytest.approx(2.0)
    assert penalty_of(1.0, 5.0, 0.0, 20.0) == pytest.approx(5 * 0.39894228)


def test_a_stale_book_is_left_out() -> None:
    old = book("a", [(90.0, 5.0)], age_s=3.0)
    assert split(route(Side.BUY, d(1), [old, book("b", [(100.0, 5.0)])])) == {"b": d(1)}
    assert route(Side.BUY, d(1), [old]).unrouted == d(1)


def test_funds_bound_each_venue() -> None:
    poor = book("a", [(100.0, 5.0)], funds="50.05")
    found = route(Side.BUY, d(1), [poor, book("b", [(101.0, 5.0)])])
    assert split(found) == {"a": d("0.5"), "b": d("0.5")}
    assert route(Side.SELL, d(3), [book("a", [(100.0, 5.0)], funds="2")]).unrouted == d(1)
    deep = book("a", [(100.0, 1.0), (101.0, 5.0)], funds="150")
    assert d("149.99") < route(Side.BUY, d(5), [deep]).cost <= d(150)


def test_what_is_too_small_for_a_venue_goes_to_the_others() -> None:
    strict = VenueBook(
        instrument=instrument("a", notional_min=d(10)), levels=[(100.0, 0.05)], funds=d(10**6)
    )
    found = route(Side.BUY, d(1), [strict, book("b", [(101.0, 5.0)])])
    assert split(found) == {"b": d(1)}
    assert route(Side.BUY, d("0.05"), [strict]).unrouted == d("0.05")


def test_amounts_are_whole_lots_of_each_venue() -> None:
    coarse = VenueBook(
        instrument=instrument("a", lot_size=d("0.1")), levels=[(100.0, 0.57)], funds=d(10**6)
    )
    found = route(Side.BUY, d(1), [coarse, book("b", [(101.0, 5.0)])])
    assert split(found) == {"a": d("0.5"), "b": d("0.5")}


LEVELS = st.lists(
    st.tuples(st.integers(9_900, 10_100), st.integers(1, 500)), min_size=1, max_size=6
)
BOOKS = st.lists(
    st.tuples(LEVELS, st.sampled_from(["0", "0.0005", "0.001", "0.002"]), st.floats(0, 8)),
    min_size=1,
    max_size=4,
)


@settings(max_examples=60)
@given(BOOKS, st.sampled_from(list(Side)), st.integers(1, 2_000))
def test_it_is_the_optimum_of_the_linear_program(
    given_books: list[tuple[list[tuple[int, int]], str, float]], side: Side, hundredths: int
) -> None:
    """Costs of every level with fee and penalty; amounts below what rests; the sum as asked."""
    books, costs, bounds = [], [], []
    for number, (rows, fee, penalty) in enumerate(given_books):
        merged = dict(rows)
        ordered = sorted(merged.items(), reverse=side is Side.SELL)
        levels = [(price / 100, amount / 100) for price, amount in ordered]
        books.append(book(f"v{number}", levels, fee=fee, penalty_bps=penalty))
        rate = float(fee) + penalty / 1e4
        costs += [side.sign * price * (1 + side.sign * rate) for price, _ in levels]
        bounds += [(0.0, amount) for _, amount in levels]
    amount = min(hundredths / 100, sum(most for _, most in bounds))
    best = linprog(costs, A_eq=np.ones((1, len(costs))), b_eq=[amount], bounds=bounds)
    assert best.success
    found = route(side, Decimal(repr(round(amount, 2))), books)
    ours = sum(
        float(side.sign * child.notional)
        + float(child.fee)
        + float(child.notional) * book_of.penalty_bps / 1e4
        for child in found.children
        for book_of in books
        if book_of.instrument is child.instrument
    )
    assert found.unrouted == pytest.approx(0, abs=1e-9)
    assert ours == pytest.approx(best.fun, rel=1e-9, abs=1e-7)
