from __future__ import annotations

from attrs import evolve

from adapters.simulated.orders import RecordStatus
from bot3.app.simulation.invariants.one_order import OneOrderPerIntent
from bot3.domain.values import Side
from bot3.messages.orders import IntentRecorded
from tests.bot3.app.simulation.invariants.history import History
from tests.bot3.making import d, make_intent


def history() -> History:
    return History(OneOrderPerIntent().hear).begin()


def test_one_order_for_each_intent_is_well() -> None:
    world = history()
    world.closed(world.order())
    world.order(side=Side.SELL)
    world.settle()
    assert world.texts == []


def test_a_second_order_of_an_intent_is_caught_while_the_first_is_open() -> None:
    world = history()
    intent = world.intent()
    world.place(intent)
    world.place(intent)
    (text,) = world.texts
    assert intent.client_order_id in text
    assert "second order" in text


def test_a_second_order_of_an_intent_is_caught_long_after_the_first_has_ended() -> None:
    world = history()
    intent = world.intent()
    world.end(world.place(intent))
    for _ in range(2_000):
        world.closed(world.order())
    world.place(intent)
    assert ["second order" in text for text in world.texts] == [True]


def test_an_order_under_an_id_that_no_intent_has_is_caught_at_rest() -> None:
    world = history()
    world.place(world.intent(), client_order_id="b3testrun1n77")
    assert world.texts == []
    world.settle()
    world.settle()
    (text,) = world.texts
    assert "b3testrun1n77" in text


def test_an_intent_that_comes_late_claims_its_order() -> None:
    world = history()
    intent = world.made()
    world.place(intent)
    world.write(IntentRecorded(intent, world.now_ns))
    world.settle()
    assert world.texts == []


def test_an_order_that_is_not_what_the_intent_says_is_caught() -> None:
    world = history()
    world.place(world.intent("1"), amount=d(2))
    world.place(world.intent("1"), price=d(101))
    world.place(world.intent("1"), side=Side.SELL)
    world.place(world.intent("1"))
    assert len(world.texts) == 3


def test_a_number_that_is_used_twice_is_caught() -> None:
    world = history()
    first = world.intent()
    world.write(IntentRecorded(evolve(make_intent(first.number), strategy="other"), world.now_ns))
    (text,) = world.texts
    assert "recorded a second time" in text


def test_a_number_whose_record_was_lost_before_the_wire_may_come_again() -> None:
    world = history()
    before = world.sequence
    intent = world.made()
    world.write(IntentRecorded(intent, world.now_ns), is_synced=False)
    world.lose(before)
    world.write(IntentRecorded(intent, world.now_ns))
    world.closed(world.place(intent), RecordStatus.EXPIRED)
    world.settle()
    assert world.texts == []
