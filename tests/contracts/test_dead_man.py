"""Venues with a dead-man's switch: it spares who lives, and takes the dead one's entries."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from functools import partial

import pytest
import trio
from attrs import evolve

from adapters.simulated.orders import OrderRecord
from bot3.domain.ids import ClientOrderId
from bot3.domain.order import OrderStatus
from bot3.domain.values import Price, Side
from bot3.messages.orders import DEAD_MAN, OrderCanceled
from tests.contracts.kits import BTC, KITS
from tests.contracts.site import Site, open_site, opened

TIMEOUT_S = 10
GUARDED = [
    evolve(kit, settings=evolve(kit.settings, dead_man_s=TIMEOUT_S))
    for kit in KITS
    if kit.protocol != "binance"
]


@pytest.fixture(params=GUARDED, ids=str)
async def guarded(request: pytest.FixtureRequest) -> AsyncIterator[Site]:
    async with open_site(request.param) as site:
        yield site


async def armed(site: Site, nursery: trio.Nursery) -> None:
    """An entry and an exit rest, and the switch is armed, and has taken effect."""
    await opened(site, nursery)
    assert site.venue.dead_man is not None
    await site.venue.dead_man.arm()
    if site.kit.protocol == "bybit":
        await trio.sleep(11)
    out = {"side": Side.SELL, "price": Price(Decimal(61_000)), "is_reducing": True}
    await site.venue.submit(site.order("exit1", **out))
    await site.venue.submit(site.order("entry1"))


def resting(site: Site) -> set[str]:
    orders: list[OrderRecord] = site.exchange.files.open_of(site.account)
    return {order.request.client_order_id for order in orders}


async def test_it_spares_whoever_lives_and_who_disarmed_it(
    autojump_clock: object, guarded: Site, nursery: trio.Nursery
) -> None:
    await armed(guarded, nursery)
    port = guarded.venue.dead_man
    assert port is not None
    for _ in range(5):
        await trio.sleep(min(port.renewal_s, 5.0))
        await guarded.asked(port.arm)
    assert resting(guarded) == {"entry1", "exit1"}
    await guarded.asked(port.disarm)
    await trio.sleep(1.5 * TIMEOUT_S)
    assert resting(guarded) == {"entry1", "exit1"}
    nursery.cancel_scope.cancel()


async def test_it_takes_the_entries_of_the_dead_and_says_so(
    autojump_clock: object, guarded: Site, nursery: trio.Nursery
) -> None:
    await armed(guarded, nursery)
    guarded.network.is_down = True
    await guarded.network.cut()
    await trio.sleep(TIMEOUT_S - 1)
    assert resting(guarded) == {"entry1", "exit1"}
    await trio.sleep(2)
    is_scoped = guarded.kit.protocol == "okx"
    assert resting(guarded) == ({"exit1"} if is_scoped else set())
    guarded.network.is_down = False
    question = partial(guarded.venue.query, BTC, ClientOrderId("entry1"))
    found = await guarded.asked(question)
    assert found is not None
    assert (found.status, found.reason) == (OrderStatus.CANCELED, DEAD_MAN)
    nursery.cancel_scope.cancel()


async def test_others_orders_stay_where_it_can_be_told_which_are_ours(
    autojump_clock: object, nursery: trio.Nursery
) -> None:
    (kit, _) = (kit for kit in GUARDED if kit.protocol == "okx")
    async with open_site(kit) as site:
        await armed(site, nursery)
        entry = site.exchange.files.open_of(site.account)[-1].request
        site.exchange.place(site.account, evolve(entry, client_order_id="by-hand", tag=""))
        await trio.sleep(TIMEOUT_S + 1)
        assert resting(site) == {"by-hand", "exit1"}
        canceled = await site.event(OrderCanceled)
        assert (canceled.client_order_id, canceled.reason) == ("entry1", DEAD_MAN)
        nursery.cancel_scope.cancel()
