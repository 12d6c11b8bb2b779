"""Faults of requests, as our own client of Binance meets them; the exchange knows the truth."""

from __future__ import annotations

from typing import Any

import pytest
import trio

from adapters.simulated.fault_rates import RequestKind, VenueFault
from bot3.domain.errors import OutcomeUnknownError, VenueError
from bot3.domain.ids import ClientOrderId
from tests.adapters.simulated.conftest import BTC
from tests.adapters.simulated.faulty_venue import FaultyVenue, faulty_venue, order

ENTRY = RequestKind.ENTRY


async def time_of_unknown(client: Any, number: int = 1) -> float:
    """How long a submit takes until its outcome is unknown."""
    started_s = trio.current_time()
    with pytest.raises(OutcomeUnknownError):
        await client.submit(order(f"order-{number}"))
    return trio.current_time() - started_s


async def is_found(venue: FaultyVenue, name: str = "order-1") -> bool:
    """By a client that knows nothing else of the order."""
    client = venue.client()
    found = await client.query(BTC, ClientOrderId(name))
    await client.aclose()
    return found is not None


async def test_a_lost_request_is_not_executed_and_never_answered(
    autojump_clock: Any, nursery: Any
) -> None:
    venue = faulty_venue(nursery)
    venue.strike(VenueFault.REQUEST_LOST, ENTRY)
    assert await time_of_unknown(venue.client()) == pytest.approx(10.0)
    assert not await is_found(venue)
    assert venue.struck == [(VenueFault.REQUEST_LOST, "entry POST /api/v3/order")]
    assert venue.connections.open == 0


async def test_a_lost_reply_is_of_an_executed_order_and_silence_or_a_cut(
    autojump_clock: Any,
    nursery: Any,
) -> None:
    venue = faulty_venue(nursery)
    venue.strike(VenueFault.REPLY_LOST, ENTRY)
    client = venue.client()
    times = [await time_of_unknown(client, number) for number in range(8)]
    assert {round(time_s) for time_s in times} == {0, 10}
    assert venue.orders == [f"order-{number}" for number in range(8)]
    assert await is_found(venue)


async def test_a_slow_reply_comes_or_comes_too_late(autojump_clock: Any, nursery: Any) -> None:
    venue = faulty_venue(nursery)
    client = venue.client()
    venue.strike(VenueFault.REPLY_SLOW, ENTRY, reply_delay_s=(7.0, 7.0))
    placed = await client.submit(order("order-1"))
    assert placed.client_order_id == "order-1"
    assert trio.current_time() == pytest.approx(7.0)
    venue.strike(VenueFault.REPLY_SLOW, ENTRY, reply_delay_s=(12.0, 12.0))
    assert await time_of_unknown(client, 2) == pytest.approx(10.0)
    assert await is_found(venue, "order-2")


@pytest.mark.parametrize(
    ("fault", "status"), [(VenueFault.RATE_LIMITED, 429), (VenueFault.BANNED, 418)]
)
async def test_a_refused_address_is_refused_until_its_time_has_passed(
    autojump_clock: Any, nursery: Any, fault: VenueFault, status: int
) -> None:
    venue = faulty_venue(nursery)
    spans = {"retry_after_s": (5.0, 5.0), "ban_s": (5.0, 5.0)}
    venue.strike(fault, ENTRY, **spans)
    with pytest.raises(VenueError, match=f"HTTP {status}, -1003") as raised:
        await venue.client().submit(order())
    assert not isinstance(raised.value, OutcomeUnknownError)
    assert venue.orders == []
    await trio.sleep(2.5)
    refused = await venue.call("GET", "ping")
    assert (refused.status, refused.headers["retry-after"]) == (status, "3")
    assert refused.json["code"] == -1003
    await trio.sleep(2.5)
    assert (await venue.call("GET", "ping")).status == 200
    assert venue.kinds == [fault]


async def test_new_rates_end_a_ban(autojump_clock: Any, nursery: Any) -> None:
    venue = faulty_venue(nursery)
    venue.strike(VenueFault.BANNED, RequestKind.DATA)
    assert (await venue.call("GET", "ping")).status == 418
    venue.relent()
    assert (await venue.call("GET", "ping")).status == 200


@pytest.mark.parametrize(
    ("fault", "statuses"),
    [
        (VenueFault.UNAVAILABLE_BEFORE, {503}),
        (VenueFault.UNAVAILABLE_AFTER, {500, 502, 504}),
    ],
)
async def test_a_5xx_says_nothing_about_the_order(
    autojump_clock: Any, nursery: Any, fault: VenueFault, statuses: set[int]
) -> None:
    venue = faulty_venue(nursery)
    venue.strike(fault, ENTRY)
    client, heard = venue.client(), []
    for number in range(12):
        with pytest.raises(OutcomeUnknownError, match="HTTP 5") as raised:
            await client.submit(order(f"order-{number}"))
        heard.append(str(raised.value))
    assert {int(words.split("HTTP ")[1][:3]) for words in heard} == statuses
    assert any("no error code" in words for words in heard)  # a gateway's page
    assert any("-100" in words for words in heard)
    assert len(venue.orders) == (12 if fault is VenueFault.UNAVAILABLE_AFTER else 0)


async def test_a_fault_of_one_kind_of_request_leaves_the_others_alone(
    autojump_clock: Any, nursery: Any
) -> None:
    venue = faulty_venue(nursery)
    client = venue.client()
    venue.strike(VenueFault.UNAVAILABLE_BEFORE, RequestKind.CANCEL)
    placed = await client.submit(order())
    assert await client.query(BTC, ClientOrderId("order-1")) == placed
    with pytest.raises(OutcomeUnknownError):
        await client.cancel(BTC, ClientOrderId("order-1"))
    with pytest.raises(VenueError):
        await client.cancel_all(BTC)
    venue.strike(VenueFault.UNAVAILABLE_BEFORE, RequestKind.QUERY)
    assert (await client.cancel(BTC, ClientOrderId("order-1"))).status.value == "canceled"
    with pytest.raises(VenueError):
        await client.balances()
    assert (await venue.call("GET", "depth", "symbol=BTCUSDT")).status == 200
    venue.strike(VenueFault.UNAVAILABLE_BEFORE, RequestKind.DATA)
    assert (await venue.call("GET", "depth", "symbol=BTCUSDT")).status == 503
    assert len(await client.balances()) == 2


async def test_silence_ends_after_the_idle_time_out_where_the_client_waits_on(
    autojump_clock: Any,
    nursery: Any,
) -> None:
    venue = faulty_venue(nursery)
    venue.strike(VenueFault.REQUEST_LOST, RequestKind.DATA)
    stream = await venue.listener.connect()
    await stream.send_all(b"GET /api/v3/ping HTTP/1.1\r\nhost: x\r\n\r\n" * 2)
    with trio.fail_after(76):
        assert await stream.receive_some() == b""
    assert trio.current_time() == pytest.approx(75.0)
