"""What the simulated exchange writes by itself is what the libraries would have written."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wsproto import events
from wsproto.connection import Connection, ConnectionType

from adapters.simulated.market import Scale
from adapters.simulated.numbers import plain
from adapters.simulated.ws_server import text_frame

LENGTHS = (0, 1, 125, 126, 127, 65_535, 65_536, 70_000)


@pytest.mark.parametrize("length", LENGTHS)
def test_a_text_frame_is_the_one_of_wsproto(length: int) -> None:
    for text in ("x" * length, "\u20bf" * (length // 3)):
        sent = Connection(ConnectionType.SERVER).send(events.TextMessage(data=text))
        assert text_frame(text) == sent


@given(
    ticks=st.integers(0, 10**12),
    lots=st.integers(0, 10**12),
    exponents=st.tuples(st.integers(0, 8), st.integers(0, 8)),
    step=st.sampled_from((1, 2, 5, 25)),
)
def test_a_plain_text_is_the_decimals(
    ticks: int, lots: int, exponents: tuple[int, int], step: int
) -> None:
    tick, lot = (Decimal(step).scaleb(-exponent) for exponent in exponents)
    scale = Scale(tick, lot)
    assert scale.plain_texts(ticks, lots) == (plain(tick * ticks), plain(lot * lots))
