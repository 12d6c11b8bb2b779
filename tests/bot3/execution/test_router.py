"""The router: the next unit goes where it is cheapest with its fee."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from bot3.domain.book import Level
from bot3.domain.values import InstrumentId, Side, Symbol, VenueName
from bot3.execution.router import Candidate, SmartOrderRouter
from tests.bot3.making import SECOND_NS, START_NS, d, make_instrument

ROUTER = SmartOrderRouter(book_age_max_s=2.0)


def candidate(
    venue: str, levels: list[Level], fee: str = "0.001", age_s: int = 0, **changes: object
) -> Candidate:
    key = InstrumentId(VenueName(venue), Symbol("BTC/USDT"))
    instrument = make_instrument(key, taker_fee_rate=d(fee), **changes)
    return Candidate(instrument, levels, START_NS - age_s * SECOND_NS)


def route(side: Side, amount: str, *candidates: Candidate) -> list[tuple[str, Decimal, Decimal]]:
    legs = ROUTER.route(side, d(amount), candidates, START_NS)
    return [(leg.instrument.venue, leg.amount.amount, leg.price.amount) for leg in legs]


def test_the_fee_decides_between_equal_prices() -> None:
    dear, cheap = candidate("a", [(100.0, 9.0)], "0.002"), candidate("b", [(100.0, 9.0)], "0.001")
    assert route(Side.BUY, "1", dear, cheap) == [("b", 1, 100)]
    assert route(Side.SELL, "1", dear, cheap) == [("b", 1, 100)]


def test_a_better_price_can_be_dearer_with_its_fee() -> None:
    first, second = candidate("a", [(100.0, 9.0)], "0.003"), candidate("b", [(100.1, 9.0)], "0")
    assert route(Side.BUY, "1", first, second) == [("b", 1, d("100.1"))]


def test_levels_of_all_venues_are_taken_in_the_order_of_their_cost() -> None:
    one = candidate("a", [(100.0, 1.0), (102.0, 5.0)])
    two = candidate("b", [(101.0, 2.0), (103.0, 5.0)])
    assert route(Side.BUY, "4", one, two) == [("a", 2, 102), ("b", 2, 101)]
    bids = candidate("a", [(100.0, 1.0), (98.0, 5.0)]), candidate("b", [(99.0, 2.0)])
    assert route(Side.SELL, "4", *bids) == [("a", 2, 98), ("b", 2, 99)]


def test_stale_and_halted_venues_get_nothing() -> None:
    stale = candidate("a", [(90.0, 9.0)], age_s=3)
    halted = candidate("b", [(91.0, 9.0)], is_trading=False)
    assert route(Side.BUY, "1", stale, halted) == []
    assert route(Side.BUY, "1", stale, candidate("c", [(100.0, 9.0)])) == [("c", 1, 100)]


def test_a_leg_too_small_for_its_venue_moves_to_the_others() -> None:
    tiny, deep = candidate("a", [(99.0, 0.01)]), candidate("b", [(100.0, 9.0)])
    assert route(Side.BUY, "1", tiny, deep) == [("b", 1, 100)]


def test_no_more_is_routed_than_the_books_show() -> None:
    assert route(Side.BUY, "5", candidate("a", [(100.0, 2.0)])) == [("a", 2, 100)]
    assert route(Side.BUY, "5") == []


books = st.lists(
    st.tuples(st.integers(9_900, 10_100).map(lambda c: c / 100), st.integers(1, 5).map(float)),
    min_size=1,
    max_size=4,
    unique_by=lambda level: level[0],
)


@given(st.lists(st.tuples(books, st.sampled_from(["0", "0.001"])), max_size=4), st.integers(1, 20))
def test_no_single_venue_is_cheaper(venues: list[tuple[list[Level], str]], amount: int) -> None:
    candidates = [
        candidate(f"v{number}", sorted(levels), fee) for number, (levels, fee) in enumerate(venues)
    ]
    legs = ROUTER.route(Side.BUY, d(amount), candidates, START_NS)
    depth = sum(int(size) for levels, _ in venues for _, size in levels)
    assert sum(leg.amount.amount for leg in legs) == min(amount, depth)

    def cost(each: Candidate, left: Decimal) -> Decimal:
        total = d(0)
        for price, size in each.levels:
            part = min(left, d(str(size)))
            total += part * d(str(price)) * (1 + each.instrument.taker_fee_rate)
            left -= part
        return total if not left else d(10**12)

    by_venue = {each.instrument.id: each for each in candidates}
    routed = sum(cost(by_venue[leg.instrument], leg.amount.amount) for leg in legs)
    assert all(routed <= cost(each, d(min(amount, depth))) for each in candidates)
