from __future__ import annotations

from adapters.simulated.orders import RecordStatus
from bot3.app.simulation.invariants.order_ends import OrderEnds
from tests.bot3.app.simulation.invariants.history import History
from tests.bot3.making import d


def history() -> History:
    return History(OrderEnds().hear).begin()


def test_ends_that_are_the_venues_are_well() -> None:
    world = history()
    world.closed(world.order())
    partly = world.order("2")
    world.traded(partly, "0.5")
    world.closed(partly, RecordStatus.EXPIRED)
    world.write_end(partly, d("0.5"))
    world.reject(world.intent())
    assert world.texts == []


def test_an_order_that_comes_to_life_after_it_was_given_up_is_caught() -> None:
    world = history()
    intent = world.intent()
    world.reject(intent)
    world.place(intent)
    (text,) = world.texts
    assert text.endswith("the venue takes it after the journal's OrderRejected (-2010)")


def test_a_rejection_of_an_order_that_the_venue_has_is_caught() -> None:
    world = history()
    intent = world.intent()
    world.trade(world.place(intent), "0.25")
    world.reject(intent)
    (text,) = world.texts
    assert text.endswith("rejected (-2010), the venue has it PARTIALLY_FILLED, 0.25")


def test_a_cancel_that_did_not_happen_is_caught() -> None:
    world = history()
    order = world.order()
    order.status = RecordStatus.CANCELED
    world.write_end(order, d(0))
    (text,) = world.texts
    assert text.endswith("OrderCanceled, the venue has it open")


def test_an_end_with_another_amount_filled_is_caught() -> None:
    world = history()
    order = world.order()
    world.traded(order, "0.5")
    world.end(order)
    world.write_end(order, d("0.4"))
    (text,) = world.texts
    assert text.endswith("OrderCanceled with 0.4 filled, the venue has 0.5")


def test_an_end_of_an_order_that_never_was_is_caught() -> None:
    world = history()
    deaf = History(lambda event: [])
    order = deaf.place(world.intent())
    deaf.end(order)
    world.write_end(order, d(0))
    (text,) = world.texts
    assert text.endswith("OrderCanceled, the venue never had it")
