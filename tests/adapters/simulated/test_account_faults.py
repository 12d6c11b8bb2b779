"""Faults of an account's private stream and partial outages, as our own client meets them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import pytest
import trio

from adapters.binance.venue import BinanceVenue
from adapters.simulated.fault_rates import VenueFault
from bot3.domain.errors import OutcomeUnknownError, VenueError
from bot3.domain.values import Side
from bot3.messages.orders import (
    AccountLost,
    AccountRestored,
    BalanceChanged,
    OrderAcknowledged,
    OrderFilled,
)
from tests.adapters.binance.fake_exchange import Events
from tests.adapters.simulated.conftest import BTC
from tests.adapters.simulated.faulty_venue import FaultyVenue, faulty_venue, order

Fill = Callable[[], Awaitable[None]]


async def trading(nursery: Any) -> tuple[FaultyVenue, BinanceVenue, Events, Fill]:
    """A client that listens, its order in the book, and what fills it."""
    venue, events = faulty_venue(nursery), Events()
    client = venue.client()
    nursery.start_soon(partial(client.run_account, [BTC], events.publish, ready=events.on_ready))
    await events.wait_for(AccountRestored)
    await client.submit(order())
    await events.wait_for(OrderAcknowledged)
    await trio.sleep(1)

    async def fill() -> None:
        venue.rest_liquidity(Side.SELL, "60000", "0.001")
        await trio.sleep(0.1)

    return venue, client, events, fill


async def test_a_frame_twice_is_a_fill_told_twice_with_one_trade_id(
    autojump_clock: Any, nursery: Any
) -> None:
    venue, _, events, fill = await trading(nursery)
    venue.strike(VenueFault.ACCOUNT_FRAME_DUPLICATED)
    await fill()
    first, second = events.of(OrderFilled)
    assert first.fill.trade_id == second.fill.trade_id
    assert set(venue.kinds) == {VenueFault.ACCOUNT_FRAME_DUPLICATED}


async def test_a_late_frame_keeps_the_order_of_the_others(
    autojump_clock: Any, nursery: Any
) -> None:
    venue, _, events, fill = await trading(nursery)
    venue.strike(VenueFault.ACCOUNT_FRAME_DELAYED, frame_delay_s=(3.0, 3.0))
    await fill()
    assert events.of(OrderFilled) == []
    told = len(events.all)
    await trio.sleep(3)
    assert events.names()[told:] == ["OrderFilled", "BalanceChanged"]
    assert venue.kinds == [VenueFault.ACCOUNT_FRAME_DELAYED]


async def test_a_lost_frame_ends_the_session_and_is_never_sent_again(
    autojump_clock: Any, nursery: Any
) -> None:
    venue, client, events, fill = await trading(nursery)
    venue.strike(VenueFault.ACCOUNT_FRAME_LOST)
    balances = len(events.of(BalanceChanged))
    await fill()
    venue.relent()
    lost = await events.wait_for(AccountLost)
    assert "1008" in lost.reason or "1011" in lost.reason
    restored = await events.wait_for(AccountRestored, 2)
    await trio.sleep(60)
    assert (events.of(OrderFilled), len(events.of(BalanceChanged))) == ([], balances)
    (found,) = await client.fills_since(BTC, restored.lost_ns)
    assert found.client_order_id == "order-1"
    assert venue.kinds == [VenueFault.ACCOUNT_FRAME_LOST]


async def test_both_close_codes_of_a_lost_session_occur(autojump_clock: Any, nursery: Any) -> None:
    venue, client, events, _ = await trading(nursery)
    for number in range(8):
        venue.strike(VenueFault.ACCOUNT_FRAME_LOST)
        await client.submit(order(f"again-{number}"))
        venue.relent()
        await events.wait_for(AccountRestored, number + 2)
        await trio.sleep(1)
    reasons = " ".join(event.reason for event in events.of(AccountLost))
    assert "1008" in reasons
    assert "1011" in reasons


async def test_an_outage_of_the_account_stream_leaves_orders_and_streams_alone(
    autojump_clock: Any, nursery: Any
) -> None:
    venue, client, events, fill = await trading(nursery)
    async with venue.socket("/ws/btcusdt@trade") as socket:
        venue.faults.outage(VenueFault.ACCOUNT_OUTAGE, is_on=True)
        await events.wait_for(AccountLost)
        await fill()
        assert "trade" in await socket.get_message()
        await client.submit(order("order-2"))
        await trio.sleep(30)
    assert len(events.of(AccountRestored)) == 1
    venue.faults.outage(VenueFault.ACCOUNT_OUTAGE, is_on=False)
    await events.wait_for(AccountRestored, 2)
    assert venue.kinds == [VenueFault.ACCOUNT_OUTAGE]


async def test_an_outage_of_rest_leaves_the_sockets_alone(
    autojump_clock: Any, nursery: Any
) -> None:
    venue, client, events, fill = await trading(nursery)
    venue.faults.outage(VenueFault.REST_OUTAGE, is_on=True)
    with pytest.raises(OutcomeUnknownError, match="HTTP 503"):
        await client.submit(order("order-2"))
    with pytest.raises(VenueError, match="HTTP 503"):
        await client.balances()
    await fill()
    assert len(events.of(OrderFilled)) == 1
    venue.faults.outage(VenueFault.REST_OUTAGE, is_on=False)
    await client.submit(order("order-3"))
    assert venue.orders == ["order-1", "order-3"]
    assert venue.kinds == [VenueFault.REST_OUTAGE]
