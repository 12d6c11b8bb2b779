"""The paper venue as the bot meets it: through its two ports, with time that passes at once."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import trio

from adapters.paper.account import PaperAccount
from adapters.paper.venue import PaperSettings, PaperVenue
from bot3.domain.approval import ApprovedOrder, grant
from bot3.domain.errors import DataError, OrderRejectedError
from bot3.domain.order import OrderIntent, OrderStatus, OrderType, TimeInForce
from bot3.domain.values import Price, Side, Symbol
from bot3.messages.market import BookLost, BookReplaced, FeedLost, TradePrinted
from bot3.messages.orders import (
    AccountEvent,
    AccountRestored,
    BalanceChanged,
    OrderCanceled,
    OrderFilled,
)
from supervisors.clock import ManualClock
from tests.bot3.making import (
    BTC,
    KEY,
    SECOND_NS,
    START_NS,
    USDT,
    VENUE,
    d,
    id_of,
    make_instrument,
    make_intent,
)

SYMBOL = Symbol("BTC/USDT")
FUNDING = {USDT: d(1000)}


class Bench:
    """A venue with a fresh book, 99 at 101, and everything that it told."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "paper.json"
        self.clock = ManualClock(START_NS)
        self.account = PaperAccount(VENUE, self.path, FUNDING, START_NS)
        settings = PaperSettings(order_latency_s=0.05, stale_after_s=5.0)
        self.venue = PaperVenue(self.account, self.clock, settings)
        self.venue.list_instruments([make_instrument()])
        self.told: list[AccountEvent] = []
        self.book()

    def book(self, bid: float = 99.0, ask: float = 101.0, amount: float = 5.0) -> None:
        now_ns = self.clock.now_ns()
        self.venue.hear(BookReplaced(KEY, [(bid, amount)], [(ask, amount)], 1, now_ns, now_ns))

    def trade(self, price: float, amount: float, side: Side = Side.SELL) -> None:
        now_ns = self.clock.now_ns()
        self.venue.hear(TradePrinted(KEY, 1, price, amount, side, now_ns, now_ns))

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.told if isinstance(event, kind)]

    def held(self) -> dict[str, tuple[Decimal, Decimal]]:
        return {each.asset: (each.free, each.held) for each in self.account.balances()}


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@asynccontextmanager
async def streaming(bench: Bench) -> AsyncIterator[None]:
    async with trio.open_nursery() as nursery:
        is_ready = trio.Event()
        nursery.start_soon(_run, bench, is_ready.set)
        await is_ready.wait()
        yield
        nursery.cancel_scope.cancel()


async def _run(bench: Bench, ready: Callable[[], None]) -> None:
    await bench.venue.run_account([SYMBOL], bench.told.append, ready=ready)


def approved(intent: OrderIntent) -> ApprovedOrder:
    """As if the gate had no objection."""
    return grant(intent)


