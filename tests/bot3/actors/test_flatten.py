"""Flattening: everything is cancelled and sold at once, entries stay shut until resumed."""

from __future__ import annotations

from bot3.domain.order import OrderIntent, TimeInForce
from bot3.domain.values import Side
from bot3.messages.control import FlattenPositions, HaltTrading, ResumeTrading, TradingHalted
from bot3.messages.orders import OrderDenied
from tests.bot3.actors.core_driver import BITCOIN, CoreDriver
from tests.bot3.actors.venue_words import canceled
from tests.bot3.making import d


def holding() -> CoreDriver:
    """One unit of bitcoin is held, and the rest of its order rests."""
    driver = CoreDriver()
    driver.quote_and_mark()
    driver.want(1.0)
    (intent,) = driver.submitted()
    driver.acknowledge(intent)
    driver.fill(intent, d(1))
    driver.fund("9900", "1")
    return driver


def sells(driver: CoreDriver) -> list[OrderIntent]:
    return [each for each in driver.submitted() if each.side is Side.SELL]


def test_what_rests_is_cancelled_and_what_is_held_is_sold_across_the_spread() -> None:
    driver = holding()
    (resting,) = driver.submitted()
    driver.core.risk.send(FlattenPositions("out"))
    driver.core.publish(canceled(resting, driver.now_ns, d(1)))
    driver.quiet(3.0)
    (sold,) = sells(driver)
    assert (sold.amount.amount, sold.time_in_force) == (d(1), TimeInForce.IOC)
    assert (sold.strategy, sold.is_reducing) == ("flatten", True)
    assert driver.of(TradingHalted) == [
        TradingHalted("out", driver.of(TradingHalted)[0].ts_ns, True)
    ]


def test_entries_stay_shut_until_resumed() -> None:
    driver = holding()
    (resting,) = driver.submitted()
    driver.core.risk.send(FlattenPositions("out"))
    driver.core.publish(canceled(resting, driver.now_ns, d(1)))
    driver.want(1.0)
    driver.quiet(3.0)
    (sold,) = sells(driver)
    driver.acknowledge(sold)
    driver.fill(sold, d(1), trade=2)
    driver.fund("10000", "0")
    driver.quiet(3.0)
    assert driver.watcher.board.flattened is not None
    driver.want(1.0)
    driver.quiet(3.0)
    assert len(driver.submitted()) == 2
    assert driver.of(OrderDenied) == []  # targets are not even sized
    driver.core.risk.send(ResumeTrading("operator"))
    driver.want(1.0)
    driver.quiet(3.0)
    assert len(driver.submitted()) == 3


def test_a_halt_becomes_a_flattening_but_not_the_other_way() -> None:
    driver = holding()
    driver.core.risk.send(HaltTrading("lunch"))
    driver.core.risk.send(FlattenPositions("out"))
    driver.core.risk.send(HaltTrading("lunch again"))
    assert [halt.reason for halt in driver.of(TradingHalted)] == ["lunch", "out"]
    assert driver.memory.recovery.is_flattening
    driver.core.risk.send(ResumeTrading("operator"))
    assert not driver.memory.recovery.is_flattening


def test_dust_is_left() -> None:
    driver = CoreDriver()
    driver.quote_and_mark()
    driver.want(1.0)
    (intent,) = driver.submitted()
    driver.acknowledge(intent)
    driver.fill(intent, d("0.01"))  # worth 1, and the venue wants 5
    driver.fund("9999", "0.01")
    driver.core.risk.send(FlattenPositions("out"))
    driver.core.publish(canceled(intent, driver.now_ns, d("0.01")))
    driver.quiet(3.0)
    assert sells(driver) == []
    assert driver.watcher.board.flattened is not None
    assert BITCOIN in driver.core.minds
