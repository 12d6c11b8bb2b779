"""Builds bars of one instrument from its trades and from time.

Invariant: closed bars come out in order, each once, and each opens where the one before it closed;
an interval without trades is a flat bar at the last close.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from attrs import field, frozen, validators

from bot3.domain.bar import Bar
from bot3.domain.values import InstrumentId, Side
from bot3.messages.market import TradePrinted

SECOND_NS = 1_000_000_000


@frozen
class BarSettings:
    """How bars are cut.

    `late_grace_s`: how long after an interval's end the clock waits for its late trades.
    `gap_bars_max`: more empty intervals than this in one step are an error, not flat bars.
    """

    interval_s: int = field(default=60, validator=validators.gt(0))
    late_grace_s: float = field(default=0.25, validator=validators.ge(0.0))
    gap_bars_max: int = field(default=100_000, validator=validators.gt(0))


class BarBuilder:
    """Cuts one instrument's trades into bars of `interval_s` seconds, aligned to the Unix epoch.

    A trade of a later interval closes the earlier ones at once; `on_time` closes an interval that
    is over by more than the grace. Trades of closed intervals are counted in `late_trades`, trades
    whose price or amount is not a positive finite number in `bad_trades`; both are ignored.
    """

    __slots__ = (
        "_buy_volume",
        "_close",
        "_gap_bars_max",
        "_grace_ns",
        "_has_emitted",
        "_high",
        "_interval_ns",
        "_low",
        "_open",
        "_open_ns",
        "_trades",
        "_volume",
        "bad_trades",
        "instrument",
        "interval_s",
        "late_trades",
    )

    def __init__(self, instrument: InstrumentId, settings: BarSettings | None = None) -> None:
        settings = settings or BarSettings()
        self.instrument = instrument
        self.interval_s = settings.interval_s
        self.late_trades = 0
        self.bad_trades = 0
        self._interval_ns = settings.interval_s * SECOND_NS
        self._grace_ns = round(settings.late_grace_s * SECOND_NS)
        self._gap_bars_max = settings.gap_bars_max
        self._has_emitted = False
        self._open_ns = -1  # start of the open interval; -1 before the first trade or seed
        self._open = self._high = self._low = self._close = math.nan
        self._volume = self._buy_volume = 0.0
        self._trades = 0

    def on_trade(self, trade: TradePrinted) -> list[Bar]:
        """Takes a trade; returns the bars it closed, oldest first.

        Raises:
            ValueError: the trade is more than `gap_bars_max` intervals ahead.
        """
        price, amount = trade.price, trade.amount
        if not (0.0 < price < 1e300 and 0.0 < amount < 1e300):
            self.bad_trades += 1
            return []
        open_ns = trade.ts_venue_ns - trade.ts_venue_ns % self._interval_ns
        if open_ns < self._open_ns:
            self.late_trades += 1
            return []
        closed = self._close_until(open_ns)
        if self._trades == 0:
            self._open = self._high = self._low = price
        elif price > self._high:
            self._high = price
        elif price < self._low:
            self._low = price
        self._close = price
        self._volume += amount
        if trade.aggressor is Side.BUY:
            self._buy_volume += amount
        self._trades += 1
        return closed

    def on_time(self, ts_ns: int) -> list[Bar]:
        """Closes every interval that ended at least the grace before `ts_ns`.

        Raises:
            ValueError: more than `gap_bars_max` intervals would close at once.
        """
        if self._open_ns < 0:
            return []
        settled_ns = ts_ns - self._grace_ns
        return self._close_until(settled_ns - settled_ns % self._interval_ns)

    def seed(self, bars: Sequence[Bar]) -> list[Bar]:
        """Takes closed history, oldest first; live trades in its intervals no longer count.

        Returns the flat bars that bridge its end to the open live interval, mostly none.

        Raises:
            ValueError: history has gaps or another instrument or interval, or comes too late.
        """
        if not bars:
            return []
        self._check_history(bars)
        live_ns, end_ns = self._open_ns, bars[-1].close_ns
        if live_ns < end_ns:
            self._close = bars[-1].close
            self._begin(end_ns)
            return []
        self._check_gap(live_ns - end_ns)
        return [
            self._flat(open_ns, bars[-1].close)
            for open_ns in range(end_ns, live_ns, self._interval_ns)
        ]

    def _check_history(self, bars: Sequence[Bar]) -> None:
        if self._has_emitted:
            raise ValueError(f"{self.instrument}: seed bars before the first live bar closes")
        expected_ns = bars[0].open_ns
        for bar in bars:
            if bar.instrument != self.instrument or bar.interval_s != self.interval_s:
                raise ValueError(
                    f"{self.instrument}: history is of {bar.instrument} at {bar.interval_s} s, "
                    f"wanted {self.interval_s} s"
                )
            if bar.open_ns != expected_ns or bar.open_ns % self._interval_ns:
                raise ValueError(
                    f"{self.instrument}: history has a bar at {bar.open_ns} ns where "
                    f"{expected_ns} ns was due: fetch it again without gaps"
                )
            if not (0.0 < bar.low <= bar.high < 1e300 and bar.low <= bar.close <= bar.high):
                raise ValueError(f"{self.instrument}: impossible bar in history: {bar}")
            expected_ns = bar.close_ns

    def _check_gap(self, gap_ns: int) -> None:
        if gap_ns > self._gap_bars_max * self._interval_ns:
            raise ValueError(
                f"{self.instrument}: {gap_ns // self._interval_ns} bars are missing at once; "
                "the feed was away too long: seed again from the venue's history"
            )

    def _begin(self, open_ns: int) -> None:
        self._open_ns = open_ns
        self._open = self._high = self._low = self._close
        self._volume = self._buy_volume = 0.0
        self._trades = 0

    def _close_until(self, open_ns: int) -> list[Bar]:
        """Emits the open bar and flat ones until the open interval starts at `open_ns`."""
        if open_ns <= self._open_ns:
            return []
        if self._open_ns < 0:
            self._begin(open_ns)
            return []
        self._check_gap(open_ns - self._open_ns)
        closed = [
            Bar(
                self.instrument,
                self.interval_s,
                self._open_ns,
                self._open,
                self._high,
                self._low,
                self._close,
                self._volume,
                self._buy_volume,
                self._trades,
            )
        ]
        first_flat_ns = self._open_ns + self._interval_ns
        closed += [
            self._flat(flat_ns, self._close)
            for flat_ns in range(first_flat_ns, open_ns, self._interval_ns)
        ]
        self._begin(open_ns)
        self._has_emitted = True
        return closed

    def _flat(self, open_ns: int, price: float) -> Bar:
        return Bar(self.instrument, self.interval_s, open_ns, price, price, price, price, 0.0)
