"""However often a connection is cut, the venue's limits hold."""

from __future__ import annotations

import pytest
import trio

from adapters.simulated.wire import HttpReply, HttpRequest
from bot3.messages.market import BookReplaced
from tests.contracts.site import Site

CUTS, EVERY_S = 120, 0.5


async def test_a_storm_of_reconnects_stays_within_the_limits(
    autojump_clock: object,
    struck_site: Site,
    nursery: trio.Nursery,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Binance takes 300 connections of an address in five minutes, the others more."""
    site, refused, answer = struck_site, list[int](), struck_site.front.request

    def answered(request: HttpRequest) -> HttpReply:
        reply = answer(request)
        if reply.status in {418, 429}:
            refused.append(reply.status)
        return reply

    monkeypatch.setattr(site.front, "request", answered)
    await site.starts(site.feed.run, nursery)
    for _ in range(CUTS):
        await trio.sleep(EVERY_S)
        await site.network.cut()
    assert refused == []
    assert 5 < site.network.opened <= CUTS * EVERY_S  # one a second
    site.events.clear()
    await site.event(BookReplaced)
    nursery.cancel_scope.cancel()
