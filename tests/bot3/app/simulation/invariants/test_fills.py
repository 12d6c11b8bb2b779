from __future__ import annotations

import pytest

from bot3.app.simulation.invariants.fills import FillsAndPositions
from bot3.domain.values import Quantity, Side
from tests.bot3.app.simulation.invariants.history import History
from tests.bot3.app.simulation.invariants.promises import promises
from tests.bot3.making import KEY, d


def history() -> History:
    return History(FillsAndPositions(promises()).hear).begin()


def test_fills_of_known_orders_counted_once_are_well() -> None:
    world = history()
    order = world.order("2")
    world.traded(order, "0.5")
    world.traded(order)
    world.traded(world.order("1", side=Side.SELL))
    world.settle()
    assert world.held_of(KEY) == d("0.998")
    assert world.texts == []


def test_a_fill_that_is_written_again_is_well_while_positions_count_it_once() -> None:
    world = history()
    order = world.order()
    trade = world.traded(order)
    world.fill(order, trade)
    world.settle()
    assert world.texts == []


@pytest.mark.parametrize("holder", ["portfolio", "execution", "risk"])
def test_a_position_that_counts_a_fill_twice_is_caught_whoever_holds_it(holder: str) -> None:
    world = history()
    world.traded(world.order())
    positions = {**world.bot_rest().positions, holder: {KEY: 2 * world.held_of(KEY)}}
    world.settle(bot={"positions": positions})
    (text,) = world.texts
    assert text == f"{KEY}: {holder} believes in 1.99800000, the venue's trades sum to 0.99900000"


def test_a_position_without_the_fee_in_base_is_caught() -> None:
    world = history()
    world.traded(world.order())
    world.settle(bot={"positions": {"risk": {KEY: d(1)}}})
    assert len(world.texts) == 1


def test_a_position_that_is_missing_is_caught() -> None:
    world = history()
    world.traded(world.order())
    world.settle(bot={"positions": {"risk": {}}})
    assert len(world.texts) == 1


def test_a_trade_that_never_reaches_the_journal_is_caught_at_rest() -> None:
    world = history()
    world.trade(world.order())
    assert world.texts == []
    world.settle()
    (text,) = world.texts
    assert "1 trades of the venue are not in the journal: binance:BTC/USDT trade 1" in text


def test_a_fill_that_a_power_loss_took_must_be_written_again() -> None:
    world = history()
    order = world.order()
    trade = world.trade(order)
    world.fill(order, trade, is_synced=False)
    world.crash()
    world.lose(world.sequence - 1)
    world.start()
    world.settle()
    assert ["not in the journal" in text for text in world.texts] == [True]
    world.fill(order, trade)
    world.settle()
    assert len(world.texts) == 1


def test_a_fill_of_an_order_that_no_intent_made_is_caught() -> None:
    world = history()
    world.traded(world.place(world.made()))
    (text,) = world.texts
    assert "which no intent made" in text


def test_a_fill_that_the_venue_never_made_is_caught() -> None:
    world = history()
    order = world.order()
    trade = world.traded(order)
    world.fill(order, trade, trade_id="2")
    (text,) = world.texts
    assert "trade 2: record 4 tells of a trade that never was" in text


def test_a_fill_with_another_amount_than_the_venues_is_caught() -> None:
    world = history()
    order = world.order()
    world.fill(order, world.trade(order), amount=Quantity(d("0.9")))
    assert len(world.texts) == 1


def test_a_checker_that_was_not_told_of_a_trade_says_so() -> None:
    world = history()
    order = world.order()
    told, world.hear = world.hear, lambda event: []
    world.traded(order)
    world.hear = told
    world.settle(bot={"positions": {}})
    (text,) = world.texts
    assert "never reported" in text
