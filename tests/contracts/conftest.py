from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.contracts.kits import KITS, Kit
from tests.contracts.site import Site, open_site


@pytest.fixture(params=KITS, ids=str)
def kit(request: pytest.FixtureRequest) -> Kit:
    found: Kit = request.param
    return found


@pytest.fixture(params=[kit for kit in KITS if kit.orders == "rest"], ids=str)
async def struck_site(request: pytest.FixtureRequest) -> AsyncIterator[Site]:
    """Where orders go as requests, which are what a venue's faults strike."""
    async with open_site(request.param) as opened:
        yield opened


@pytest.fixture
async def site(kit: Kit) -> AsyncIterator[Site]:
    """Every module asks for `autojump_clock`: pytest-trio takes the clock from the test itself."""
    async with open_site(kit) as opened:
        yield opened
