from __future__ import annotations

from typing import Any

from bot3.app.simulation.invariants.halts import NoneAfterHalt
from bot3.domain.order import OrderIntent
from bot3.domain.values import Side
from bot3.messages.control import TradingHalted, TradingResumed
from bot3.messages.orders import IntentRecorded
from tests.bot3.app.simulation.invariants.history import History
from tests.bot3.app.simulation.invariants.promises import promises


def history(**limits: Any) -> History:
    return History(NoneAfterHalt(promises(limits)).hear).begin()


def halt(world: History) -> None:
    world.write(TradingHalted("drawdown", world.now_ns))


def resume(world: History) -> None:
    world.write(TradingResumed("operator", world.now_ns))


def record(world: History, intent: OrderIntent) -> OrderIntent:
    world.write(IntentRecorded(intent, world.now_ns))
    return intent


def test_trading_before_a_halt_and_after_a_resume_is_well() -> None:
    world = history()
    world.order()
    halt(world)
    world.wait(60)
    resume(world)
    world.order()
    assert world.texts == []


def test_an_order_after_a_halt_is_caught_selling_too() -> None:
    world = history()
    halt(world)
    world.wait(1)
    order = world.order("0.3")
    world.order("0.2", side=Side.SELL)
    buy, sell = world.texts
    assert buy == f"{order.request.client_order_id}: buy 0.3 BTC/USDT after 'drawdown'"
    assert "sell 0.2" in sell


def test_selling_after_a_halt_is_well_where_exits_are_allowed() -> None:
    world = history(is_exit_allowed_when_halted=True)
    halt(world)
    world.wait(1)
    world.order(side=Side.SELL)
    assert world.texts == []
    world.order()
    assert len(world.texts) == 1


def test_a_halt_holds_through_a_crash() -> None:
    world = history()
    halt(world)
    world.crash()
    world.start()
    world.wait(1)
    world.order()
    assert len(world.texts) == 1


def test_a_halt_that_a_power_loss_took_holds_all_the_same() -> None:
    world = history()
    world.write(TradingHalted("drawdown", world.now_ns), is_synced=False)
    world.crash()
    world.lose(0)
    world.start()
    world.wait(1)
    world.order()
    assert len(world.texts) == 1


def test_an_order_that_was_recorded_before_the_halt_may_arrive_after_it() -> None:
    world = history()
    intent = world.intent()
    halt(world)
    world.wait(3)
    world.place(intent)
    assert world.texts == []


def test_an_order_that_was_decided_before_the_halt_and_recorded_behind_it_may_arrive() -> None:
    world = history()
    intent = world.made()
    halt(world)
    world.place(record(world, intent))
    assert world.texts == []


def test_a_later_process_has_no_orders_that_were_decided_before_the_halt() -> None:
    world = history()
    intent = world.made()
    halt(world)
    world.crash()
    world.start()
    world.place(record(world, intent))
    assert len(world.texts) == 1


def test_an_order_that_was_decided_during_the_halt_stays_guilty_after_it() -> None:
    world = history()
    halt(world)
    world.wait(1)
    intent = world.intent()
    resume(world)
    world.place(intent)
    assert len(world.texts) == 1


def test_an_order_without_an_intent_is_caught_during_a_halt() -> None:
    world = history()
    halt(world)
    world.place(world.made())
    assert len(world.texts) == 1
