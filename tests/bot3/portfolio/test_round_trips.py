"""Round trips: begun by a first fill, ended when dust is left, lost ones counted in a row."""

from __future__ import annotations

from bot3.domain.values import InstrumentId, Symbol
from bot3.portfolio.round_trips import RoundTrips
from tests.bot3.making import KEY, VENUE, d

ETHER = InstrumentId(VENUE, Symbol("ETH/USDT"))


def test_a_trip_has_the_profit_of_all_its_fills_fees_included() -> None:
    trips = RoundTrips()
    assert trips.take(KEY, d("0.5"), d("-0.1"), 10) is None  # the fee of the first buy
    assert trips.take(KEY, d("1"), d("-0.2"), 20) is None
    assert trips.take(KEY, d("0.4"), d("3"), 30) is None
    assert trips.opened_ns(KEY) == 10
    assert trips.take(KEY, d("0.0009"), d("5"), 40) == d("5")
    assert trips.opened_ns(KEY) is None
    assert trips.closed_ns == {KEY.symbol: 40}


def test_losses_count_in_a_row_over_all_instruments() -> None:
    trips = RoundTrips()
    for number, (key, realized) in enumerate([(KEY, -1), (ETHER, -2), (KEY, -3)]):
        trips.take(key, d(1), trips_so_far(trips, key), number)
        trips.take(key, d(0), d(realized), number)
    assert trips.losses == 3
    trips.take(ETHER, d(1), d(-2), 9)
    trips.take(ETHER, d(0), d(7), 10)
    assert trips.losses == 0


def trips_so_far(trips: RoundTrips, key: InstrumentId) -> object:
    return trips._realized.get(key, d(0))


def test_dust_that_is_left_does_not_open_another() -> None:
    trips = RoundTrips()
    trips.take(KEY, d(1), d(0), 1)
    trips.take(KEY, d("0.001"), d(1), 2)
    trips.take(KEY, d("1.001"), d(1), 3)
    assert trips.opened_ns(KEY) == 3
    assert trips.take(KEY, d("0.002"), d(4), 4) == d(3)
