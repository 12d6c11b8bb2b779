"""What OKX's codes say about an order: rejected, unknown, or the venue's (okx.md, 12)."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.net.calls import Outcome
from adapters.okx.errors import OkxError, outcome_of
from bot3.domain.errors import OrderRejectedError, OutcomeUnknownError, VenueError

NOT, UNKNOWN, VENUE = Outcome.NOT_EXECUTED, Outcome.UNKNOWN, Outcome.VENUE
BY_OUTCOME = {NOT: OrderRejectedError, UNKNOWN: OutcomeUnknownError, VENUE: OkxError}


@pytest.mark.parametrize(
    ("status", "code", "outcome"),
    [
        *((200, code, NOT) for code in ("51001", "51008", "51020", "51121", "51137", "51150")),
        *((200, code, NOT) for code in ("51400", "51603", "50036", "50037", "51410", "60033")),
        (400, "50014", NOT),
        (400, "50102", NOT),
        (429, "50011", NOT),
        (200, "50061", NOT),
        (503, "50001", UNKNOWN),
        (400, "50004", UNKNOWN),
        (429, "50013", UNKNOWN),
        (500, "50026", UNKNOWN),
        (500, "51054", UNKNOWN),
        (500, "51149", UNKNOWN),
        *((200, code, UNKNOWN) for code in ("51412", "64007", "51011", "51016", "50071", "98765")),
        (200, "", UNKNOWN),
        (502, "51008", UNKNOWN),
        *((401, code, VENUE) for code in ("50105", "50111", "50113", "50119")),
        (200, "51009", VENUE),
        (404, "50404", VENUE),
    ],
)
def test_the_table(status: int, code: str, outcome: Outcome) -> None:
    error = OkxError(status, code, "words", "order")
    assert error.outcome is outcome
    assert isinstance(error.about_order(), BY_OUTCOME[outcome])
    assert isinstance(error, VenueError)


@pytest.mark.parametrize(("name", "outcome"), [("clOrdId", UNKNOWN), ("sz", NOT)])
def test_a_wrong_parameter_may_be_an_id_that_lives(name: str, outcome: Outcome) -> None:
    assert outcome_of(400, "51000", f"Parameter {name} error") is outcome


def test_a_rejection_carries_code_and_words() -> None:
    error = OkxError(200, "51008", "Insufficient balance", "order").about_order()
    assert isinstance(error, OrderRejectedError)
    assert (error.code, error.reason) == ("51008", "Insufficient balance")


@example(502, "51000")
@given(st.integers(500, 599), st.integers(50_000, 64_999).map(str))
def test_a_server_error_is_never_a_rejection(status: int, code: str) -> None:
    assert outcome_of(status, code, "sz") is not NOT
