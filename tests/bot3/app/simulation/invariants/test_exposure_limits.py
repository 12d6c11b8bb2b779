from __future__ import annotations

from typing import Any

from bot3.app.simulation.invariants.exposure_limits import ExposureLimits
from bot3.domain.values import InstrumentId, Side, Symbol
from tests.bot3.app.simulation.invariants.history import History
from tests.bot3.app.simulation.invariants.promises import promises
from tests.bot3.making import KEY, VENUE

ETH = InstrumentId(VENUE, Symbol("ETH/USDT"))


def history(**changes: Any) -> History:
    """Equity 10,000: at most 200 of one, 300 of all, and 2 % more."""
    return History(ExposureLimits(promises(**changes)).hear).begin()


def test_positions_within_their_limits_are_well() -> None:
    world = history()
    world.publish("49.9", "50.1", ETH)
    world.traded(world.order("2"))
    world.traded(world.order("1.9", "50", instrument=ETH))
    world.traded(world.order("1.9", side=Side.SELL))
    assert world.texts == []


def test_one_order_that_is_more_than_a_position_may_be_is_caught() -> None:
    world = history()
    order = world.order("2.05")
    (text,) = world.texts
    assert text == (
        f"{order.request.client_order_id}: makes {KEY} 205.00, 204.00 of 10000.00 is allowed"
    )


def test_a_second_order_beside_an_open_one_is_caught() -> None:
    world = history()
    world.order("1.2")
    assert world.texts == []
    world.order("1.2")
    assert len(world.texts) == 1


def test_an_order_on_top_of_a_position_is_caught() -> None:
    world = history()
    world.traded(world.order("1.2"))
    world.order("1.2")
    assert len(world.texts) == 1


def test_what_was_sold_makes_room() -> None:
    world = history()
    world.traded(world.order("2"))
    world.traded(world.order("1.9", side=Side.SELL))
    world.traded(world.order("1.9"))
    assert world.texts == []


def test_more_of_all_than_allowed_is_caught() -> None:
    world = history()
    world.publish("49.9", "50.1", ETH)
    world.traded(world.order("2"))
    order = world.order("2.2", "50", instrument=ETH)
    (text,) = world.texts
    assert text.startswith(f"{order.request.client_order_id}: makes all 309.")


def test_a_holding_may_outgrow_its_limit_by_its_price() -> None:
    world = history()
    intent = world.intent("0.5")
    world.traded(world.order("1.5"))
    world.publish("129.9", "130.1")
    world.place(intent)
    assert world.texts == []


def test_a_loss_lowers_what_is_allowed() -> None:
    world = history()
    world.traded(world.order("2"))
    world.traded(world.order("1.998", "1", side=Side.SELL))
    world.order("2.01")
    (text,) = world.texts
    assert "makes binance:BTC/USDT 201.00, 199.96 of 9802.00 is allowed" in text


def test_selling_more_than_is_held_is_caught() -> None:
    world = history()
    world.traded(world.order("1"))
    world.order("0.5", side=Side.SELL)
    assert world.texts == []
    order = world.order("0.5", side=Side.SELL)
    (text,) = world.texts
    assert text == f"{order.request.client_order_id}: 1.0 {KEY} for sale, 0.99900000 held"


def test_selling_while_nothing_is_held_is_caught() -> None:
    world = history()
    world.order("0.1", side=Side.SELL)
    assert len(world.texts) == 1


def test_an_open_buy_counts_at_its_own_price_where_that_is_higher() -> None:
    world = history()
    world.order("1", "105")
    world.order("1", "99.2")
    (text,) = world.texts
    assert "205.00, 204.00 of 10000.00 is allowed" in text
