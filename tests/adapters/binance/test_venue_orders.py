from __future__ import annotations

import traceback
from collections.abc import AsyncIterator
from decimal import Decimal

import pytest
import trio

from adapters.binance.venue import BinanceVenue
from bot3.domain.errors import OrderRejectedError, OutcomeUnknownError, VenueError
from bot3.domain.ids import ClientOrderId
from bot3.domain.order import OrderStatus, OrderType, TimeInForce
from bot3.domain.values import Price, Quantity, Side
from tests.adapters.binance.fake_exchange import KEY, SECRET, SETTINGS, FakeExchange, ok, refusal
from tests.adapters.binance.orders import BTC, ID, OURS, approved, order_reply, trade_row
from tests.adapters.net.http_server import Reply, Request


@pytest.fixture
async def venue(exchange: FakeExchange) -> AsyncIterator[BinanceVenue]:
    venue = BinanceVenue(
        SETTINGS,
        exchange.credentials,
        network=exchange.network,
        clock=exchange.clock,
        dice=exchange.dice,
    )
    yield venue
    await venue.aclose()


def answers(exchange: FakeExchange, endpoint: str, *replies: Reply) -> list[dict[str, str]]:
    """Scripts an endpoint; the parameters it is asked with."""
    left, asked = list(replies), []

    def route(request: Request) -> Reply:
        asked.append(request.params)
        return left.pop(0) if len(left) > 1 else left[0]

    exchange.routes[endpoint] = route
    return asked


async def test_an_order_is_placed_as_the_venue_wants_it(
    autojump_clock: trio.abc.Clock, exchange: FakeExchange, venue: BinanceVenue
) -> None:
    asked = answers(exchange, "POST /api/v3/order", ok(order_reply()))
    placed = await venue.submit(approved())
    assert (placed.client_order_id, placed.venue_order_id) == (OURS, "45")
    assert (placed.status, placed.side, placed.instrument) == (OrderStatus.OPEN, Side.BUY, ID)
    assert (placed.amount, placed.filled) == (Quantity(Decimal("0.00001")), Quantity(Decimal(0)))
    assert placed.price == Price(Decimal(64_000))
    (params,) = asked
    assert {k: v for k, v in params.items() if k not in ("timestamp", "signature")} == {
        "symbol": "BTCUSDT",
        "side": "BUY",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "quantity": "0.00001",
        "price": "64000",
        "newClientOrderId": OURS,
        "newOrderRespType": "RESULT",
        "recvWindow": "3000",
    }


@pytest.mark.parametrize(
    ("order_type", "force", "expected"),
    [
        (OrderType.POST_ONLY, TimeInForce.GTC, {"type": "LIMIT_MAKER", "price": "64000"}),
        (
            OrderType.LIMIT,
            TimeInForce.IOC,
            {"type": "LIMIT", "timeInForce": "IOC", "price": "64000"},
        ),
        (
            OrderType.LIMIT,
            TimeInForce.FOK,
            {"type": "LIMIT", "timeInForce": "FOK", "price": "64000"},
        ),
        (OrderType.MARKET, TimeInForce.IOC, {"type": "MARKET"}),
    ],
)
async def test_order_types(
    autojump_clock: trio.abc.Clock,
    exchange: FakeExchange,
    venue: BinanceVenue,
    order_type: OrderType,
    force: TimeInForce,
    expected: dict[str, str],
) -> None:
    asked = answers(exchange, "POST /api/v3/order", ok(order_reply(status="EXPIRED", price="0")))
    placed = await venue.submit(approved(order_type=order_type, time_in_force=force))
    assert (placed.status, placed.price) == (OrderStatus.EXPIRED, None)
    assert {k: v for k, v in asked[0].items() if k in ("type", "timeInForce", "price")} == expected


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (refusal(400, -2010, "Account has insufficient balance for requested action."), "-2010"),
        (refusal(400, -1013, "Filter failure: LOT_SIZE"), "-1013"),
        (refusal(429, -1015, "Too many new orders"), "-1015"),
        (refusal(400, -2010, "Duplicate order sent."), OutcomeUnknownError),
        (
            refusal(504, -1007, "Timeout waiting for response from backend server."),
            OutcomeUnknownError,
        ),
        (refusal(500, -1021, "a server error is never a rejection"), OutcomeUnknownError),
        (Reply(502, b"<html>Bad Gateway</html>"), OutcomeUnknownError),
        (Reply(fate="hang"), OutcomeUnknownError),
        (Reply(fate="reset"), OutcomeUnknownError),
        (Reply(body=b"x" * 99, fate="half"), OutcomeUnknownError),
        (Reply(200, b"not json"), OutcomeUnknownError),
        (ok(order_reply(status="WHAT")), OutcomeUnknownError),
        (ok(order_reply(origQty="NaN")), OutcomeUnknownError),
        (refusal(429, -1003, "Too much request weight used"), VenueError),
        (refusal(401, -2015, "Invalid API-key, IP, or permissions for action."), VenueError),
        (Reply(403, b"<html>WAF</html>"), VenueError),
    ],
)
async def test_every_answer_is_a_rejection_unknown_or_the_venues(
    autojump_clock: trio.abc.Clock,
    exchange: FakeExchange,
    venue: BinanceVenue,
    reply: Reply,
    kind: type[Exception] | str,
) -> None:
    asked = answers(exchange, "POST /api/v3/order", reply)
    expected = OrderRejectedError if isinstance(kind, str) else kind
    with pytest.raises(expected) as caught:
        await venue.submit(approved())
    unknown = isinstance(caught.value, OutcomeUnknownError)
    assert unknown == (expected is OutcomeUnknownError)
    assert not (unknown and isinstance(caught.value, VenueError))
    assert len(asked) == 1, "never sent twice"
    if isinstance(caught.value, OrderRejectedError):
        assert caught.value.code == kind
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert KEY not in shown
    assert SECRET not in shown
    assert "signature=" not in shown


