"""What a start asks of a venue at once: it waits for answers, never for its own rate budget."""

from __future__ import annotations

from functools import partial

import trio

from bot3.services.together import together
from tests.contracts.kits import BTC
from tests.contracts.site import Site


async def test_many_histories_at_once_ask_for_the_clock_once(
    autojump_clock: object, site: Site
) -> None:
    began_s = trio.current_time()
    found = await together([partial(site.feed.bars, BTC, 60, 5)] * 6)
    assert len(found) == 6
    assert trio.current_time() < began_s + 0.5
