"""Groups that leave too much open, or for too long, are caught."""

from __future__ import annotations

from bot3.app.simulation.invariants.groups import GroupsBounded
from bot3.domain.values import Side
from bot3.messages.arbitrage import ArbitrageClosed, GroupOutcome
from tests.bot3.app.simulation.invariants.history import History
from tests.bot3.app.simulation.invariants.promises import promises
from tests.bot3.making import KEY, d


def history() -> History:
    given = promises(group_size_max=d(100), group_s_max=5.0)
    return History(GroupsBounded(given).hear).begin()


def leg(world: History, amount: str, side: Side = Side.BUY, price: str = "100") -> None:
    """One that is recorded, sent and filled."""
    world.traded(world.order(amount, price, side=side, strategy="arbitrage"))


def close(world: History, *, exposed_s: float = 0.1, exposure_max: float = 100.0) -> None:
    world.write(
        ArbitrageClosed(
            KEY.symbol, GroupOutcome.HEDGED, 2, 2, 0.1, 0.1, exposure_max, exposed_s, world.now_ns
        )
    )


def test_legs_that_meet_are_well_however_many() -> None:
    world = history()
    for _ in range(5):
        leg(world, "1")
        leg(world, "1", Side.SELL)
        close(world)
    assert world.texts == []


def test_more_on_one_side_than_a_group_may_be_is_caught() -> None:
    world = history()
    leg(world, "0.6")
    leg(world, "0.6")
    (text,) = world.texts
    assert "120.00 open on one side, 102.00 allowed" in text


def test_what_is_open_is_worth_what_it_cost_whatever_another_venue_pays_for_it() -> None:
    world = history()
    leg(world, "1")
    leg(world, "0.01", Side.SELL, "104")
    leg(world, "0.99", Side.SELL, "103")
    assert world.texts == []


def test_what_a_process_left_is_its_targets() -> None:
    world = history()
    leg(world, "0.6")
    world.crash()
    world.start()
    leg(world, "0.6")
    assert world.texts == []


def test_what_a_group_says_of_itself_is_judged_too() -> None:
    world = history()
    close(world, exposed_s=6.0)
    close(world, exposure_max=3_000.0)
    assert len(world.texts) == 2


def test_orders_of_strategies_are_not_counted() -> None:
    world = history()
    for _ in range(3):
        world.traded(world.order("1"))
    assert world.texts == []
