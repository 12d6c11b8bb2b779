from __future__ import annotations

from typing import Any

from bot3.app.simulation.invariants.order_limits import OrderLimits
from bot3.domain.order import OrderType
from bot3.domain.values import Side
from bot3.messages.control import StopHit, TradingHalted
from tests.bot3.app.simulation.invariants.history import History
from tests.bot3.app.simulation.invariants.promises import promises
from tests.bot3.making import KEY, START_NS, d


def history(**limits: Any) -> History:
    return History(OrderLimits(promises(limits)).hear).begin()


def test_orders_at_their_limits_are_well() -> None:
    world = history()
    world.order("1.5", "100")
    world.order("1.49253", "100.5")
    world.order("1", "99.5")
    world.order("7", "100", side=Side.SELL)
    assert world.texts == []


def test_an_order_that_is_worth_too_much_is_caught() -> None:
    world = history()
    world.order("1.5", "100.01")
    (text,) = world.texts
    assert "worth 150.015, at most 150 is allowed" in text


def test_a_market_order_is_worth_the_market() -> None:
    world = history()
    world.place(world.made("1.5", order_type=OrderType.MARKET), price=d(0))
    world.place(world.made("1.6", order_type=OrderType.MARKET), price=d(0))
    (text,) = world.texts
    assert "worth 160.0" in text


def test_without_such_a_limit_nothing_is_worth_too_much() -> None:
    world = history(order_notional_max=d(0))
    world.order("99", "100")
    assert world.texts == []


def test_a_price_beyond_the_collar_is_caught_on_either_side() -> None:
    world = history()
    world.order("1", "100.51")
    world.order("1", "99.49", side=Side.SELL)
    high, low = world.texts
    assert "buy at 100.51, the mids were 100.0 to 100.0, 50.0 bps are allowed" in high
    assert "sell at 99.49" in low


def test_exits_have_a_wider_collar_once_they_are_ordered() -> None:
    for record in (
        TradingHalted("drawdown", START_NS, is_flattening=True),
        StopHit(KEY.symbol, d(100), d(95), START_NS, START_NS),
    ):
        world = history(exit_collar_bps=150.0)
        world.write(record)
        world.order("1", "98.51", side=Side.SELL)
        assert world.texts == []
        world.order("1", "98.49", side=Side.SELL)
        world.order("1", "100.51")
        exit_text, entry_text = world.texts
        assert "sell at 98.49, the mids were 100.0 to 100.0, 150.0 bps are allowed" in exit_text
        assert "buy at 100.51" in entry_text
    world = history(exit_collar_bps=150.0)
    world.write(TradingHalted("by hand", START_NS))
    world.order("1", "99", side=Side.SELL)
    assert len(world.texts) == 1


def test_the_collar_is_that_of_the_time_of_the_decision() -> None:
    world = history()
    intent = world.intent("1", "100.5")
    world.publish("97.9", "98.1")
    world.wait(18.9)
    world.place(intent)
    assert world.texts == []
    world.wait(0.2)
    world.place(world.intent("1", "100.5"))
    (text,) = world.texts
    assert "the mids were 98.0 to 98.0" in text


def test_more_orders_than_the_rate_are_caught() -> None:
    world = history()
    for _ in range(6):
        world.wait(1.9)
        world.intent()
    (text,) = world.texts
    assert "order 6 within 10.0 s, 5 are allowed" in text


def test_a_restart_does_not_begin_a_new_count() -> None:
    world = history()
    for _ in range(3):
        world.intent()
    world.crash()
    world.start()
    for _ in range(3):
        world.intent()
    assert len(world.texts) == 1


def test_orders_at_the_rate_are_well_for_ever() -> None:
    world = history()
    for _ in range(1_000):
        world.wait(2)
        world.intent()
    assert world.texts == []


def test_after_its_clock_was_set_back_the_bots_orders_are_counted_anew() -> None:
    world = history()
    for _ in range(4):
        world.wait(3)
        world.intent()
    world.wait(-9)
    for _ in range(5):
        world.intent()
    assert world.texts == []
    world.intent()
    assert len(world.texts) == 1
