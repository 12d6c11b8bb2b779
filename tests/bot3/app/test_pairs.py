"""What a venue would say of recorded markets."""

from __future__ import annotations

from itertools import pairwise

from bot3.app.backtest.pairs import PairHistories
from bot3.domain.values import InstrumentId, Symbol
from tests.bot3.making import KEY

HOUR_NS = 3_600 * 1_000_000_000
DAY_NS = 24 * HOUR_NS
ETHER = InstrumentId(KEY.venue, Symbol("ETH/USDT"))


def test_a_days_volume_is_that_of_the_last_hours_and_the_age_that_of_the_record() -> None:
    histories = PairHistories([KEY, ETHER])
    for hour in range(31):
        histories.heard(KEY, 1_000 * DAY_NS + hour * HOUR_NS + 5, 10.0)
        if hour == 2:
            (young,) = histories.due(1_000 * DAY_NS + 2 * HOUR_NS + 6)
            assert (young.instrument, young.volume, young.age_days) == (KEY, 30.0, 0)
    histories.heard(ETHER, 1_001 * DAY_NS + 6 * HOUR_NS)
    first, other = histories.due(1_001 * DAY_NS + 6 * HOUR_NS + HOUR_NS // 2)
    assert (first.volume, first.age_days) == (240.0, 1)
    assert (other.volume, other.age_days) == (0.0, 0)


def test_they_are_told_once_a_minute() -> None:
    histories = PairHistories([KEY])
    histories.heard(KEY, 7, 1.0)
    told = [second for second in range(200) if list(histories.due(second * 1_000_000_000 + 7))]
    assert [after - before for before, after in pairwise(told)] == [60, 60, 60]


def test_a_bar_counts_where_it_ends_and_a_long_one_with_a_days_share() -> None:
    for days, volume in ((1, 700.0), (7, 100.0)):
        histories = PairHistories([KEY])
        histories.lasted(KEY, 0, days * DAY_NS, 700.0)
        (told,) = histories.due(days * DAY_NS + 300_000_000)
        assert (told.volume, told.age_days) == (volume, days)
