"""OKX serves candles on a path of their own."""

from __future__ import annotations

import pytest
from attrs import evolve

from adapters.okx.feed import feed_streams
from bot3.app.registry import ADAPTERS
from bot3.domain.values import VenueName

SETTINGS = ADAPTERS[VenueName("okx")].base("demo")


@pytest.mark.parametrize(
    ("url", "others"),
    [
        ("ws://here:1/ws/v5/public", ["ws://here:1/ws/v5/business"]),
        ("wss://here/ws/v5/public?brokerId=9999", ["wss://here/ws/v5/business?brokerId=9999"]),
        ("ws://here:1/stream", []),
        ("ws://here:1/public/stream", []),
    ],
)
def test_candles_have_a_connection_of_their_own_where_the_path_tells_it(
    url: str, others: list[str]
) -> None:
    books, *rest = feed_streams(evolve(SETTINGS, ws_url=url), 5)
    assert (books.policy.url, books.has_books, books.markets_max) == (url, True, 5)
    assert [(each.policy.url, each.has_books) for each in rest] == [(o, False) for o in others]
