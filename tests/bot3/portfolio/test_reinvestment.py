"""What sizes are made from: profits compound when they are settled and worth it, losses at once."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from bot3.portfolio.reinvestment import Compounding, Reinvestment, ReinvestmentSettings
from tests.bot3.making import d


def begun(**given: object) -> Reinvestment:
    """An account of 1,000."""
    made, told = Reinvestment(ReinvestmentSettings(**given)).settle(d(1000), 1)
    assert told is not None
    return made


def test_profits_compound_when_they_are_worth_it() -> None:
    made = begun(gain_min=0.01)
    after, told = made.settle(d(1009), 2)
    assert told is None
    assert after.usable(d(1009)) == 1000
    after, told = after.settle(d("1010.1"), 3)
    assert told is not None
    assert told.capital == d("1010.1")
    assert after.usable(d(1020)) == d("1010.1")  # what is not settled does not count


def test_losses_count_at_once() -> None:
    made = begun()
    assert made.usable(d(900)) == 900
    assert made.usable(d(-5)) == 0


def test_fixed_sizes_stay_those_of_the_beginning() -> None:
    made = begun(compounding=Compounding.FIXED)
    after, told = made.settle(d(2000), 2)
    assert told is None
    assert after.usable(d(2000)) == 1000
    assert after.usable(d(700)) == 700


def test_a_share_of_each_new_profit_is_set_aside_for_good() -> None:
    made = begun(sweep=0.5, gain_min=0.0)
    after, _ = made.settle(d(1100), 2)
    assert after.reserve == 50
    assert after.usable(d(1100)) == 1050
    after, _ = after.settle(d(1000), 3)
    after, _ = after.settle(d(1100), 4)  # no new profit
    assert after.reserve == 50
    after, _ = after.settle(d(1200), 5)
    assert after.reserve == 100
    assert after.usable(d(1200)) == 1100


def test_what_is_protected_is_not_sized_with() -> None:
    made = begun(protected_share=0.9, protection_multiple=2.0)
    assert made.usable(d(1000)) == 200
    assert made.usable(d(950)) == 100
    assert made.usable(d(900)) == 0
    assert made.usable(d(800)) == 0


def test_the_floor_holds_as_long_as_losses_come_in_steps() -> None:
    made, equity = begun(protected_share=0.8, protection_multiple=4.0), d(1000)
    for _ in range(500):
        equity -= made.usable(equity) * d("0.1")
        made, _ = made.settle(equity, 2)
    assert 800 < equity < 801


def test_an_earlier_life_s_capital_is_gone_on_with() -> None:
    made = begun(sweep=0.5)
    after, told = made.settle(d(1200), 2)
    assert told is not None
    assert Reinvestment(made.settings).restored(told) == after


equities = st.lists(st.decimals(1, 5000, places=2), min_size=1, max_size=30)


@given(
    equities,
    st.sampled_from(Compounding),
    st.floats(0, 1),
    st.sampled_from([0.0, 0.5, 0.95]),
    st.floats(0, 0.5),
)
def test_the_capital_is_never_more_than_what_is_there(
    path: list[Decimal], compounding: Compounding, sweep: float, floor: float, gain_min: float
) -> None:
    settings = ReinvestmentSettings(compounding, gain_min, sweep, floor)
    made, reserve = Reinvestment(settings), d(0)
    for equity in path:
        made, _ = made.settle(equity, 1)
        assert made.reserve >= reserve
        reserve = made.reserve
        for later in (equity, equity / 2, equity * 2):
            usable = made.usable(later)
            assert 0 <= usable <= max(later - reserve, d(0))
            if floor and later <= path[0] * d(str(floor)):
                assert usable == 0
