"""Orders and balances: what every `VenuePort` keeps to, by every way an order can go."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
import trio

from adapters.simulated.fault_rates import RequestKind, VenueFault
from bot3.domain.errors import OrderRejectedError, OutcomeUnknownError, VenueError
from bot3.domain.fill import Liquidity
from bot3.domain.ids import ClientOrderId
from bot3.domain.order import OrderStatus, OrderType, TimeInForce
from bot3.domain.values import Price, Quantity, Side
from bot3.messages.orders import (
    BalanceChanged,
    OrderAcknowledged,
    OrderCanceled,
    OrderExpired,
    OrderFilled,
)
from tests.contracts.kits import BTC
from tests.contracts.site import Site, opened

ENTRY, CANCEL, QUERY = RequestKind.ENTRY, RequestKind.CANCEL, RequestKind.QUERY


def name(text: str) -> ClientOrderId:
    return ClientOrderId(text)


async def test_an_order_from_its_birth_to_its_end(
    autojump_clock: object, site: Site, nursery: trio.Nursery
) -> None:
    await opened(site, nursery)
    placed = await site.venue.submit(site.order(price=Price(Decimal(60_000))))
    assert (placed.client_order_id, placed.status) == ("order1", OrderStatus.OPEN)
    acknowledged = await site.event(OrderAcknowledged)
    assert acknowledged.client_order_id == "order1"
    assert acknowledged.venue_order_id == placed.venue_order_id
    (open_,) = await site.venue.open_orders(BTC)
    assert (open_.client_order_id, open_.amount.amount) == ("order1", Decimal("0.01"))
    site.take(Side.SELL, "0.004")
    fill = (await site.event(OrderFilled)).fill
    assert (fill.client_order_id, fill.side, fill.liquidity) == (
        "order1",
        Side.BUY,
        Liquidity.MAKER,
    )
    assert (fill.price.amount, fill.amount.amount) == (60_000, Decimal("0.004"))
    assert (fill.fee, fill.fee_asset) == (Decimal("0.000004"), "BTC")
    await site.venue.cancel(BTC, name("order1"))
    canceled = await site.event(OrderCanceled)
    assert (canceled.client_order_id, canceled.filled.amount) == ("order1", Decimal("0.004"))
    found = await site.venue.query(BTC, name("order1"))
    assert found is not None
    assert (found.status, found.filled.amount) == (OrderStatus.CANCELED, Decimal("0.004"))
    (since,) = await site.venue.fills_since(BTC, fill.ts_venue_ns)
    assert (since.trade_id, since.client_order_id) == (fill.trade_id, "order1")
    assert (since.fee, since.liquidity) == (fill.fee, fill.liquidity)
    assert await site.venue.open_orders(BTC) == []
    nursery.cancel_scope.cancel()


async def test_balances_are_told_as_they_change(
    autojump_clock: object, site: Site, nursery: trio.Nursery
) -> None:
    await opened(site, nursery)
    held = {balance.asset: balance for balance in await site.venue.balances()}
    assert (held["USDT"].free, held["BTC"].total) == (Decimal(10_000), Decimal(1))
    await site.venue.submit(site.order())

    def usdt() -> Any:
        changes = [e for e in site.events if isinstance(e, BalanceChanged)]
        rows = [row for change in changes for row in change.balances if row.asset == "USDT"]
        return rows and rows[-1].held == 590 and rows[-1]

    changed = await site.until(usdt)
    assert changed.free == 9_410
    held = {balance.asset: balance for balance in await site.venue.balances()}
    assert (held["USDT"].free, held["USDT"].held) == (9_410, 590)
    nursery.cancel_scope.cancel()


@pytest.mark.parametrize(
    ("changes", "filled"),
    [
        ({"price": Price(Decimal(60_001)), "time_in_force": TimeInForce.IOC}, "0.01"),
        ({"price": Price(Decimal(60_001)), "time_in_force": TimeInForce.FOK}, "0"),
    ],
)
async def test_what_the_rules_end_has_expired(
    autojump_clock: object,
    site: Site,
    nursery: trio.Nursery,
    changes: dict[str, Any],
    filled: str,
) -> None:
    await opened(site, nursery)
    await site.venue.submit(site.order(amount=Quantity(Decimal("0.03")), **changes))
    expired = await site.event(OrderExpired)
    assert (expired.client_order_id, expired.filled.amount) == ("order1", Decimal(filled))
    found = await site.venue.query(BTC, name("order1"))
    assert found is not None
    assert found.status is OrderStatus.EXPIRED
    nursery.cancel_scope.cancel()


async def test_market_orders_take_and_post_only_does_not(
    autojump_clock: object, site: Site, nursery: trio.Nursery
) -> None:
    await opened(site, nursery)
    market = site.order("m1", order_type=OrderType.MARKET, price=None, side=Side.SELL)
    await site.venue.submit(market)
    fill = (await site.event(OrderFilled)).fill
    assert (fill.side, fill.liquidity, fill.fee_asset) == (Side.SELL, Liquidity.TAKER, "USDT")
    crossing = site.order("p1", order_type=OrderType.POST_ONLY, price=Price(Decimal(60_500)))
    with suppress(OrderRejectedError):  # at once, or by the stream: each venue its own way
        await site.venue.submit(crossing)
        await site.until(lambda: any(_is_over(event, "p1") for event in site.events))
    assert await site.venue.open_orders(BTC) == []
    fills = await site.venue.fills_since(BTC, 0)
    assert {fill.client_order_id for fill in fills} == {"m1"}
    nursery.cancel_scope.cancel()


def _is_over(event: Any, wanted: str) -> bool:
    ours = getattr(event, "client_order_id", "")
    return ours == wanted and not isinstance(event, OrderAcknowledged)


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": Quantity(Decimal(5))},  # not the means
        {"amount": Quantity(Decimal("0.000015"))},  # off the lot
        {"price": Price(Decimal("59000.005"))},  # off the tick
        {"side": Side.SELL, "amount": Quantity(Decimal(2)), "price": Price(Decimal(61_000))},
    ],
)
async def test_a_refusal_is_a_rejection_with_code_and_words(
    autojump_clock: object, site: Site, nursery: trio.Nursery, changes: dict[str, Any]
) -> None:
    await opened(site, nursery)
    with pytest.raises(OrderRejectedError) as refused:
        await site.venue.submit(site.order(**changes))
    assert refused.value.code
    assert refused.value.reason
    assert site.orders == []
    nursery.cancel_scope.cancel()


async def test_an_order_past_its_deadline_is_not_sent(
    autojump_clock: object, site: Site, nursery: trio.Nursery
) -> None:
    await opened(site, nursery)
    late = site.order(live_s=0.5)
    await trio.sleep(1)
    with pytest.raises(OrderRejectedError, match="DEADLINE_PASSED"):
        await site.venue.submit(late)
    assert site.orders == []
    nursery.cancel_scope.cancel()


async def test_a_duplicate_never_makes_a_second_order(
    autojump_clock: object, site: Site, nursery: trio.Nursery
) -> None:
    await opened(site, nursery)
    await site.venue.submit(site.order())
    with pytest.raises((OutcomeUnknownError, OrderRejectedError)):
        await site.venue.submit(site.order())
    assert site.orders == ["order1"]
    found = await site.venue.query(BTC, name("order1"))
    assert found is not None
    assert found.status is OrderStatus.OPEN
    nursery.cancel_scope.cancel()


async def test_what_is_not_there(autojump_clock: object, site: Site, nursery: trio.Nursery) -> None:
    await opened(site, nursery)
    assert await site.venue.query(BTC, name("nobody1")) is None
    with pytest.raises(OrderRejectedError):
        await site.venue.cancel(BTC, name("nobody1"))
    assert await site.venue.cancel_all(BTC) == 0
    assert await site.venue.fills_since(BTC, 0) == []
    nursery.cancel_scope.cancel()


async def test_all_are_canceled(autojump_clock: object, site: Site, nursery: trio.Nursery) -> None:
    await opened(site, nursery)
    for number in range(5):
        await site.venue.submit(site.order(f"many{number}"))
    assert len(await site.venue.open_orders(BTC)) == 5
    assert await site.venue.cancel_all(BTC) == 5
    assert await site.venue.open_orders(BTC) == []
    nursery.cancel_scope.cancel()


@pytest.mark.parametrize("fault", [VenueFault.REPLY_LOST, VenueFault.UNAVAILABLE_AFTER])
async def test_an_answer_that_is_lost_leaves_the_outcome_unknown_and_a_question_finds_it(
    autojump_clock: object, struck_site: Site, nursery: trio.Nursery, fault: VenueFault
) -> None:
    site = struck_site
    await opened(site, nursery)
    for number in range(8):
        site.strike(fault, ENTRY)
        with pytest.raises(OutcomeUnknownError):
            await site.venue.submit(site.order(f"lost{number}"))
        site.relent()
        found = await site.venue.query(BTC, name(f"lost{number}"))
        assert found is not None
        assert found.status is OrderStatus.OPEN
    assert len(site.orders) == 8
    nursery.cancel_scope.cancel()


async def test_a_request_that_is_lost_leaves_the_outcome_unknown_too(
    autojump_clock: object, struck_site: Site, nursery: trio.Nursery
) -> None:
    site = struck_site
    await opened(site, nursery)
    site.strike(VenueFault.REQUEST_LOST, ENTRY)
    with pytest.raises(OutcomeUnknownError):
        await site.venue.submit(site.order())
    site.relent()
    assert await site.venue.query(BTC, name("order1")) is None
    assert site.orders == []
    nursery.cancel_scope.cancel()


@pytest.mark.parametrize("fault", [VenueFault.UNAVAILABLE_BEFORE, VenueFault.RATE_LIMITED])
async def test_a_venue_that_does_not_take_it_has_not_executed(
    autojump_clock: object, struck_site: Site, nursery: trio.Nursery, fault: VenueFault
) -> None:
    site = struck_site
    await opened(site, nursery)
    for number in range(6):
        site.strike(fault, ENTRY)
        with pytest.raises((VenueError, OrderRejectedError, OutcomeUnknownError)) as refused:
            await site.venue.submit(site.order(f"refused{number}"))
        if fault is VenueFault.RATE_LIMITED:
            assert not isinstance(refused.value, OutcomeUnknownError)
        site.relent()
        await trio.sleep(70)
    assert site.orders == []
    nursery.cancel_scope.cancel()
