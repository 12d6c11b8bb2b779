from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.binance.errors import OUTCOMES, BinanceError, error_of, outcome_of
from adapters.net.calls import Outcome
from bot3.domain.errors import OrderRejectedError, OutcomeUnknownError, VenueError

NOT, UNKNOWN, VENUE = Outcome.NOT_EXECUTED, Outcome.UNKNOWN, Outcome.VENUE


@pytest.mark.parametrize(
    ("status", "code", "outcome"),
    [
        (400, -1013, NOT),
        (400, -2010, NOT),
        (400, -2011, NOT),
        (400, -2013, NOT),
        (400, -1021, NOT),
        (400, -1100, NOT),
        (400, -1102, NOT),
        (400, -1106, NOT),
        (400, -1111, NOT),
        (400, -1121, NOT),
        (429, -1015, NOT),
        (400, -1000, UNKNOWN),
        (400, -1006, UNKNOWN),
        (504, -1007, UNKNOWN),
        (400, -1007, UNKNOWN),
        (503, -1008, UNKNOWN),
        (500, 0, UNKNOWN),
        (502, -2010, UNKNOWN),
        (409, -2021, UNKNOWN),
        (400, -9999, UNKNOWN),
        (400, 0, UNKNOWN),
        (429, -1003, VENUE),
        (418, -1003, VENUE),
        (429, 0, VENUE),
        (401, -2014, VENUE),
        (401, -2015, VENUE),
        (400, -1022, VENUE),
        (403, 0, VENUE),
        (451, 0, VENUE),
        (410, 0, VENUE),
    ],
)
def test_the_table(status: int, code: int, outcome: Outcome) -> None:
    assert outcome_of(status, code) is outcome


@given(st.integers(500, 599), st.sampled_from(sorted(OUTCOMES)))
def test_a_server_error_is_never_a_rejection(status: int, code: int) -> None:
    assert outcome_of(status, code) is UNKNOWN


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, b'{"code":-2010,"msg":"Account has insufficient balance."}', OrderRejectedError),
        (400, b'{"code":-2010,"msg":"Duplicate order sent."}', OutcomeUnknownError),
        (504, b"<html>504</html>", OutcomeUnknownError),
        (403, b"<html>forbidden</html>", VenueError),
        (401, b'{"code":-2015,"msg":"Invalid API-key, IP, or permissions."}', VenueError),
    ],
)
def test_an_order_hears_it_in_the_domains_words(
    status: int, body: bytes, kind: type[Exception]
) -> None:
    assert type(error_of(status, body, "/api/v3/order").about_order()) in {kind, BinanceError}
    assert isinstance(error_of(status, body, "/api/v3/order").about_order(), kind)


def test_a_rejection_carries_code_and_words() -> None:
    error = error_of(400, b'{"code":-1013,"msg":"Filter failure: LOT_SIZE"}', "x").about_order()
    assert isinstance(error, OrderRejectedError)
    assert (error.code, error.reason) == ("-1013", "Filter failure: LOT_SIZE")


@given(st.integers(300, 599), st.binary())
def test_any_body_becomes_an_error(status: int, body: bytes) -> None:
    assert isinstance(error_of(status, body, "x"), BinanceError)
