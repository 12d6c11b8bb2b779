"""A loop over a cross symbol through the core: its book, its orders, both positions, again."""

from __future__ import annotations

from decimal import Decimal

from bot3.actors.memory import Memory
from bot3.app.taping import replay
from bot3.domain.values import Asset, InstrumentId, Symbol
from bot3.messages.account import PositionChanged
from bot3.messages.arbitrage import ArbitrageClosed, GroupOutcome
from bot3.messages.market import BookReplaced, QuoteChanged
from bot3.messages.orders import BalanceChanged, OrderFilled
from bot3.portfolio.recovery import Recovery
from tests.bot3.actors.core_driver import ACCOUNT, BITCOIN, ETHER, CoreDriver
from tests.bot3.making import BTC, USDT, VENUE, d, make_balance, make_instrument

CROSS = InstrumentId(VENUE, Symbol("ETH/BTC"))
ETH = Asset("ETH")
HELD = d("1")
KEYS = {
    "exchanges.arbitrage_enabled": True,
    "arbitrage.cross_symbols": ["ETH/BTC"],
    "arbitrage.leg_failure_rate": 0.0,
    "risk.max_position_size": 0.2,
    "risk.adaptive": False,
    "execution.maker_patience_s": 0.0,
}
PRICES = {BITCOIN: "100", ETHER: "100", CROSS: "1"}


class Loops(CoreDriver):
    """One BTC and one ETH are held where both cost 100; a unit of the one buys one of the other."""

    def __init__(self, *, is_taped: bool = False) -> None:
        super().__init__(KEYS, is_taped=is_taped)
        self.journal.is_slow = is_taped  # a tape has its own order of what becomes durable when
        self.load([make_instrument(CROSS, tick_size=d("0.0001"), notional_min=d("0.0001"))])
        self.books()
        self.tick(1.0)
        self.number = 0
        for key in (BITCOIN, ETHER):
            self.books()
            self.want(0.05, key)
            self.tick(0.5)
            self.serve()
        self.effects.clear()
        self.watcher.heard.clear()

    def books(self, ether: tuple[float, float] = (99.98, 100.02)) -> None:
        self.book(BITCOIN, 99.98, 100.02)
        self.book(ETHER, *ether)
        now_ns = self.now_ns
        replaced = BookReplaced(CROSS, [(0.9998, 5.0)], [(1.0, 5.0)], 1, now_ns, now_ns)
        self.core.crosses[CROSS].market.send(replaced)

    def serve(self) -> None:
        """What was sent is filled at its limit, as the venue tells it: without a conversion."""
        self.journal.release()
        while self.number < len(self.submitted()):
            intent = self.submitted()[self.number]
            self.number += 1
            price = f"{intent.worst_price.amount}"
            self.fill(intent, intent.amount.amount, price, trade=100 + intent.number)
            self.journal.release()
        held = self.held()
        balances = (
            make_balance(USDT, 10_000 - 100 * sum(held.values())), make_balance(BTC, held[BITCOIN]),
            make_balance(ETH, held[ETHER]),
        )  # fmt: skip
        self.core.publish(BalanceChanged(VENUE, balances, self.now_ns, self.now_ns))
        self.journal.release()
        self.tick(1.0)
        self.journal.release()

    def held(self) -> dict[InstrumentId, Decimal]:
        tracker = self.memory.recovery.tracker
        return {key: tracker.position(key).amount for key in (BITCOIN, ETHER)}

    def loop(self) -> None:
        """Ether by way of bitcoin is two percent cheaper than it sells for."""
        self.tick(2.0)
        self.books()
        self.tick(0.25)  # quiet touches are told again at the beat
        self.number = 0
        self.effects.clear()
        self.books((102.0, 102.1))
        self.journal.release()


def test_a_triangle_is_sent_filled_and_booked_in_both_assets() -> None:
    driver = Loops()
    before = driver.held()
    assert all(amount > 0 for amount in before.values())
    driver.loop()
    legs = {each.instrument: each for each in driver.submitted()}
    assert set(legs) == {BITCOIN, ETHER, CROSS}
    rate = legs[CROSS].conversion
    assert rate is not None
    assert (rate.instrument, rate.price.amount) == (BITCOIN, 100)
    driver.serve()
    journaled = [each.fill for each in driver.of(OrderFilled)]
    assert [each.conversion for each in journaled if each.instrument == CROSS] == [rate]
    bought, sold = legs[BITCOIN].amount.amount, legs[ETHER].amount.amount
    crossed = legs[CROSS].amount.amount
    assert driver.held() == {
        BITCOIN: before[BITCOIN] + bought - crossed,
        ETHER: before[ETHER] + crossed - sold,
    }
    moved = [each.instrument for each in driver.heard(PositionChanged)]
    assert sorted(moved) == sorted([BITCOIN, BITCOIN, ETHER, ETHER])
    (closed,) = driver.of(ArbitrageClosed)
    assert (closed.outcome, closed.kind) == (GroupOutcome.HEDGED, "triangular")
    assert driver.errors() == {}


def test_every_actor_believes_in_the_same_positions_and_risk_counts_nothing_as_open() -> None:
    driver = Loops()
    driver.loop()
    driver.serve()
    again = CoreDriver(KEYS, memory=driver.memory)
    assert {each.recovery.tracker.position(BITCOIN) for each in (driver.memory, again.memory)} == {
        driver.memory.recovery.tracker.position(BITCOIN)
    }
    fresh = Recovery(ACCOUNT)
    fresh.fold(driver.journal.records)
    assert fresh.tracker.positions() == driver.memory.recovery.tracker.positions()
    assert fresh.orders() == ()


def test_nobody_has_an_opinion_on_a_cross_symbol() -> None:
    driver = Loops()
    assert CROSS not in driver.core.minds
    assert CROSS in driver.core.markets(VENUE)
    assert CROSS not in {each.instrument for each in driver.heard(QuoteChanged)}
    assert driver.core.crosses[CROSS].market in driver.core.timer_listeners()


def test_a_session_with_loops_is_decided_again_the_same() -> None:
    driver = Loops(is_taped=True)
    driver.loop()
    driver.serve()
    assert driver.tape is not None
    assert len(driver.of(ArbitrageClosed)) == 1
    replayed = replay(driver.core, driver.tape, Memory(Recovery(ACCOUNT), bars_kept=400))
    assert (replayed.difference, replayed.is_same) == ("", True)
