"""The board and its snapshots: what was said last, how often, and why we are not ready."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from bot3.domain.approval import grant
from bot3.domain.book import Quote
from bot3.domain.order import OrderStatus
from bot3.domain.refusal import Denial, DenialReason
from bot3.domain.values import Asset, InstrumentId, Price, Symbol
from bot3.execution.actions import ForeignOrder, OrderAnomaly, Submission
from bot3.messages.account import OrderClosed, PositionChanged
from bot3.messages.control import EquityMarked, TradingHalted, TradingResumed
from bot3.messages.market import FeedLost, FeedRestored, QuoteChanged
from bot3.messages.minds import (
    FeaturesComputed,
    RegimeEstimated,
    RegimeLabel,
    TargetProposed,
)
from bot3.messages.orders import (
    AccountLost,
    AccountRestored,
    IntentRecorded,
    OrderDenied,
    OrderOutcomeUnknown,
    SubmitOrder,
)
from bot3.portfolio.positions import Position
from bot3.telemetry.board import RECENT, Board
from bot3.telemetry.snapshot import STALE_AFTER_MS, RunFacts, Snapshots
from bot3.telemetry.status import Status
from supervisors.clock import ManualClock
from tests.bot3.making import (
    BTC,
    KEY,
    SECOND_NS,
    START_NS,
    USDT,
    VENUE,
    acknowledged,
    d,
    id_of,
    make_fill,
    make_intent,
)
from tests.bot3.telemetry.dials import Dials

ETHER = InstrumentId(VENUE, Symbol("ETH/USDT"))


class Panel:
    """A board of two instruments with its snapshots."""

    def __init__(self) -> None:
        self.clock = ManualClock(START_NS)
        self.board = Board(self.clock, (KEY, ETHER))
        facts = RunFacts(
            "testrun1", "test", "hash", "USDT", d(10_000), 0.5, "http://127.0.0.1/", START_NS
        )
        self.dials = Dials()
        self.snapshots = Snapshots(self.board, facts, self.clock, self.dials)

    def take(self, *messages: Any) -> None:
        for message in messages:
            self.board.take(message)

    def status(self, after_s: float = 0.0) -> Status:
        self.clock.move_to(self.clock.now_ns() + round(after_s * SECOND_NS))
        return self.snapshots.status()

    def submit(self, number: int, origin_ns: int = 0) -> None:
        intent = make_intent(number)
        record = IntentRecorded(intent, START_NS)
        self.take(Submission(record, SubmitOrder(grant(intent), origin_ns)))

    def make_ready(self) -> None:
        for key in (KEY, ETHER):
            self.take(quote(key), target(key))
        self.take(FeedRestored(VENUE, START_NS), AccountRestored(VENUE, 0, START_NS), marked("100"))


def quote(key: InstrumentId = KEY, ts_local_ns: int = START_NS) -> QuoteChanged:
    return QuoteChanged(key, Quote(99.0, 1.0, 101.0, 1.0), ts_local_ns, ts_local_ns)


def target(key: InstrumentId = KEY, strategy: str = "hybrid", **changes: Any) -> TargetProposed:
    return TargetProposed(key, strategy, START_NS, 0, 0.5, 1.0, **changes)


def marked(equity: str, drawdown: float = 0.0) -> EquityMarked:
    return EquityMarked(d(equity), d(equity), drawdown, START_NS)


def closed(number: int, status: OrderStatus, filled: str = "0") -> OrderClosed:
    return OrderClosed(id_of(number), KEY, status, d(filled), "")


def position(fill: Any, amount: str = "1") -> PositionChanged:
    return PositionChanged(fill.instrument, d(amount), Price(d(90)), d("-0.5"), fill)


def test_orders_are_counted_once_by_where_they_are() -> None:
    panel = Panel()
    for number in range(1, 7):
        panel.submit(number)
    panel.take(acknowledged(1), acknowledged(2), OrderOutcomeUnknown(id_of(3), KEY, "?", START_NS))
    panel.take(closed(4, OrderStatus.FILLED, "1"), closed(5, OrderStatus.CANCELED))
    panel.take(acknowledged(4))  # late: it is closed already
    status = panel.status()
    assert status.orders_by_status == {
        "open": 2,
        "unknown": 1,
        "submitted": 1,
        "filled": 1,
        "canceled": 1,
    }
    lines = {line.client_order_id: (line.status, line.filled) for line in status.recent_orders}
    assert lines[id_of(4)] == ("filled", 1)
    assert status.recent_orders[0].client_order_id == id_of(6)  # newest first


def test_only_recent_orders_are_shown_and_all_are_counted() -> None:
    panel = Panel()
    for number in range(1, RECENT + 6):
        panel.submit(number)
        panel.take(closed(number, OrderStatus.EXPIRED))
    status = panel.status()
    assert status.orders_by_status == {"expired": RECENT + 5}
    assert len(status.recent_orders) == RECENT
    assert panel.board.orders.live == {}


def test_denials_are_counted_by_reason() -> None:
    panel = Panel()
    for number, reason in enumerate(
        (DenialReason.BOOK_STALE, DenialReason.BALANCE, DenialReason.BOOK_STALE), 1
    ):
        intent = make_intent(number)
        denial = Denial(intent.client_order_id, reason, "a detail")
        panel.take(OrderDenied(intent, denial, START_NS))
    status = panel.status()
    assert status.denials == {"book_stale": 2, "balance": 1}
    assert status.orders_by_status == {"denied": 3}
    assert status.recent_orders[0].reason == "book_stale: a detail"


def test_fees_are_valued_in_the_quote_asset() -> None:
    panel = Panel()
    panel.take(position(make_fill(1, price="200", fee=d("0.01"), fee_asset=BTC)))
    panel.take(position(make_fill(2, price="200", fee=d("0.3"), fee_asset=USDT)))
    status = panel.status()
    assert (status.fills, status.fees_paid) == (2, d("2.3"))
    assert [line.trade_id for line in status.recent_fills] == ["2", "1"]


def test_a_fee_in_a_third_asset_is_not_taken_for_quote() -> None:
    """As in the books: what has no price here is left out, not added as if it were money."""
    panel = Panel()
    panel.take(position(make_fill(1, fee=d("0.5"), fee_asset=Asset("BNB"))))
    assert panel.status().fees_paid == 0
    assert panel.status().recent_fills[0].fee == d("0.5")


def test_a_position_is_valued_at_the_mid() -> None:
    panel = Panel()
    panel.take(position(make_fill(1), "2"))
    assert panel.status().instruments[0].unrealized is None  # no price yet
    panel.take(quote())
    bitcoin, ether = panel.status().instruments
    assert (bitcoin.position, bitcoin.realized, bitcoin.unrealized) == (2, d("-0.5"), 20)
    assert (ether.position, ether.unrealized) == (0, None)


def test_each_reason_for_not_being_ready_goes_when_it_is_met() -> None:
    panel = Panel()
    reasons = {
        "binance: no market data": FeedRestored(VENUE, START_NS),
        "binance: no private stream": AccountRestored(VENUE, 0, START_NS),
        "equity is not known yet": marked("10000"),
    }
    late = ("binance: no fresh book", "signals are not ready")
    assert set(panel.status().reasons) == {*reasons, *late}
    for reason, message in reasons.items():
        assert reason in panel.status().reasons
        panel.take(message)
        assert reason not in panel.status().reasons
    panel.take(quote(), target())
    assert set(panel.status().reasons) == set(late)  # of one instrument only
    panel.take(quote(ETHER), target(ETHER))
    assert (panel.status().reasons, panel.status().is_ready) == ((), True)


def test_warm_up_signals_make_ready_but_are_not_counted() -> None:
    panel = Panel()
    panel.take(target(is_warm_up=True), target(strategy="ta"), target(), target())
    assert panel.status().signals == 2


def test_the_book_is_as_old_as_the_oldest() -> None:
    panel = Panel()
    panel.take(quote())
    assert panel.status().venues["binance"].book_age_ms is None
    panel.take(quote(ETHER, START_NS + SECOND_NS))
    assert panel.status(3.0).venues["binance"].book_age_ms == 3000.0


def test_an_old_book_is_no_readiness() -> None:
    panel = Panel()
    panel.make_ready()
    assert panel.status(STALE_AFTER_MS / 1e3).is_ready
    assert panel.status(0.001).reasons == ("binance: no fresh book",)


@pytest.mark.parametrize(
    ("lost", "restored", "reason"),
    [
        (FeedLost(VENUE, "reset", 1), FeedRestored(VENUE, 2), "binance: no market data"),
        (
            AccountLost(VENUE, "reset", 1),
            AccountRestored(VENUE, 1, 2),
            "binance: no private stream",
        ),
    ],
)
def test_a_lost_connection_says_why_until_it_is_back(lost: Any, restored: Any, reason: str) -> None:
    panel = Panel()
    panel.make_ready()
    assert panel.status().venues["binance"].detail == ""
    panel.take(lost)
    assert panel.status().reasons == (reason,)
    assert panel.status().venues["binance"].detail == "reset"
    panel.take(restored)
    assert panel.status().is_ready
    assert panel.status().venues["binance"].detail == ""


def test_the_word_on_a_lost_account_stays_while_only_the_feed_is_back() -> None:
    panel = Panel()
    panel.make_ready()
    panel.take(AccountLost(VENUE, "key revoked", 1), FeedLost(VENUE, "reset", 2))
    panel.take(FeedRestored(VENUE, 3))
    assert panel.status().venues["binance"].detail == "key revoked"


def test_halts_equity_and_drawdown() -> None:
    panel = Panel()
    assert panel.status().equity_start == 10_000  # as configured, until it is known
    panel.take(marked("9000"), marked("8000", 0.2), marked("8800", 0.1))
    panel.take(TradingHalted("too deep", START_NS))
    status = panel.status()
    assert (status.equity_start, status.equity) == (Decimal(9000), Decimal(8800))
    assert (status.drawdown, status.max_drawdown) == (0.1, 0.2)
    assert (status.is_halted, status.halt_reason) == (True, "too deep")
    panel.take(TradingResumed("me", START_NS))
    assert not panel.status().is_halted


def test_latency_is_from_the_event_to_the_order() -> None:
    panel = Panel()
    assert panel.status().tick_to_order.count == 0
    assert panel.status().venues["binance"].sent == {}
    panel.submit(1)  # not caused by an event: does not count
    panel.submit(2, START_NS - 150_000)
    assert panel.status().venues["binance"].sent == {"limit": 2}
    latency = panel.status().tick_to_order
    assert (latency.count, latency.p50_us) == (1, pytest.approx(150.0))


def test_restarts_events_anomalies_and_regimes_are_shown() -> None:
    panel = Panel()
    features = FeaturesComputed(KEY, START_NS, 0, 100.0, 0.0, ())
    label = RegimeLabel.TRENDING
    panel.take(RegimeEstimated(KEY, START_NS, (0.5, 0.3, 0.2), label, features))
    panel.take(ForeignOrder("x", KEY, is_own_id=False))
    panel.take(OrderAnomaly(id_of(1), KEY, OrderStatus.FILLED, "odd"))
    status = panel.status(12.5)
    assert (status.restarts, status.events, status.uptime_s) == ({"execution": 2}, 77, 12.5)
    assert status.anomalies == 2
    assert [(each.path, each.waiting, each.dropped) for each in status.actors] == [
        ("execution", 1, 9),
        ("risk", 1, 9),
    ]
    assert status.journal.records == 9
    assert status.instruments[0].regime == "trending"
    shares = status.instruments[0].regime_probabilities
    assert shares == {"calm": 0.5, "between 1": 0.3, "volatile": 0.2}


def test_a_position_of_an_earlier_life_is_shown_before_the_first_fill() -> None:
    held = Position(Decimal("0.5"), Decimal(50), Decimal("-1.25"))
    board = Board(ManualClock(START_NS), (KEY,), {KEY: held})
    card = board.instruments[KEY]
    assert (card.held, card.unrealized()) == (held, None)
    board.take(QuoteChanged(KEY, Quote(109.0, 1.0, 111.0, 1.0), START_NS, START_NS))
    assert card.unrealized() == Decimal("0.5") * 110 - 50
