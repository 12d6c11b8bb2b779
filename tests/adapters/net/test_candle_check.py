"""Minutes are compared once, whole ones only, and a trade that was lost is seen."""

from __future__ import annotations

import pytest

from adapters.net.candle_check import MINUTE_MS, CandleChecks
from adapters.net.feed_frames import CandleFrame
from adapters.net.statistics import FeedStatistics

START_MS = 1_700_000_040_000 // MINUTE_MS * MINUTE_MS
WIRE = "BTCUSDT"


class Minutes:
    """One instrument's market, by minutes since the start."""

    def __init__(self) -> None:
        self.statistics = FeedStatistics()
        self.checks = CandleChecks(self.statistics)

    def trade(self, minute: int, amount: float, after_ms: int = 0) -> None:
        self.checks.trade(WIRE, START_MS + minute * MINUTE_MS + after_ms, amount)

    def candle(self, minute: int, volume: float, *, is_closed: bool = True) -> None:
        self.checks.candle(CandleFrame(WIRE, START_MS + minute * MINUTE_MS, volume, is_closed))

    @property
    def counts(self) -> tuple[int, int]:
        return self.statistics.candles_checked, self.statistics.candles_differ


@pytest.fixture
def minutes() -> Minutes:
    """Heard since the middle of minute 0."""
    found = Minutes()
    found.trade(0, 0.5, 30_000)
    return found


def test_a_minute_is_compared_when_the_next_ones_candle_is_there(minutes: Minutes) -> None:
    minutes.trade(1, 0.1)
    minutes.candle(0, 9.0)  # longer than we have listened: not compared
    minutes.candle(1, 0.3, is_closed=False)
    minutes.candle(1, 0.3)
    minutes.trade(1, 0.2, MINUTE_MS - 1)  # after its own candle
    assert minutes.counts == (0, 0)
    minutes.candle(2, 0.0)
    assert minutes.counts == (1, 0)
    minutes.candle(3, 0.0)
    assert minutes.counts == (2, 0)


def test_a_lost_trade_is_told(minutes: Minutes) -> None:
    minutes.trade(1, 0.1)
    minutes.candle(1, 0.3)
    minutes.candle(2, 0.0)
    assert minutes.counts == (1, 1)
    assert "volume 0.3, its trades 0.1" in minutes.statistics.last_failure


def test_a_candle_told_twice_is_one(minutes: Minutes) -> None:
    for minute in (1, 1, 2, 2, 1):
        minutes.candle(minute, 0.0)
    assert minutes.counts == (1, 0)


def test_minutes_around_a_lost_connection_are_not_compared(minutes: Minutes) -> None:
    minutes.candle(1, 0.0)
    minutes.checks.doubt([WIRE])
    minutes.trade(2, 0.4, 50_000)
    minutes.candle(2, 9.0)
    minutes.candle(3, 9.0)
    assert minutes.counts == (0, 0)
    minutes.candle(4, 0.0)
    assert minutes.counts == (1, 1)
