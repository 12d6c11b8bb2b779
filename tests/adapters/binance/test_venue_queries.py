from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal

import pytest
import trio

from adapters.binance.venue import BinanceVenue
from adapters.net.order_ids import OrderIds
from bot3.domain.account import Balance
from bot3.domain.errors import OrderRejectedError, OutcomeUnknownError, VenueError
from bot3.domain.ids import ClientOrderId
from bot3.domain.order import OrderStatus
from bot3.domain.values import Symbol
from tests.adapters.binance.fake_exchange import SETTINGS, START_NS, FakeExchange, ok, refusal
from tests.adapters.binance.orders import BTC, OURS, order_reply
from tests.adapters.binance.test_feed_history import INFO, LIMITS
from tests.adapters.net.http_server import Reply


@pytest.fixture
async def venue(exchange: FakeExchange) -> AsyncIterator[BinanceVenue]:
    venue = BinanceVenue(
        SETTINGS,
        exchange.credentials,
        network=exchange.network,
        clock=exchange.clock,
        dice=exchange.dice,
        symbols=[BTC],
    )
    yield venue
    await venue.aclose()


async def test_refresh_measures_the_clock_and_loads_the_filters(
    autojump_clock: trio.abc.Clock, exchange: FakeExchange, venue: BinanceVenue
) -> None:
    exchange.venue_ahead_ns = 1_234 * 10**6
    exchange.routes["GET /api/v3/exchangeInfo"] = lambda _: ok(
        {"symbols": [INFO], "rateLimits": LIMITS}
    )
    await venue.refresh()
    assert venue.counts()["clock_offset_us"] == pytest.approx(1_234_000, abs=1_000)
    (instrument,) = venue.instruments
    assert instrument.id.symbol == BTC
    exchange.routes["GET /api/v3/exchangeInfo"] = lambda _: ok({"symbols": []})
    with pytest.raises(VenueError, match="does not trade BTC/USDT"):
        await venue.refresh()


async def test_the_offset_is_that_of_the_quickest_answer(
    autojump_clock: trio.abc.Clock, exchange: FakeExchange, venue: BinanceVenue
) -> None:
    delays_s = [3.0, 0.2, 60.0]  # the third takes longer than all may

    def time(_: object) -> Reply:
        """The venue reads its clock when asked; the answer is slow to come."""
        reply = ok({"serverTime": exchange.venue_ms()})
        reply.after_s = delays_s.pop(0)
        return reply

    exchange.routes["GET /api/v3/time"] = time
    exchange.routes["GET /api/v3/exchangeInfo"] = lambda _: ok({"symbols": [INFO]})
    await venue.refresh()
    assert venue.counts()["clock_offset_us"] == pytest.approx(-100_000, abs=2_000)
    assert trio.current_time() <= SETTINGS.request_timeout_s + 0.1


async def test_a_cancel_keeps_the_orders_name(
    autojump_clock: trio.abc.Clock, exchange: FakeExchange, venue: BinanceVenue
) -> None:
    exchange.routes["DELETE /api/v3/order"] = lambda request: ok(
        order_reply(
            origClientOrderId=OURS,
            clientOrderId=request.params["newClientOrderId"],
            status="CANCELED",
            executedQty="0.00000400",
        )
    )
    canceled = await venue.cancel(BTC, OURS)
    assert (canceled.client_order_id, canceled.status) == (OURS, OrderStatus.CANCELED)
    assert canceled.filled.amount == Decimal("0.000004")
    params = exchange.requests[0].params
    assert (params["origClientOrderId"], params["newClientOrderId"]) == (OURS, OURS + "-c")
    assert exchange.requests[0].method == "DELETE"


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (refusal(400, -2011, "Unknown order sent."), OrderRejectedError),
        (refusal(503, -1008, "busy"), OutcomeUnknownError),
        (Reply(fate="reset"), OutcomeUnknownError),
        (Reply(fate="reset"), VenueError),
        (refusal(429, -1003, "too much"), VenueError),
    ],
)
async def test_a_cancel_that_fails(
    autojump_clock: trio.abc.Clock,
    exchange: FakeExchange,
    venue: BinanceVenue,
    reply: Reply,
    kind: type[Exception],
) -> None:
    exchange.routes["DELETE /api/v3/order"] = lambda _: reply
    with pytest.raises(kind):
        await venue.cancel(BTC, OURS)


