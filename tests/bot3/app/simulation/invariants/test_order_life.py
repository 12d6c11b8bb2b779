from __future__ import annotations

from adapters.simulated.orders import RecordStatus
from bot3.app.simulation.invariants.order_life import OrderLife
from tests.bot3.app.simulation.invariants.history import History
from tests.bot3.app.simulation.invariants.promises import promises


def history() -> History:
    """5 s to be sent, 12 s in the venue; 20 s of patience, 30 s to be withdrawn."""
    return History(OrderLife(promises()).hear).begin()


def test_orders_within_their_time_are_well() -> None:
    world = history()
    intent = world.intent()
    world.wait(17)
    order = world.place(intent)
    world.wait(50)
    world.settle()
    world.traded(order, "0.5")
    world.closed(order)
    world.wait(1_000)
    world.settle()
    assert world.texts == []


def test_an_order_that_begins_long_after_its_decision_is_caught() -> None:
    world = history()
    intent = world.intent()
    world.wait(17.001)
    world.place(intent)
    (text,) = world.texts
    assert text == f"{intent.client_order_id}: the venue took it 17.001 s after its record"


def test_an_order_that_comes_after_a_crash_is_caught_as_well() -> None:
    world = history()
    intent = world.intent()
    world.crash()
    world.wait(60)
    world.start()
    world.trade(world.place(intent))
    assert len(world.texts) == 1


def test_an_order_that_nobody_withdraws_is_caught_at_rest() -> None:
    world = history()
    order = world.order()
    world.traded(order, "0.5")
    world.wait(50.5)
    world.settle()
    (text,) = world.texts
    assert text == f"{order.request.client_order_id}: open for 50.500 s"


def test_an_order_that_lapsed_does_not_stay_open() -> None:
    world = history()
    world.closed(world.order(), RecordStatus.EXPIRED)
    world.reject(world.intent())
    world.wait(51)
    world.settle()
    assert world.texts == []
