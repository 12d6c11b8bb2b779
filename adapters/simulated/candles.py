"""Candles of one instrument, built trade by trade, in exact integers.

Invariant: a series is contiguous: an interval without a trade is a flat candle at the last close.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import final

SECOND_MS = 1_000
MINUTE_MS = 60_000
DAY_MS = 86_400_000
_MONDAY_MS = 4 * DAY_MS  # 1970-01-05

INTERVALS_MS: dict[str, int] = {
    "1s": SECOND_MS,
    "1m": MINUTE_MS,
    "3m": 3 * MINUTE_MS,
    "5m": 5 * MINUTE_MS,
    "15m": 15 * MINUTE_MS,
    "30m": 30 * MINUTE_MS,
    "1h": 60 * MINUTE_MS,
    "2h": 120 * MINUTE_MS,
    "4h": 240 * MINUTE_MS,
    "6h": 360 * MINUTE_MS,
    "8h": 480 * MINUTE_MS,
    "12h": 720 * MINUTE_MS,
    "1d": DAY_MS,
    "3d": 3 * DAY_MS,
    "1w": 7 * DAY_MS,
    "1M": 31 * DAY_MS,  # at most; months are by the calendar
}


@final
class Candle:
    """One interval: prices in ticks, volumes in lots and in ticks x lots. Ids -1: no trade."""

    __slots__ = (
        "buy_lots",
        "buy_value",
        "close",
        "close_ms",
        "first_id",
        "high",
        "last_id",
        "lots",
        "low",
        "open",
        "open_ms",
        "trades",
        "value",
    )

    def __init__(self, open_ms: int, close_ms: int, price: int) -> None:
        self.open_ms = open_ms
        self.close_ms = close_ms
        self.open = self.high = self.low = self.close = price
        self.lots = self.value = self.buy_lots = self.buy_value = self.trades = 0
        self.first_id = self.last_id = -1

    def record(self, price: int, lots: int, trade_id: int, *, is_buyer_maker: bool) -> None:
        """Adds a trade."""
        if not self.trades:
            self.open = self.high = self.low = price
        elif price > self.high:
            self.high = price
        elif price < self.low:
            self.low = price
        value = price * lots
        self.close = price
        self.lots += lots
        self.value += value
        if not is_buyer_maker:
            self.buy_lots += lots
            self.buy_value += value
        self.trades += 1
        if self.first_id < 0:
            self.first_id = trade_id
        self.last_id = trade_id

    def join(self, later: Candle) -> None:
        """Adds a later candle inside this one's interval."""
        if later.trades and not self.trades:
            self.open, self.high, self.low = later.open, later.high, later.low
        self.high, self.low = max(self.high, later.high), min(self.low, later.low)
        self.close = later.close
        self.lots += later.lots
        self.value += later.value
        self.buy_lots += later.buy_lots
        self.buy_value += later.buy_value
        self.trades += later.trades
        if later.first_id >= 0:
            self.first_id = later.first_id if self.first_id < 0 else self.first_id
            self.last_id = later.last_id


@final
class CandleSeries:
    """The last `capacity` candles of one fixed interval; the last one is still open."""

    def __init__(self, interval_ms: int, capacity: int) -> None:
        self.interval_ms = interval_ms
        self.candles: deque[Candle] = deque(maxlen=capacity)

    def record(
        self, ts_ms: int, price: int, lots: int, trade_id: int, *, is_buyer_maker: bool
    ) -> None:
        """A trade; one from before the open candle counts into the open candle."""
        if not self.candles:
            self._append(ts_ms - ts_ms % self.interval_ms, price)
        candle = self.candles[-1]
        if ts_ms > candle.close_ms:
            self.roll(ts_ms)
            candle = self.candles[-1]
        candle.record(price, lots, trade_id, is_buyer_maker=is_buyer_maker)

    def roll(self, now_ms: int) -> None:
        """Closes what `now_ms` is past, filling silence with flat candles."""
        if not self.candles or now_ms <= self.candles[-1].close_ms:
            return
        capacity_ms = (self.candles.maxlen or 1) * self.interval_ms
        start_ms = now_ms - now_ms % self.interval_ms
        last = self.candles[-1]
        next_ms = max(last.open_ms + self.interval_ms, start_ms - capacity_ms)
        while next_ms <= start_ms:
            self._append(next_ms, last.close)
            next_ms += self.interval_ms

    def _append(self, open_ms: int, price: int) -> None:
        self.candles.append(Candle(open_ms, open_ms + self.interval_ms - 1, price))


