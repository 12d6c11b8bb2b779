"""The private stream: subscription, events, gaps and what may not be missed."""

from __future__ import annotations

import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal

import pytest
import trio
from attrs import evolve

from adapters.binance.settings import BinanceSettings
from adapters.binance.signing import signed_params
from adapters.binance.venue import BinanceVenue
from adapters.net.credentials import Credentials
from bot3.domain.account import Balance
from bot3.domain.errors import VenueError
from bot3.messages.orders import (
    AccountLost,
    AccountRestored,
    BalanceChanged,
    OrderAcknowledged,
    OrderCanceled,
    OrderFilled,
)
from tests.adapters.binance.fake_exchange import (
    KEY,
    SECRET,
    SETTINGS,
    START_NS,
    Events,
    FakeExchange,
    Peer,
    ok,
)
from tests.adapters.binance.orders import BTC, CANCELED, FILL, OURS, POSITION, report, trade_row
from tests.adapters.net.http_server import Reply


@asynccontextmanager
async def running(
    exchange: FakeExchange, settings: BinanceSettings = SETTINGS
) -> AsyncIterator[tuple[BinanceVenue, Events]]:
    venue = BinanceVenue(
        settings,
        exchange.credentials,
        network=exchange.network,
        clock=exchange.clock,
        dice=exchange.dice,
    )
    events = Events()
    async with trio.open_nursery() as nursery:

        async def run() -> None:
            await venue.run_account([BTC], events.publish, ready=events.on_ready)

        nursery.start_soon(run)
        yield venue, events
        nursery.cancel_scope.cancel()
    await venue.aclose()


async def welcome(peer: Peer) -> dict[str, object]:
    request = await peer.hear()
    await peer.say({"id": request["id"], "status": 200, "result": {"subscriptionId": 0}})
    return request


