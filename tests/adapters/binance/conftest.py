from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import trio
from hypothesis import settings

from tests.adapters.binance.fake_exchange import FakeExchange

# A shared, loaded machine is no reason for a property to fail.
settings.register_profile("adapters", deadline=None)
settings.load_profile("adapters")


@pytest.fixture
async def exchange() -> AsyncIterator[FakeExchange]:
    async with trio.open_nursery() as nursery:
        yield FakeExchange(nursery)
        nursery.cancel_scope.cancel()