async def test_cancel_all_counts_orders_and_lists(
    autojump_clock: trio.abc.Clock, exchange: FakeExchange, venue: BinanceVenue
) -> None:
    legs = {"orderListId": 1, "orderReports": [order_reply(orderId=n) for n in (7, 8)]}
    first = order_reply(origClientOrderId=OURS, clientOrderId="made-there", status="CANCELED")
    exchange.routes["DELETE /api/v3/openOrders"] = lambda _: ok([first, legs])
    assert await venue.cancel_all(BTC) == 3
    exchange.routes["GET /api/v3/order"] = lambda _: ok(first)
    await venue.query(BTC, OURS)
    assert exchange.requests[-1].params["orderId"] == "45", "its number outlives the renaming"
    exchange.routes["DELETE /api/v3/openOrders"] = lambda _: refusal(
        400, -2011, "Unknown order sent."
    )
    assert await venue.cancel_all(BTC) == 0
    exchange.routes["DELETE /api/v3/openOrders"] = lambda _: refusal(500, -1000, "unknown")
    with pytest.raises(VenueError):
        await venue.cancel_all(BTC)


async def test_an_order_that_is_not_known_is_none_and_an_error_is_an_error(
    autojump_clock: trio.abc.Clock, exchange: FakeExchange, venue: BinanceVenue
) -> None:
    exchange.routes["GET /api/v3/order"] = lambda _: refusal(400, -2013, "Order does not exist.")
    assert await venue.query(BTC, OURS) is None
    exchange.routes["GET /api/v3/order"] = lambda _: Reply(500)
    with pytest.raises(VenueError):
        await venue.query(BTC, OURS)
    exchange.routes["GET /api/v3/order"] = lambda _: ok(order_reply(side="LEFT"))
    with pytest.raises(VenueError, match="LEFT"):
        await venue.query(BTC, OURS)


@pytest.mark.parametrize(
    ("wire", "status"),
    [
        ("NEW", OrderStatus.OPEN),
        ("PARTIALLY_FILLED", OrderStatus.PARTIALLY_FILLED),
        ("FILLED", OrderStatus.FILLED),
        ("CANCELED", OrderStatus.CANCELED),
        ("REJECTED", OrderStatus.REJECTED),
        ("EXPIRED", OrderStatus.EXPIRED),
        ("EXPIRED_IN_MATCH", OrderStatus.EXPIRED),
        ("PENDING_CANCEL", OrderStatus.CANCEL_PENDING),
    ],
)
async def test_statuses(
    autojump_clock: trio.abc.Clock,
    exchange: FakeExchange,
    venue: BinanceVenue,
    wire: str,
    status: OrderStatus,
) -> None:
    exchange.routes["GET /api/v3/order"] = lambda _: ok(order_reply(status=wire))
    found = await venue.query(BTC, OURS)
    assert found is not None
    assert found.status is status


async def test_open_orders_and_balances(
    autojump_clock: trio.abc.Clock, exchange: FakeExchange, venue: BinanceVenue
) -> None:
    rows = [order_reply(transactTime=0, updateTime=5, time=4), order_reply(clientOrderId="x")]
    exchange.routes["GET /api/v3/openOrders"] = lambda _: ok(rows)
    first, second = await venue.open_orders(BTC)
    assert (first.client_order_id, second.client_order_id) == (OURS, "x")
    assert first.ts_venue_ns == 5 * 10**6
    assert exchange.requests[0].params["symbol"] == "BTCUSDT", "without it the weight is 80"
    held = [{"asset": "BTC", "free": "1.5", "locked": "0.5"}]
    exchange.routes["GET /api/v3/account"] = lambda _: ok({"balances": held})
    assert await venue.balances() == [
        Balance(SETTINGS.venue, "BTC", Decimal("1.5"), Decimal("0.5"))
    ]
    for wrong in ("-1", "NaN"):
        bad = [{"asset": "BTC", "free": wrong, "locked": "0"}]
        exchange.routes["GET /api/v3/account"] = lambda _, bad=bad: ok({"balances": bad})
        with pytest.raises(VenueError):
            await venue.balances()


def test_order_ids_are_bounded_and_per_symbol() -> None:
    ids = OrderIds(limit=3)
    for number in range(5):
        ids.learn(BTC, str(number), ClientOrderId(f"c{number}"))
    assert [ids.client_id(BTC, str(n)) for n in range(5)] == [None, None, "c2", "c3", "c4"]
    assert [ids.venue_id(BTC, ClientOrderId(f"c{n}")) for n in (1, 2)] == [None, "2"]
    assert ids.client_id(Symbol("ETH/USDT"), "4") is None


async def test_fills_are_asked_for_by_the_venues_clock_where_ours_is_ahead(
    autojump_clock: trio.abc.Clock, exchange: FakeExchange, venue: BinanceVenue
) -> None:
    exchange.venue_ahead_ns = -400 * 10**9
    exchange.routes["GET /api/v3/exchangeInfo"] = lambda _: ok({"symbols": [INFO]})
    exchange.routes["GET /api/v3/myTrades"] = lambda _: ok([])
    await venue.refresh()
    assert await venue.fills_since(BTC, START_NS) == []
    asked_ms = int(exchange.requests[-1].params["startTime"])
    assert asked_ms == pytest.approx(START_NS // 10**6 - 400_000, abs=10)