async def test_the_subscription_is_signed_and_events_follow(
    autojump_clock: trio.abc.Clock, exchange: FakeExchange
) -> None:
    requests: list[dict[str, object]] = []

    async def script(peer: Peer) -> None:
        requests.append(await peer.hear())
        await peer.say(report())  # overtakes the reply: not lost, but after AccountRestored
        await peer.say({"id": "1", "status": 200, "result": {"subscriptionId": 0}})
        for event in (report(**FILL), POSITION, report(**CANCELED), report(s="ETHUSDT")):
            await peer.say(event)
        await peer.say({"subscriptionId": 0, "event": {"e": "listStatus", "E": 1}})
        await peer.stay()

    exchange.script("api", script)
    async with running(exchange) as (venue, events):
        await events.wait_for(OrderCanceled)
        await trio.sleep(100)
    (request,) = requests
    assert request["method"] == "userDataStream.subscribe.signature"
    params = dict(request["params"])
    signature = params.pop("signature")
    credentials = Credentials(params.pop("apiKey"), SECRET)
    assert signed_params(credentials, params)["signature"] == signature
    assert params == {"recvWindow": 5_000, "timestamp": START_NS // 1_000_000}
    assert events.names() == [
        "AccountRestored",
        "OrderAcknowledged",
        "OrderFilled",
        "BalanceChanged",
        "OrderCanceled",
    ]
    assert events.of(AccountRestored)[0].lost_ns == 0
    assert events.of(OrderAcknowledged)[0].venue_order_id == "45"
    fill = events.of(OrderFilled)[0].fill
    assert (fill.trade_id, fill.client_order_id) == ("4123456790", OURS)
    assert (fill.fee, fill.fee_asset) == (Decimal("0.000004"), "BTC")
    assert events.of(OrderCanceled)[0].client_order_id == OURS
    held = Balance(SETTINGS.venue, "BTC", Decimal("1.003996"), Decimal("0.5"))
    assert events.of(BalanceChanged)[0].balances == (held,)
    assert events.ready == 1
    assert (venue.statistics.foreign, venue.statistics.unknown) == (1, 1)


@pytest.mark.parametrize("kind", ["cut", "silence", "shutdown", "terminated", "unreadable", "odd"])
async def test_every_gap_is_framed_and_says_since_when(
    autojump_clock: trio.abc.Clock, exchange: FakeExchange, kind: str
) -> None:
    said = {
        "shutdown": {"event": {"e": "serverShutdown", "E": 1}},
        "terminated": {"subscriptionId": 0, "event": {"e": "eventStreamTerminated", "E": 1}},
        "unreadable": report(z="many"),
        "odd": report(**{**FILL, "L": "0.0"}),
    }

    async def script(peer: Peer) -> None:
        await welcome(peer)
        await trio.sleep(40)
        if peer.number == 1:
            if kind in said:
                await peer.say(said[kind])
            if kind == "silence":
                await trio.sleep_forever()
            if kind == "cut":
                await peer.close()
        await peer.stay()

    exchange.script("api", script)
    async with running(exchange) as (venue, events):
        await events.wait_for(AccountRestored, 2)
    assert events.names() == ["AccountRestored", "AccountLost", "AccountRestored"]
    first, again = events.of(AccountRestored)
    heard_ns = START_NS + (0 if kind == "silence" else 40 * 10**9)
    assert (first.lost_ns, again.lost_ns) == (0, pytest.approx(heard_ns - 5 * 10**9, abs=10**6))
    assert venue.statistics.malformed == (kind in ("unreadable", "odd"))
    assert events.ready == 1


async def test_a_gap_lasts_until_a_subscription_succeeds(
    autojump_clock: trio.abc.Clock, exchange: FakeExchange
) -> None:
    async def script(peer: Peer) -> None:
        request = await peer.hear()
        if peer.number in (1, 4, 5):
            await peer.say({"id": request["id"], "status": 200, "result": {"subscriptionId": 0}})
            if peer.number > 1:
                await peer.stay()
        elif peer.number == 2:
            error = {"code": -1000, "msg": "An unknown error occurred."}
            await peer.say({"id": request["id"], "status": 500, "error": error})
            await peer.stay()
        else:
            await peer.stay()

    exchange.script("api", script)
    async with running(exchange) as (_, events):
        restored = await events.wait_for(AccountRestored, 2)
        assert exchange.connections["api"] == 4
        assert events.names() == ["AccountRestored", "AccountLost", "AccountRestored"]
        assert restored.lost_ns == pytest.approx(START_NS - 5 * 10**9, abs=10**6)
        second_ns = exchange.clock.now_ns()
        await trio.aclose_forcefully(exchange.network.streams[-1])
        again = await events.wait_for(AccountRestored, 3)
    assert again.lost_ns == pytest.approx(second_ns - 5 * 10**9, abs=10**6), "a gap of its own"


async def test_a_refused_timestamp_measures_the_clock(
    autojump_clock: trio.abc.Clock, exchange: FakeExchange
) -> None:
    exchange.clock.skew_ns = 30 * 10**9
    stamps: list[int] = []

    async def script(peer: Peer) -> None:
        request = await peer.hear()
        stamps.append(request["params"]["timestamp"] - exchange.venue_ms())
        if abs(stamps[-1]) > 1_000:
            error = {"code": -1021, "msg": "Timestamp for this request was 1000ms ahead"}
            await peer.say({"id": request["id"], "status": 400, "error": error})
        else:
            await peer.say({"id": request["id"], "status": 200, "result": {}})
        await peer.stay()

    exchange.script("api", script)
    async with running(exchange) as (_, events):
        await events.wait_for(AccountRestored)
        assert stamps == [30_000, pytest.approx(0, abs=2)]
        assert [type(event) for event in events.all] == [AccountLost, AccountRestored]
        lost_ns = exchange.clock.now_ns()
        await trio.aclose_forcefully(exchange.network.streams[-1])
        again = await events.wait_for(AccountRestored, 2)
    # Fills are asked for by the venue's clock, which is behind ours.
    assert again.lost_ns == pytest.approx(lost_ns - (30 + 5) * 10**9, abs=10**7)


async def test_a_key_that_the_venue_refuses_is_not_tried_again_and_again(
    autojump_clock: trio.abc.Clock, exchange: FakeExchange
) -> None:
    async def script(peer: Peer) -> None:
        await peer.hear()
        error = {"code": -2015, "msg": "Invalid API-key, IP, or permissions for action."}
        await peer.say({"id": None, "status": 401, "error": error})
        await peer.stay()

    exchange.script("api", script)
    with pytest.RaisesGroup(pytest.RaisesExc(VenueError, match="-2015"), flatten_subgroups=True):
        async with running(exchange):
            await trio.sleep(60)
    assert exchange.connections["api"] == 1


async def test_a_deposit_asks_for_the_absolute_balances(
    autojump_clock: trio.abc.Clock, exchange: FakeExchange
) -> None:
    balances = [{"asset": "USDT", "free": "100.00000000", "locked": "1.5"}]
    exchange.routes["GET /api/v3/account"] = lambda _: ok(
        {"balances": balances, "updateTime": 1790401501987}
    )
    deposit = {"e": "balanceUpdate", "E": 1, "a": "USDT", "d": "100.0", "T": 1}

    async def script(peer: Peer) -> None:
        await welcome(peer)
        await peer.say({"subscriptionId": 0, "event": deposit})
        await peer.stay()

    exchange.script("api", script)
    async with running(exchange) as (_, events):
        changed = await events.wait_for(BalanceChanged)
        held = Balance(SETTINGS.venue, "USDT", Decimal(100), Decimal("1.5"))
        assert (changed.balances, changed.ts_venue_ns) == ((held,), 1790401501987 * 10**6)
        exchange.routes["GET /api/v3/account"] = lambda _: Reply(503)
        await events.wait_for(AccountRestored)
    assert exchange.asked("/account")[0].params["omitZeroBalances"] == "true"


async def test_a_planned_reconnect_comes_before_the_venues(
    autojump_clock: trio.abc.Clock, exchange: FakeExchange
) -> None:
    async def script(peer: Peer) -> None:
        await welcome(peer)
        await peer.stay()

    exchange.script("api", script)
    settings = evolve(SETTINGS, connection_life_s=3_600.0)
    async with running(exchange, settings) as (_, events):
        lost = await events.wait_for(AccountLost, timeout_s=3_700)
        at = trio.current_time()
        await events.wait_for(AccountRestored, 2)
        assert trio.current_time() - at < 0.01
    assert "planned" in lost.reason
    assert 0.95 * 3_600 <= at <= 3_602


async def test_the_stream_teaches_which_order_a_fill_belongs_to(
    autojump_clock: trio.abc.Clock, exchange: FakeExchange
) -> None:
    async def script(peer: Peer) -> None:
        await welcome(peer)
        await peer.say(report(**CANCELED))
        await peer.stay()

    exchange.script("api", script)
    exchange.routes["GET /api/v3/myTrades"] = lambda _: ok([trade_row(7)])
    async with running(exchange) as (venue, events):
        await events.wait_for(OrderCanceled)
        (fill,) = await venue.fills_since(BTC, 0)
    assert fill.client_order_id == OURS
    assert exchange.asked("/order") == []


async def test_nothing_shows_the_secrets(
    autojump_clock: trio.abc.Clock, exchange: FakeExchange
) -> None:
    async with running(exchange) as (venue, events):
        lost = await events.wait_for(AccountLost)
        exchange.routes["GET /api/v3/account"] = lambda _: Reply(fate="reset")
        with pytest.raises(VenueError) as caught:
            await venue.balances()
        shown = [repr(venue), str(vars(venue)), repr(lost), venue.account]
        shown += traceback.format_exception(caught.value)
    for text in shown:
        assert KEY not in text
        assert SECRET not in text
