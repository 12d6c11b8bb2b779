"""When equity is known for the first time: at once, and never from half of the accounts."""

from __future__ import annotations

from bot3.actors.memory import Memory
from bot3.actors.portfolio import Adoption, PortfolioActor
from bot3.domain.book import Quote
from bot3.domain.values import VenueName
from bot3.messages.control import EquityMarked
from bot3.messages.market import QuoteChanged, TimerTicked
from bot3.messages.orders import AccountRestored, BalanceChanged
from bot3.portfolio.account import Portfolio
from bot3.portfolio.recovery import Recovery
from tests.bot3.actors.core_driver import BITCOIN, CoreDriver
from tests.bot3.listening import Ear
from tests.bot3.making import BTC, START_NS, USDT, VENUE, d, make_balance

OTHER = VenueName("okx")


def test_the_last_account_makes_equity_known_without_a_beat() -> None:
    driver = CoreDriver()
    driver.book(BITCOIN, 99.99, 100.01)
    assert driver.heard(EquityMarked) == []
    driver.core.publish(AccountRestored(VENUE, 0, driver.now_ns))
    assert [each.equity for each in driver.heard(EquityMarked)] == [d("10000")]


def test_so_does_the_last_price_of_what_is_held() -> None:
    driver = CoreDriver()
    driver.fund("10000", "1")
    driver.core.publish(AccountRestored(VENUE, 0, driver.now_ns))
    assert driver.heard(EquityMarked) == []
    driver.book(BITCOIN, 99.99, 100.01)
    assert [each.equity for each in driver.heard(EquityMarked)] == [d("10100")]
    driver.book(BITCOIN, 199.99, 200.01)
    assert len(driver.heard(EquityMarked)) == 1  # the next ones come with the beat


def of_two_venues(board: Ear) -> PortfolioActor:
    memory = Memory(Recovery("two"), bars_kept=1)
    return PortfolioActor(
        Portfolio(USDT, (BITCOIN,)),
        venues=(VENUE, OTHER),
        untold={},
        positions=(),
        marks=(board,),
        journal=Ear(),
        watcher=Ear(),
        risk=Ear(),
        reconcilers={},
        costs={},
        adopt=Adoption(False, memory, lambda _: None),
    )


def test_the_money_of_one_venue_is_not_the_equity_of_two() -> None:
    """Half of it would be a fall of half, and a halt."""
    board = Ear()
    actor = of_two_venues(board)
    held = (make_balance(USDT, "5000"), make_balance(BTC, "0"))
    actor.handle(BalanceChanged(VENUE, held, START_NS, START_NS))
    actor.handle(AccountRestored(VENUE, 0, START_NS))
    actor.handle(QuoteChanged(BITCOIN, Quote(99.0, 1.0, 101.0, 1.0), START_NS, START_NS))
    assert board.heard == []
    actor.handle(AccountRestored(OTHER, 0, START_NS))
    assert [each.equity for each in board.heard] == [d("5000")]
    actor.handle(TimerTicked(START_NS + 2 * 10**9))
    assert len(board.heard) == 2
