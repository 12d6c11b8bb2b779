"""Orders that reach the matching engine late: unknown, not to be found, and then there."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
import trio

from adapters.simulated.fault_rates import RequestKind, VenueFault
from bot3.domain.errors import OrderRejectedError, OutcomeUnknownError
from bot3.domain.ids import ClientOrderId
from bot3.domain.order import OrderType
from bot3.domain.values import Asset, Price, Quantity, Side
from tests.adapters.simulated.conftest import BTC
from tests.adapters.simulated.faulty_venue import FaultyVenue, faulty_venue, order

ID = ClientOrderId("order-1")


def delay(venue: FaultyVenue, delay_s: float) -> None:
    venue.strike(VenueFault.ENGINE_QUEUED, RequestKind.ENTRY, engine_delay_s=(delay_s, delay_s))


def held(venue: FaultyVenue) -> Decimal:
    return venue.exchange.accounts.held(venue.account, Asset("USDT"))


async def test_a_queued_order_is_unknown_then_not_found_then_there(
    autojump_clock: Any, nursery: Any
) -> None:
    venue = faulty_venue(nursery)
    delay(venue, 15.0)
    client = venue.client()
    with pytest.raises(OutcomeUnknownError):
        await client.submit(order())
    assert await client.query(BTC, ID) is None
    assert await client.cancel_all(BTC) == 0
    with pytest.raises(OrderRejectedError, match="-2011"):
        await client.cancel(BTC, ID)
    assert (await client.open_orders(BTC), held(venue)) == ([], 0)
    assert len(venue.queue.waiting) == 1
    await trio.sleep(15)
    found = await client.query(BTC, ID)
    assert found is not None
    assert (found.client_order_id, held(venue)) == (ID, 60)
    assert (venue.queue.arrived, venue.queue.waiting) == (1, {})
    assert venue.struck == [(VenueFault.ENGINE_QUEUED, "entry POST /api/v3/order for 15.000 s")]


async def test_it_is_answered_with_a_time_out_or_not_at_all(
    autojump_clock: Any, nursery: Any
) -> None:
    venue = faulty_venue(nursery)
    delay(venue, 1.0)
    client, answers = venue.client(), []
    for number in range(8):
        with pytest.raises(OutcomeUnknownError) as raised:
            await client.submit(order(f"order-{number}"))
        answers.append("HTTP 504, -1007" in str(raised.value))
    assert set(answers) == {True, False}


async def test_what_the_gate_refuses_is_not_struck(autojump_clock: Any, nursery: Any) -> None:
    venue = faulty_venue(nursery)
    delay(venue, 5.0)
    client = venue.client()
    with pytest.raises(OrderRejectedError, match="LOT_SIZE"):
        await client.submit(order(amount=Quantity(Decimal("0.0010001"))))
    assert (venue.struck, venue.queue.waiting) == ([], {})
    venue.relent()
    assert (await client.submit(order())).client_order_id == ID


async def test_the_engine_refuses_a_late_order_as_it_would_any(
    autojump_clock: Any, nursery: Any
) -> None:
    venue = faulty_venue(nursery)
    delay(venue, 5.0)
    client = venue.client()
    for name, amount in (("order-1", "0.16"), ("order-2", "0.16")):
        with pytest.raises(OutcomeUnknownError):
            await client.submit(order(name, amount=Quantity(Decimal(amount))))
        await trio.sleep(1)
    await trio.sleep(20)
    assert venue.orders == ["order-1"]
    assert (venue.queue.arrived, venue.queue.refused) == (1, 1)


async def test_an_id_is_taken_among_open_orders_only_when_a_late_order_arrives(
    autojump_clock: Any, nursery: Any
) -> None:
    venue = faulty_venue(nursery)
    for name, kind in (("rests", OrderType.LIMIT), ("fills", OrderType.MARKET)):
        venue.rest_liquidity(Side.SELL, "61000", "1")
        delay(venue, 30.0)
        client = venue.client()
        again = order(name, order_type=kind, price=Price(Decimal(60_000)))
        with pytest.raises(OutcomeUnknownError):
            await client.submit(again)
        venue.relent()
        await client.submit(again)
    await trio.sleep(60)
    assert venue.orders == ["rests", "fills", "fills"]
    assert venue.queue.refused == 1