@final
class Candles:
    """Second and minute candles; every longer interval is joined from minutes when asked for."""

    def __init__(self, capacity: int = 2_000) -> None:
        self._seconds = CandleSeries(SECOND_MS, capacity)
        self._minutes = CandleSeries(MINUTE_MS, capacity)

    def record(
        self, ts_ms: int, price: int, lots: int, trade_id: int = -1, *, is_buyer_maker: bool
    ) -> None:
        """A trade at `ts_ms`; id -1 marks one of the warm-up, which has no id."""
        self._seconds.record(ts_ms, price, lots, trade_id, is_buyer_maker=is_buyer_maker)
        self._minutes.record(ts_ms, price, lots, trade_id, is_buyer_maker=is_buyer_maker)

    def last_day(self, now_ms: int, price: int) -> Candle:
        """The last 24 hours."""
        return self.since(now_ms - DAY_MS, now_ms, price)

    def since(self, start_ms: int, now_ms: int, price: int) -> Candle:
        """Of the minutes that there are and began after `start_ms`; `price` where none did."""
        whole = Candle(start_ms, now_ms, price)
        count = -((start_ms - now_ms) // MINUTE_MS)
        minutes = [m for m in self.newest("1m", count) if m.open_ms > start_ms]
        if minutes:
            whole.open = minutes[0].open
        for minute in minutes:
            whole.join(minute)
        return whole

    def roll(self, now_ms: int) -> None:
        """Closes every candle that `now_ms` is past; no minute ends within a second."""
        seconds = self._seconds.candles
        if seconds and now_ms <= seconds[-1].close_ms:
            return
        self._seconds.roll(now_ms)
        self._minutes.roll(now_ms)

    def of(self, interval: str) -> list[Candle]:
        """Oldest first, the open one last; raises `KeyError` for an unknown interval."""
        if interval == "1s":
            return list(self._seconds.candles)
        if interval == "1m":
            return list(self._minutes.candles)
        return _joined(self._minutes.candles, interval)

    def newest(self, interval: str, count: int) -> list[Candle]:
        """The last `count` without copying the whole series."""
        if interval not in {"1s", "1m"}:
            return self.of(interval)[-count:]
        candles = (self._seconds if interval == "1s" else self._minutes).candles
        start = max(len(candles) - count, 0)
        return [candles[index] for index in range(start, len(candles))]


def bounds_ms(ts_ms: int, interval: str) -> tuple[int, int]:
    """(first, last) millisecond of the interval around `ts_ms`; weeks start on Monday, UTC."""
    length = INTERVALS_MS[interval]
    if interval == "1M":
        day = datetime.fromtimestamp(ts_ms / 1000, UTC)
        first = datetime(day.year, day.month, 1, tzinfo=UTC)
        after = datetime(day.year + day.month // 12, day.month % 12 + 1, 1, tzinfo=UTC)
        return int(first.timestamp() * 1000), int(after.timestamp() * 1000) - 1
    origin = _MONDAY_MS if interval == "1w" else 0
    start = ts_ms - (ts_ms - origin) % length
    return start, start + length - 1


def _joined(minutes: Iterable[Candle], interval: str) -> list[Candle]:
    joined: list[Candle] = []
    if interval not in INTERVALS_MS:
        raise KeyError(interval)
    for minute in minutes:
        if not joined or minute.open_ms > joined[-1].close_ms:
            joined.append(Candle(*bounds_ms(minute.open_ms, interval), minute.open))
        joined[-1].join(minute)
    return joined
