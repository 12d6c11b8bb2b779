"""The matrix beside trading: what it tells, and what it asks execution for."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from bot3.actors.arbitrage import ArbitrageActor, ArbitrageSettings
from bot3.actors.memory import Memory
from bot3.arbitrage.matrix import MatrixSettings
from bot3.domain.account import Balance
from bot3.domain.book import Quote
from bot3.domain.values import ZERO, Asset, InstrumentId, Side, Symbol, VenueName
from bot3.messages.account import PositionChanged
from bot3.messages.arbitrage import ArbitrageClosed, ArbitrageSeen, GroupOutcome, TradeArbitrage
from bot3.messages.market import BookLost, DepthSampled, QuoteChanged
from bot3.messages.orders import BalanceChanged, InstrumentsLoaded
from bot3.portfolio.recovery import Recovery
from supervisors.clock import ManualClock
from tests.bot3.listening import Ear
from tests.bot3.making import SECOND_NS, START_NS, d, make_fill, make_instrument

A = InstrumentId(VenueName("a"), Symbol("BTC/USDT"))
B = InstrumentId(VenueName("b"), Symbol("BTC/USDT"))


class Desk:
    """Two venues; 1,000 of quote on each, and one BTC held on `b`."""

    def __init__(self, **settings: Any) -> None:
        self.now_ns = START_NS
        self.memory = Memory(Recovery("of a test"), bars_kept=1)
        self.execution, self.board = Ear(), Ear()
        self.settings = ArbitrageSettings(
            is_enabled=True, matrix=MatrixSettings(**settings), pause_s=1.0
        )
        loaded = [InstrumentsLoaded(key.venue, (make_instrument(key),)) for key in (A, B)]
        self.actor = self.build()
        for each in loaded:
            self.memory.send(each)
            self.actor.handle(each)
        for key in (A, B):
            balance = Balance(key.venue, Asset("USDT"), d(1_000), ZERO)
            self.actor.handle(BalanceChanged(key.venue, (balance,), 0, 0))
        self.hold("1")

    def build(self) -> ArbitrageActor:
        return ArbitrageActor(
            self.settings, self.memory, ManualClock(self.now_ns),
            execution=self.execution, board=self.board,
        )  # fmt: skip

    def hold(self, amount: str) -> None:
        fill = make_fill("t1", instrument=B, amount="1")
        self.actor.handle(PositionChanged(B, d(amount), None, ZERO, fill))

    def quote(self, key: InstrumentId, bid: float, ask: float, amount: float = 1.0) -> None:
        quote = Quote(bid, amount, ask, amount)
        self.actor.handle(QuoteChanged(key, quote, self.now_ns, self.now_ns))

    def gap(self) -> None:
        """Cheap on `a`, two percent dearer on `b`."""
        self.quote(A, 99.9, 100.0)
        self.quote(B, 102.0, 102.1)

    @property
    def asked(self) -> list[TradeArbitrage]:
        return [each for each in self.execution.heard if isinstance(each, TradeArbitrage)]


def test_a_gap_is_told_and_traded() -> None:
    desk = Desk()
    desk.gap()
    (seen,) = desk.board.heard
    assert isinstance(seen, ArbitrageSeen)
    assert (seen.kind, seen.venues, seen.quote) == ("cross_venue", ("a", "b"), "USDT")
    assert seen.net_bps > 170
    (command,) = desk.asked
    buy = next(leg for leg in command.legs if leg.side is Side.BUY)
    sell = next(leg for leg in command.legs if leg.side is Side.SELL)
    assert (buy.instrument, sell.instrument) == (A, B)
    assert sell.amount <= buy.amount <= 1
    assert (buy.limit.amount, sell.limit.amount) == (d("100.00"), d("102.00"))


def test_what_is_not_held_is_told_of_by_nobody() -> None:
    """On spot nothing can be sold that is not there, so that nothing clears."""
    desk = Desk()
    desk.hold("0")
    desk.gap()
    assert (desk.asked, desk.board.heard) == ([], [])


def test_depth_behind_the_touch_counts() -> None:
    desk = Desk()
    bids = [(102.0, 0.1), (101.5, 0.4)]
    desk.actor.handle(DepthSampled(B, bids, [(102.1, 1.0)], desk.now_ns))
    desk.quote(A, 99.9, 100.0)
    desk.quote(B, 102.0, 102.1, amount=0.1)
    (command,) = desk.asked
    sell = next(leg for leg in command.legs if leg.side is Side.SELL)
    assert Decimal("0.49") < sell.amount <= Decimal("0.5")
    assert sell.limit.amount == d("101.50")
    assert command.legs[0] == sell  # the least to spare: the more fragile leg is first


def test_a_symbol_rests_after_it_was_asked_for_and_after_a_group_ended() -> None:
    desk = Desk()
    desk.gap()
    desk.gap()
    assert len(desk.asked) == 1
    desk.now_ns += SECOND_NS
    closed = ArbitrageClosed(A.symbol, GroupOutcome.HEDGED, 2, 2, 1.0, 1.0, 1.0, 0.1, desk.now_ns)
    desk.actor.handle(closed)
    desk.gap()
    assert len(desk.asked) == 1
    desk.now_ns += SECOND_NS
    desk.gap()
    assert len(desk.asked) == 2


def test_a_lost_book_is_no_ground() -> None:
    desk = Desk()
    desk.quote(A, 99.9, 100.0)
    desk.actor.handle(BookLost(A, "gap", desk.now_ns))
    desk.quote(B, 102.0, 102.1)
    assert desk.asked == []


def test_the_size_is_bounded_by_settings_and_funds() -> None:
    desk = Desk(size_max=20.0)
    desk.gap()
    (command,) = desk.asked
    assert all(leg.amount * leg.price.amount <= 20 * d("1.01") for leg in command.legs)
    desk = Desk()
    desk.actor.handle(
        BalanceChanged(A.venue, (Balance(A.venue, Asset("USDT"), d(30), ZERO),), 0, 0)
    )
    desk.gap()
    assert desk.asked[0].legs[0].amount < d("0.31")


def test_a_restarted_one_knows_instruments_and_has_no_books() -> None:
    desk = Desk()
    desk.gap()
    desk.actor = desk.build()
    desk.hold("1")
    desk.quote(B, 102.0, 102.1)
    assert len(desk.asked) == 1
    desk.quote(A, 99.9, 100.0)
    assert len(desk.asked) == 2


def test_the_same_books_are_told_of_once_a_second() -> None:
    desk = Desk()
    for _ in range(5):
        desk.gap()
    assert len(desk.board.heard) == 1
    desk.now_ns += SECOND_NS
    desk.gap()
    assert len(desk.board.heard) == 2


def test_a_triangle_is_traded_as_far_as_both_assets_are_held() -> None:
    desk = Desk()
    ether, cross = (InstrumentId(B.venue, Symbol(name)) for name in ("ETH/USDT", "ETH/BTC"))
    fine = {"tick_size": d("0.00001"), "notional_min": d("0.0001")}
    loaded = [make_instrument(ether), make_instrument(cross, **fine)]
    desk.actor.handle(InstrumentsLoaded(B.venue, tuple(loaded)))
    spot = (
        Balance(B.venue, Asset("BTC"), d(50), ZERO),
        Balance(B.venue, Asset("ETH"), d(50), ZERO),
    )
    desk.actor.handle(BalanceChanged(B.venue, spot, 0, 0))  # somebody else's

    def triangle() -> None:
        desk.quote(B, 99.9, 100.0, amount=5.0)
        desk.quote(ether, 10.2, 10.3, amount=50.0)  # two percent dearer than by way of bitcoin
        desk.quote(cross, 0.0999, 0.1, amount=50.0)

    triangle()
    assert desk.asked == []
    fill = make_fill("t2", instrument=ether, amount="4")
    desk.actor.handle(PositionChanged(ether, d(4), None, ZERO, fill))
    triangle()
    (command,) = desk.asked
    assert (command.kind, command.quote) == ("triangular", "USDT")
    sides = {leg.instrument.symbol: (leg.side, leg.amount) for leg in command.legs}
    assert {symbol: side for symbol, (side, _) in sides.items()} == {
        "BTC/USDT": Side.BUY, "ETH/BTC": Side.BUY, "ETH/USDT": Side.SELL,
    }  # fmt: skip
    assert d("3.9") < sides[Symbol("ETH/USDT")][1] <= 4
    desk.now_ns += SECOND_NS // 2
    triangle()
    desk.gap()  # of bitcoin, which rests, too
    assert len(desk.asked) == 1
    closed = ArbitrageClosed(
        B.symbol, GroupOutcome.HEDGED, 3, 3, 1.0, 1.0, 1.0, 0.1, desk.now_ns,
        others=(ether.symbol,),
    )  # fmt: skip
    desk.actor.handle(closed)
    desk.now_ns += SECOND_NS
    triangle()
    assert len(desk.asked) == 2


def test_a_loop_without_the_currency_is_told_and_not_traded() -> None:
    desk = Desk()
    crosses = [InstrumentId(VenueName(name), Symbol("ETH/BTC")) for name in "ab"]
    for key in crosses:
        loaded = (make_instrument(key, tick_size=d("0.00001"), notional_min=d("0.0001")),)
        desk.actor.handle(InstrumentsLoaded(key.venue, loaded))
    desk.actor.handle(PositionChanged(A, d(1), None, ZERO, make_fill("t3", instrument=A)))
    desk.quote(crosses[0], 0.0999, 0.1)
    desk.quote(crosses[1], 0.102, 0.1021)
    assert [seen.quote for seen in desk.board.heard if isinstance(seen, ArbitrageSeen)] == ["BTC"]
    assert desk.asked == []
