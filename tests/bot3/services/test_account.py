"""The private stream and its reconciliation: what was missed is known before anybody trades on."""

from __future__ import annotations

from collections import deque
from typing import Any

import pytest
import trio

from bot3.domain.errors import OutcomeUnknownError, VenueError
from bot3.domain.order import OrderStatus
from bot3.domain.values import Price, Quantity, Side
from bot3.messages.account import FetchFills
from bot3.messages.orders import (
    AccountLost,
    AccountRestored,
    BalanceChanged,
    OpenOrdersFetched,
    OrderFilled,
    VenueOrder,
)
from bot3.services.account import LOOK_BACK_NS, LOOK_INTERVAL_S, AccountActor
from supervisors.dispatch import RunQueue
from supervisors.mailbox import Mailbox, Overflow
from supervisors.spec import EdgeSpec, SupervisorSpec
from supervisors.testing import TrioClock, running_tree
from tests.bot3.making import (
    KEY,
    SECOND_NS,
    START_NS,
    USDT,
    VENUE,
    acknowledged,
    d,
    make_balance,
    make_fill,
)
from tests.bot3.services.fake_ports import FakeVenue, living, settle


class Desk:
    """An account in front of a venue in memory; the process knows everything until START_NS."""

    def __init__(self) -> None:
        self.port = FakeVenue()
        self.port.held = [make_balance(USDT, "10000")]
        self.port.news = [AccountRestored(VENUE, 0, START_NS)]
        self.requests: Mailbox[FetchFills] = Mailbox("fetches", capacity=10, policy=Overflow.REJECT)
        self.published: list[Any] = []
        self.rests: list[OpenOrdersFetched] = []

    def build(self) -> AccountActor:
        return AccountActor(
            self.port,
            (KEY.symbol,),
            self.requests,
            self.published.append,
            TrioClock(START_NS),
            since_ns=START_NS,
            rests=self,
        )

    name = "execution"

    def send(self, message: OpenOrdersFetched) -> None:
        self.rests.append(message)

    def kinds(self) -> list[str]:
        return [type(event).__name__ for event in self.published]


def fill_at(trade: int, seconds: float) -> Any:
    return make_fill(trade, ts_venue_ns=START_NS + round(seconds * SECOND_NS))


async def test_it_is_ready_when_the_first_reconciliation_is_done(
    autojump_clock: trio.testing.MockClock,
) -> None:
    desk = Desk()
    desk.port.fails = {"fills_since": deque([VenueError("503"), OutcomeUnknownError("?")])}
    desk.port.fills = [fill_at(1, -60), fill_at(2, -4), fill_at(3, 1)]
    async with living(desk.build()):
        assert trio.current_time() == 2  # two pauses
        trades = [each.fill.trade_id for each in desk.published if isinstance(each, OrderFilled)]
        assert trades == ["2", "3"]  # with a look back
        assert [each for each in desk.published if isinstance(each, BalanceChanged)] == [
            BalanceChanged(
                VENUE,
                (make_balance(USDT, "10000"),),
                START_NS + 2 * SECOND_NS,
                START_NS + 2 * SECOND_NS,
            )
        ]
    assert desk.port.fetched == [(KEY.symbol, START_NS - LOOK_BACK_NS)]


async def test_the_first_connection_is_news_only_after_the_reconciliation(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """After a crash of this actor risk may still hold the venue for lost: rightly, until then."""
    desk = Desk()
    desk.port.fills = [fill_at(1, 1)]
    async with living(desk.build()):
        await settle()
        assert desk.kinds() == ["OrderFilled", "BalanceChanged", "AccountRestored"]
        assert desk.port.calls["fills_since"] == 1


async def test_a_restored_stream_is_news_after_the_missed_fills(
    autojump_clock: trio.testing.MockClock,
) -> None:
    desk = Desk()
    async with living(desk.build()) as stage:
        await settle()
        desk.published.clear()
        assert desk.port.publish is not None
        lost = AccountLost(VENUE, "reset by peer", START_NS + SECOND_NS)
        restored = AccountRestored(VENUE, START_NS + SECOND_NS, START_NS + 9 * SECOND_NS)
        desk.port.publish(lost)
        desk.port.fills = [fill_at(7, 2)]
        desk.port.fails = {"balances": deque([VenueError("503")] * 2)}
        desk.port.publish(restored)
        desk.port.publish(acknowledged(1))  # of the new stream: goes on meanwhile
        assert desk.published == [lost, acknowledged(1)]
        await trio.sleep(10)
        assert desk.kinds()[2:] == ["OrderFilled"] * 3 + ["BalanceChanged", "AccountRestored"]
        assert desk.published[-1] == restored
        assert stage.progresses == 4
    assert desk.port.fetched[-1] == (KEY.symbol, START_NS + SECOND_NS - LOOK_BACK_NS)


async def test_it_fetches_fills_that_are_asked_for(autojump_clock: trio.testing.MockClock) -> None:
    desk = Desk()
    async with living(desk.build()):
        await settle()
        desk.published.clear()
        desk.port.fills = [fill_at(1, -100), fill_at(2, 5)]
        desk.port.fails = {"fills_since": deque([VenueError("503")] * 3)}
        desk.requests.send(FetchFills(KEY, START_NS, "of b3testrun1n1"))
        await trio.sleep(2.5)
        assert desk.published == []
        await trio.sleep(1)
        assert desk.published == [OrderFilled(desk.port.fills[1])]


async def test_a_crash_of_the_stream_is_a_gap(autojump_clock: trio.testing.MockClock) -> None:
    """Risk approves nothing from the crash until the next incarnation has reconciled."""
    desk = Desk()
    spec = EdgeSpec("account", desk.build, desk.requests, backoff=None)
    runs = RunQueue(TrioClock(START_NS))
    async with running_tree(SupervisorSpec("root", children=(spec,)), runs):
        await settle()
        desk.published.clear()
        broken, desk.port.ends = desk.port.ends, trio.Event()
        broken.set()
        await settle()
        assert desk.kinds() == ["AccountLost", "BalanceChanged", "AccountRestored"]
        assert "the stream broke" in desk.published[0].reason
        desk.published.clear()
    assert desk.published == []  # the end of the tree is none


async def test_a_connection_that_never_was_is_no_loss(
    autojump_clock: trio.testing.MockClock,
) -> None:
    desk = Desk()
    desk.port.fails = {"run_account": deque([VenueError("refused")])}
    with pytest.RaisesGroup(pytest.RaisesExc(VenueError, match="refused"), flatten_subgroups=True):
        async with living(desk.build()):
            pass
    assert desk.published == []


async def test_what_rests_on_the_account_is_told_once_a_minute(
    autojump_clock: trio.testing.MockClock,
) -> None:
    desk = Desk()
    desk.port.resting = [resting("somebody-else")]
    async with living(desk.build()):
        await settle()
        [told] = desk.rests
        assert (told.venue, told.orders) == (VENUE, tuple(desk.port.resting))
        desk.port.fails = {"open_orders": deque([VenueError("503")])}
        desk.port.resting = []
        await trio.sleep(LOOK_INTERVAL_S + 1)
        assert len(desk.rests) == 1  # not answered: the next time
        await trio.sleep(LOOK_INTERVAL_S)
        assert [len(each.orders) for each in desk.rests] == [1, 0]


def resting(client_order_id: str) -> VenueOrder:
    return VenueOrder(
        client_order_id, "v9", KEY, Side.BUY, OrderStatus.OPEN,
        Quantity(d(1)), Quantity(d(0)), Price(d(100)), START_NS,
    )  # fmt: skip
