"""The judge of chaos finds every kind of disagreement: else its silence would say nothing."""

from __future__ import annotations

from decimal import Decimal

import pytest
from attrs import evolve

from tests.chaos.books import FillBooked, OrderBooked, OurBooks, VenueBooks
from tests.chaos.judge import differences

FUNDING = {"USDT": Decimal(10_000)}
FILL = FillBooked(
    "BTC/USDT", "7", "b3n1", "buy", Decimal(60_000), Decimal("0.1"), Decimal("0.0001"), "BTC"
)
BOUGHT = OrderBooked("b3n1", "BTC/USDT", "buy", Decimal("0.1"), Decimal("0.1"), "filled")
RESTS = OrderBooked("b3n2", "BTC/USDT", "sell", Decimal("0.05"), Decimal(0), "open")
REFUSED = OrderBooked("b3n3", "BTC/USDT", "buy", Decimal(1), Decimal(0), "rejected")
OURS = OurBooks(
    sequence=9,
    intents=("b3n1", "b3n2", "b3n3"),
    orders={order.client_order_id: order for order in (BOUGHT, RESTS, REFUSED)},
    fills=(FILL,),
    positions={"BTC/USDT": Decimal("0.0999")},
)
THEIRS = VenueBooks((BOUGHT, RESTS), (FILL,), {"USDT": Decimal(4_000), "BTC": Decimal("0.0999")})


def test_books_that_agree_have_no_differences() -> None:
    assert differences(OURS, THEIRS, FUNDING) == []


@pytest.mark.parametrize(
    ("theirs", "words"),
    [
        (evolve(THEIRS, orders=(BOUGHT, RESTS, RESTS)), "2 orders at the venue for one intent"),
        (evolve(THEIRS, orders=(BOUGHT,)), "open here, and the venue never had it"),
        (evolve(THEIRS, orders=(BOUGHT, evolve(RESTS, fate="canceled"))), "at the venue canceled"),
        (
            evolve(THEIRS, orders=(BOUGHT, RESTS, evolve(RESTS, client_order_id="b3n4"))),
            "without an intent",
        ),
        (evolve(THEIRS, fills=()), "not at the venue"),
        (evolve(THEIRS, fills=(FILL, evolve(FILL, trade_id="8"))), "not here"),
        (evolve(THEIRS, totals={"USDT": Decimal(3_999), "BTC": Decimal("0.0999")}), "USDT: 3999"),
    ],
)
def test_what_the_venue_has_otherwise_is_told(theirs: VenueBooks, words: str) -> None:
    assert any(words in line for line in differences(OURS, theirs, FUNDING))


@pytest.mark.parametrize(
    ("ours", "words"),
    [
        (evolve(OURS, intents=("b3n1", "b3n1", "b3n2", "b3n3")), "recorded 2 times"),
        (evolve(OURS, positions={"BTC/USDT": Decimal("0.1")}), "a position of 0.1"),
        (evolve(OURS, positions={}), "a position of 0,"),
    ],
)
def test_what_we_have_otherwise_is_told(ours: OurBooks, words: str) -> None:
    assert any(words in line for line in differences(ours, THEIRS, FUNDING))
