from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.contracts.kits import KITS, Kit
from tests.contracts.site import Site, open_site


@pytest.fixture(params=KITS, ids=str)
def kit(request: pytest.FixtureRequest) -> Kit:
    return request.param  # type: ignore[no-any-return]


@pytest.fixture
async def site(kit: Kit) -> AsyncIterator[Site]:
    """Every module asks for `autojump_clock`: pytest-trio takes the clock from the test itself."""
    async with open_site(kit) as opened:
        yield opened
