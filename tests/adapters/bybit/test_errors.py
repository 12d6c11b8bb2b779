"""What Bybit's codes say about an order: rejected, unknown, or the venue's (bybit.md, 14)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.bybit.errors import BybitError, outcome_of
from adapters.net.calls import Outcome
from bot3.domain.errors import OrderRejectedError, OutcomeUnknownError, VenueError

NOT, UNKNOWN, VENUE = Outcome.NOT_EXECUTED, Outcome.UNKNOWN, Outcome.VENUE
BY_OUTCOME = {NOT: OrderRejectedError, UNKNOWN: OutcomeUnknownError, VENUE: BybitError}


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        *((code, NOT) for code in (10001, 10002, 10006, 10018, 10403, 20003)),
        *((code, NOT) for code in (110001, 110007, 170115, 170121, 170124, 170131, 170134)),
        *((code, NOT) for code in (170136, 170137, 170140, 170193, 170210, 170213, 170810)),
        *((code, UNKNOWN) for code in (10000, 10016, 10019, 10429, 20006, 110072, 170001)),
        *((code, UNKNOWN) for code in (170007, 170032, 170035, 170141, 170144, 170146, 170147)),
        *((code, UNKNOWN) for code in (170149, 170150, 170191, 170212, 170234, 170310, 170311)),
        (987_654, UNKNOWN),
        *((code, VENUE) for code in (10003, 10004, 10005, 10010, 10404, 33004)),
    ],
)
def test_the_table(code: int, outcome: Outcome) -> None:
    error = BybitError(200, code, "words", "order")
    assert error.outcome is outcome
    assert isinstance(error.about_order(), BY_OUTCOME[outcome])
    assert isinstance(error, VenueError)


def test_a_rejection_carries_code_and_words() -> None:
    error = BybitError(200, 170131, "Insufficient balance.", "order").about_order()
    assert isinstance(error, OrderRejectedError)
    assert (error.code, error.reason) == ("170131", "Insufficient balance.")


@given(st.integers(500, 599), st.integers(0, 180_000))
def test_a_server_error_is_never_a_rejection(status: int, code: int) -> None:
    assert outcome_of(status, code) is not NOT
