from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import trio

from tests.adapters.binance.fake_exchange import FakeExchange


@pytest.fixture
async def exchange() -> AsyncIterator[FakeExchange]:
    async with trio.open_nursery() as nursery:
        yield FakeExchange(nursery)
        nursery.cancel_scope.cancel()