async def test_a_limit_order_takes_what_is_there_and_rests_with_the_rest(
    bench: Bench, autojump_clock: object
) -> None:
    async with streaming(bench):
        order = await bench.venue.submit(approved(make_intent(amount="6", price="101")))
        assert (order.status, order.filled.amount) == (OrderStatus.PARTIALLY_FILLED, d(5))
        bench.trade(101.0, 0.4, Side.SELL)
        bench.trade(100.0, 5.0, Side.SELL)
    assert isinstance(bench.told[0], AccountRestored)
    assert [event.fill.amount.amount for event in bench.of(OrderFilled)] == [
        d("5.0000"),
        d("0.4000"),
        d("0.6000"),
    ]
    free, held = bench.held()["USDT"]
    assert (free, held) == (d(1000) - 6 * d(101), 0)
    assert bench.held()["BTC"] == (d(6) * d("0.999"), 0)
    assert bench.of(BalanceChanged)[-1].balances[1].free == free


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"amount": "20"}, "insufficient balance"),
        ({"amount": "0.00001"}, "amount_too_small"),
        ({"order_type": OrderType.POST_ONLY, "price": "101"}, "would take"),
        ({"deadline_ns": START_NS - 1}, "deadline"),
    ],
)
async def test_what_a_venue_would_refuse_is_refused(
    bench: Bench, autojump_clock: object, changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(OrderRejectedError, match=words):
        await bench.venue.submit(approved(make_intent(**changes)))
    assert bench.held()["USDT"] == (d(1000), 0)
    assert await bench.venue.query(SYMBOL, id_of()) is None


@pytest.mark.parametrize("how", ["old", "lost", "feed"])
async def test_stale_data_fills_nothing_and_says_so(
    bench: Bench, autojump_clock: object, how: str
) -> None:
    match how:
        case "old":
            bench.clock.move_to(START_NS + 6 * SECOND_NS)
        case "lost":
            bench.venue.hear(BookLost(KEY, "gap", START_NS))
        case _:
            bench.venue.hear(FeedLost(VENUE, "reset", START_NS))
    intent = make_intent(price="101", deadline_ns=START_NS + 60 * SECOND_NS)
    with pytest.raises(OrderRejectedError, match="stale"):
        await bench.venue.submit(approved(intent))
    assert bench.venue.counts() == {"paper_fills": 0, "paper_stale_refusals": 1}


async def test_an_immediate_order_ends_with_what_it_got(
    bench: Bench, autojump_clock: object
) -> None:
    async with streaming(bench):
        got = await bench.venue.submit(
            approved(make_intent(amount="6", price="101", time_in_force=TimeInForce.IOC))
        )
        killed = await bench.venue.submit(
            approved(make_intent(2, amount="4", price="101", time_in_force=TimeInForce.FOK))
        )
    assert (got.status, got.filled.amount) == (OrderStatus.CANCELED, d(5))
    assert (killed.status, killed.filled.amount) == (OrderStatus.CANCELED, d(0))
    assert [event.filled.amount for event in bench.of(OrderCanceled)] == [d(5), d(0)]


async def test_cancel_frees_what_was_bound(bench: Bench, autojump_clock: object) -> None:
    await bench.venue.submit(approved(make_intent(amount="1", price="90")))
    assert bench.held()["USDT"] == (d(910), d(90))
    assert [order.client_order_id for order in await bench.venue.open_orders(SYMBOL)] == [id_of()]
    ended = await bench.venue.cancel(SYMBOL, id_of())
    assert ended.status is OrderStatus.CANCELED
    assert bench.held()["USDT"] == (d(1000), 0)
    with pytest.raises(OrderRejectedError, match="no such order"):
        await bench.venue.cancel(SYMBOL, id_of())
    with pytest.raises(OrderRejectedError, match="duplicate"):
        await bench.venue.submit(approved(make_intent(amount="1", price="90")))


async def test_what_was_bound_above_the_price_paid_is_free_again(
    bench: Bench, autojump_clock: object
) -> None:
    await bench.venue.submit(approved(make_intent(amount="1", price="150")))
    assert bench.held()["USDT"] == (d(899), 0)


async def test_a_restart_keeps_money_and_fills_and_ends_what_rested(
    bench: Bench, autojump_clock: object
) -> None:
    await bench.venue.submit(approved(make_intent(amount="1", price="101")))
    await bench.venue.submit(approved(make_intent(2, amount="1", price="90")))
    again = PaperAccount(VENUE, bench.path, FUNDING, START_NS)
    assert {each.asset: each.total for each in again.balances()} == {
        "USDT": d(899),
        "BTC": d("0.9990"),
    }
    assert [fill.trade_id for fill in again.fills()] == ["p1"]
    ended = again.order(id_of(2))
    assert ended is not None
    assert ended.status is OrderStatus.CANCELED
    assert again.balances([USDT])[0].held == 0


def test_a_damaged_file_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "paper.json"
    path.write_text(json.dumps({"version": 1}))
    with pytest.raises(DataError, match="restore it from a copy"):
        PaperAccount(VENUE, path, FUNDING, START_NS)


def test_a_worse_price_is_never_paid(bench: Bench) -> None:
    """A buy that rests above a market that jumped away is filled at its own price."""
    order = bench.account.open(make_intent(amount="1", price="100"), make_instrument(), START_NS)
    assert order.held == d(100)
    assert bench.account.balances([BTC])[0].total == 0
    assert Price(d(100)) == order.intent.worst_price
