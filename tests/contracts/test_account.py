"""The private stream, keys and clocks: what every `VenuePort` keeps to when they fail."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import Any

import pytest
import trio

from adapters.simulated.fault_rates import VenueFault
from bot3.domain.errors import VenueError
from bot3.domain.values import Price, Quantity, Side
from bot3.messages.orders import (
    AccountLost,
    AccountRestored,
    OrderAcknowledged,
    OrderFilled,
)
from supervisors.entropy import Entropy
from tests.contracts.kits import BTC
from tests.contracts.site import Site, opened


async def test_a_lost_private_stream_is_framed_and_nothing_is_missed(
    autojump_clock: object, site: Site, nursery: trio.Nursery
) -> None:
    await opened(site, nursery)
    await site.venue.submit(site.order(price=Price(Decimal(60_000))))
    await site.event(OrderAcknowledged)
    lost_ns = site.clock.now_ns()
    await site.network.cut()
    site.take(Side.SELL, "0.004")
    await site.event(AccountLost)
    restored = await site.event(AccountRestored)
    assert 0 < restored.lost_ns <= lost_ns
    (fill,) = await site.asked(partial(site.venue.fills_since, BTC, restored.lost_ns))
    assert fill.amount.amount == Decimal("0.004")
    site.take(Side.SELL, "0.001")
    assert (await site.event(OrderFilled)).fill.amount.amount == Decimal("0.001")
    nursery.cancel_scope.cancel()


@pytest.mark.parametrize(
    "fault",
    [
        VenueFault.ACCOUNT_FRAME_DUPLICATED,
        VenueFault.ACCOUNT_FRAME_DELAYED,
        VenueFault.ACCOUNT_FRAME_LOST,
    ],
)
async def test_every_fill_is_told_or_its_time_is(
    autojump_clock: object, site: Site, nursery: trio.Nursery, fault: VenueFault
) -> None:
    await opened(site, nursery)
    amount = Quantity(Decimal("0.05"))
    await site.venue.submit(site.order(price=Price(Decimal(60_000)), amount=amount))
    site.strike(fault, rate=0.3)
    for _ in range(20):
        site.take(Side.SELL, "0.002")
        await trio.sleep(3)
    site.relent()
    await trio.sleep(30)
    assert fault in site.struck
    told = {e.fill.trade_id for e in site.events if isinstance(e, OrderFilled)}
    for event in site.events:
        if isinstance(event, AccountRestored):
            fills = await site.asked(partial(site.venue.fills_since, BTC, event.lost_ns))
            told |= {fill.trade_id for fill in fills}
    truth = {str(t.trade_id) for t in site.exchange.files.trades_of(site.account, BTC)}
    assert told == truth
    nursery.cancel_scope.cancel()


async def test_a_key_that_is_refused_is_told_at_once(autojump_clock: object, site: Site) -> None:
    around = {"network": site.network, "clock": site.clock}
    wrong = site.kit.venue("another secret", dice=Entropy(1).dice("x"), **around)
    with trio.fail_after(30), pytest.raises(VenueError) as refused:
        await wrong.run_account((BTC,), site.publish, ready=lambda: None)
    assert "another secret" not in str(refused.value)
    with pytest.raises(VenueError):
        await wrong.balances()


async def test_a_clock_that_is_wrong_is_measured(
    autojump_clock: object, site: Site, nursery: trio.Nursery
) -> None:
    site.clock.skew_ns = 45 * 10**9
    await opened(site, nursery)
    assert abs(site.venue.counts()["clock_offset_us"] + 45_000_000) < 10_000
    await site.venue.submit(site.order())
    await site.event(OrderAcknowledged)
    site.clock.skew_ns = -50 * 10**9
    for _ in range(2):  # the first one may find it out
        try:
            held = await site.venue.balances()
        except VenueError:
            continue
    assert held
    nursery.cancel_scope.cancel()


async def test_orders_of_others_are_shown(
    autojump_clock: object, site: Site, nursery: trio.Nursery
) -> None:
    await opened(site, nursery)
    other = site.kit.venue(network=site.network, clock=site.clock, dice=_dice())
    await other.refresh()
    await other.submit(site.order("elsewhere"))
    (found,) = await site.venue.open_orders(BTC)
    assert found.client_order_id == "elsewhere"
    nursery.cancel_scope.cancel()


def _dice() -> Any:
    return Entropy(9).dice("other")