async def test_a_venue_that_cannot_be_reached_certainly_did_nothing(
    autojump_clock: trio.abc.Clock, exchange: FakeExchange, venue: BinanceVenue
) -> None:
    del exchange.network.servers["rest"]
    with pytest.raises(VenueError, match="refused") as caught:
        await venue.submit(approved())
    assert not isinstance(caught.value, OutcomeUnknownError)


async def test_an_order_past_its_deadline_is_not_sent(
    autojump_clock: trio.abc.Clock, exchange: FakeExchange, venue: BinanceVenue
) -> None:
    await trio.sleep(3)
    with pytest.raises(OrderRejectedError, match="DEADLINE_PASSED"):
        await venue.submit(approved())
    assert exchange.requests == []


async def test_a_long_deadline_is_capped(
    autojump_clock: trio.abc.Clock, exchange: FakeExchange, venue: BinanceVenue
) -> None:
    asked = answers(exchange, "POST /api/v3/order", ok(order_reply()))
    await venue.submit(approved(deadline_ns=exchange.clock.now_ns() + 60 * 10**9))
    assert asked[0]["recvWindow"] == "5000"


@pytest.mark.parametrize("skew_s", [-20, 20])
async def test_a_skewed_clock_is_measured_and_mended(
    autojump_clock: trio.abc.Clock, exchange: FakeExchange, venue: BinanceVenue, skew_s: int
) -> None:
    exchange.clock.skew_ns = skew_s * 10**9
    answers(exchange, "POST /api/v3/order", ok(order_reply()))
    deadline_ns = exchange.clock.now_ns() + 3 * 10**9
    with pytest.raises(OrderRejectedError, match="-1021"):
        await venue.submit(approved(deadline_ns=deadline_ns))
    assert (await venue.submit(approved(deadline_ns=deadline_ns))).status is OrderStatus.OPEN
    assert venue.counts()["clock_offset_us"] == pytest.approx(-skew_s * 10**6, abs=1_000)


async def test_too_many_requests_holds_everything_back_too_many_orders_does_not(
    autojump_clock: trio.abc.Clock, exchange: FakeExchange, venue: BinanceVenue
) -> None:
    cancels = answers(exchange, "DELETE /api/v3/order", ok(order_reply(status="CANCELED")))
    answers(exchange, "POST /api/v3/order", refusal(429, -1015, "orders", Retry_After="10"))
    with pytest.raises(OrderRejectedError):
        await venue.submit(approved())
    await venue.cancel(BTC, OURS)
    answers(exchange, "POST /api/v3/order", refusal(418, -1003, "banned", Retry_After="120"))
    with pytest.raises(VenueError):
        await venue.submit(approved())
    with pytest.raises(VenueError, match="weight"):
        await venue.cancel(BTC, OURS)
    assert len(cancels) == 1
    await trio.sleep(120)
    await venue.cancel(BTC, OURS)
    assert len(cancels) == 2


async def test_a_query_survives_the_renaming_of_a_canceled_order(
    autojump_clock: trio.abc.Clock, exchange: FakeExchange, venue: BinanceVenue
) -> None:
    """Known by number where we have it, else by the id, else by the id of its cancel."""
    names: list[dict[str, str]] = []

    def route(request: Request) -> Reply:
        keys = ("orderId", "origClientOrderId")
        names.append({k: v for k, v in request.params.items() if k in keys})
        if request.params.get("origClientOrderId") == OURS:
            return refusal(400, -2013, "Order does not exist.")
        return ok(order_reply(clientOrderId=OURS + "-c", status="CANCELED"))

    exchange.routes["GET /api/v3/order"] = route
    for _ in range(2):
        found = await venue.query(BTC, OURS)
        assert found is not None
        assert (found.client_order_id, found.status) == (OURS, OrderStatus.CANCELED)
    by_cancel = {"origClientOrderId": OURS + "-c"}
    assert names == [{"origClientOrderId": OURS}, by_cancel, {"orderId": "45"}]


async def test_fills_name_our_orders_and_come_in_pages(
    autojump_clock: trio.abc.Clock, exchange: FakeExchange, venue: BinanceVenue
) -> None:
    pages = [[trade_row(n) for n in range(1_000)], [trade_row(1_000, order_id=46, isMaker=True)]]
    asked = answers(exchange, "GET /api/v3/myTrades", *map(ok, pages))
    orders = answers(
        exchange,
        "GET /api/v3/order",
        ok(order_reply(clientOrderId=OURS + "-c")),
        ok(order_reply(orderId=46, clientOrderId="other")),
    )
    fills = await venue.fills_since(BTC, 1_790_401_501_122_000_001)
    assert len(fills) == 1_001
    assert [page.get("startTime", page.get("fromId")) for page in asked] == [
        "1790401501123",
        "1000",
    ]
    assert [order["orderId"] for order in orders] == ["45", "46"], "each order is asked for once"
    assert (fills[0].client_order_id, fills[-1].client_order_id) == (OURS, ClientOrderId("other"))
    assert (fills[0].fee, fills[0].fee_asset) == (Decimal("0.000004"), "BTC")
    assert (fills[0].trade_id, fills[0].venue_order_id) == ("0", "45")
    assert fills[-1].liquidity.value == "maker"
