from __future__ import annotations

import pytest
from attrs import evolve

from adapters.simulated.orders import RecordStatus
from bot3.app.simulation.invariants.events import BotOrderRest
from bot3.app.simulation.invariants.ownership import OrdersOwned
from bot3.domain.order import OrderStatus
from bot3.messages.orders import IntentRecorded
from tests.bot3.app.simulation.invariants.history import History
from tests.bot3.making import KEY, d


def history() -> History:
    """An order of each kind."""
    world = History(OrdersOwned().hear).begin()
    world.order()
    world.traded(world.order("2"), "0.5")
    world.traded(world.order())
    partly = world.order("3")
    world.traded(partly, "1")
    world.closed(partly)
    world.closed(world.order(), RecordStatus.EXPIRED)
    world.closed(world.order(), RecordStatus.EXPIRED_IN_MATCH)
    world.reject(world.intent())
    return world


def told(world: History, number: int, **changes: object) -> list[str]:
    """After the bot's word on order `number` was changed."""
    orders = list(world.bot_rest().orders)
    orders[number - 1] = evolve(orders[number - 1], **changes)
    world.settle(bot={"orders": tuple(orders)})
    return world.texts


def test_orders_that_both_sides_know_are_well() -> None:
    world = history()
    world.settle()
    assert world.texts == []


def test_an_open_order_that_the_bot_does_not_know_is_caught() -> None:
    world = history()
    world.settle(bot={"orders": world.bot_rest().orders[1:]})
    (text,) = world.texts
    assert text == "b3testrun1n1: open at binance:BTC/USDT, the bot does not know of it"


def test_an_ended_order_that_the_bot_has_forgotten_is_well() -> None:
    world = history()
    world.settle(bot={"orders": world.bot_rest().orders[:2]})
    assert world.texts == []


@pytest.mark.parametrize(
    "status",
    [
        OrderStatus.PENDING,
        OrderStatus.SUBMITTED,
        OrderStatus.UNKNOWN,
        OrderStatus.CANCEL_PENDING,
    ],
)
def test_an_order_that_is_left_unresolved_is_caught(status: OrderStatus) -> None:
    (text,) = told(history(), 1, status=status)
    assert f"the bot has it {status.value}, 0: unresolved" in text


def test_an_order_that_the_bot_takes_for_open_after_its_end_is_caught() -> None:
    (text,) = told(history(), 5, status=OrderStatus.OPEN)
    assert text == "b3testrun1n5: the bot has it open, 0, the venue has it EXPIRED, 0"


def test_an_order_that_the_bot_takes_for_ended_while_it_is_open_is_caught() -> None:
    assert len(told(history(), 1, status=OrderStatus.CANCELED)) == 1


def test_another_amount_filled_is_caught() -> None:
    (text,) = told(history(), 4, filled=d("0.9"))
    assert text == "b3testrun1n4: the bot has it canceled, 0.9, the venue has it CANCELED, 1"


def test_an_order_that_only_the_bot_has_is_caught() -> None:
    world = history()
    ghost = BotOrderRest("b3testrun1n99", KEY, OrderStatus.OPEN)
    world.settle(bot={"orders": (*world.bot_rest().orders, ghost)})
    (text,) = world.texts
    assert text == "b3testrun1n99: the bot has it open, 0, the venue never had it"


def test_an_intent_whose_end_is_not_in_the_journal_is_caught() -> None:
    world = history()
    world.intent()
    canceled = world.order()
    world.end(canceled)
    world.settle()
    never, ended = world.texts
    assert never == "b3testrun1n8: its end is not in the journal, the venue has None"
    assert ended.startswith("b3testrun1n9: its end is not in the journal")


def test_an_intent_that_a_power_loss_took_needs_no_end() -> None:
    world = history()
    before = world.sequence
    world.write(IntentRecorded(world.made(), world.now_ns), is_synced=False)
    world.lose(before)
    world.settle()
    assert world.texts == []


def test_a_checker_that_was_not_told_of_an_order_says_so() -> None:
    world = history()
    told_of, world.hear = world.hear, lambda event: []
    world.end(next(iter(world.orders.values())))
    world.hear = told_of
    rest = world.venue_rest()
    world.settle(bot={"orders": ()}, orders=rest.orders[:1])
    assert any("in the venue's list" in text for text in world.texts)
