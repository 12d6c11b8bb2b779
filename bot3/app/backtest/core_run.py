"""The decision actors of a live run over recorded bars: `--strategy hybrid`.

At a bar's open the book is its open with the spread around it, and orders decided at the close
before meet it; its trades print at open, low and high (in the order that its body tells) and close;
then the timer beats, the bar closes, and the same rooms as live decide. An order that is on its way
longer misses the open, and meets the print that comes next, with the spread around it.

Invariant: no actor knows of anything later than its clock; orders meet the open after their
decision or a later price, never the close they were decided at. Bars of one time are told in the
order of their files.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final, final

import numpy as np

from bot3.app.backtest.driven import (
    FIRST_VENUE,
    CoreRun,
    CoreSettings,
    Driven,
    configured,
    instrument_of,
)
from bot3.app.backtest.pairs import PairHistories
from bot3.app.settings import Config
from bot3.backtest.touch_venue import TouchVenue
from bot3.domain.bars import Bars
from bot3.domain.errors import ConfigError
from bot3.domain.values import InstrumentId, Side, Symbol, VenueName, decimal_of
from bot3.messages.market import BookReplaced, TimerTicked, TradePrinted
from supervisors.clock import ManualClock

_SECOND_NS: Final = 1_000_000_000
# A bar is closed when the grace for its late trades is over; what is decided then meets the next
# bar's open, told a moment later.
_CLOSE_NS: Final = 300_000_000
_OPEN_NS: Final = 400_000_000
_DEEP: Final = 1e6  # nobody's order of ours is larger than what rests at the touch
_STEP: Final = Decimal("0.00000001")


def keys_of(every: Sequence[Bars]) -> list[InstrumentId]:
    """With the venue where the data says one."""
    return [
        InstrumentId(VenueName(bars.venue) if bars.venue else FIRST_VENUE, Symbol(bars.symbol))
        for bars in every
    ]


def bars_config(every: Sequence[Bars], settings: CoreSettings) -> Config:
    """Raises `ConfigError`."""
    intervals = {bars.interval_ns for bars in every}
    if len(intervals) != 1:
        raise ConfigError("hybrid: want instruments of one quote asset, and bars of one length")
    more = {
        "market.bar_interval_s": intervals.pop() // _SECOND_NS,
        "execution.maker_patience_s": 0.0,  # bars do not say whether a resting order was reached
    }
    return configured(keys_of(every), settings, more)


def run_core(every: Sequence[Bars], settings: CoreSettings) -> CoreRun:
    """All instruments together, with one account a venue, which share the cash."""
    world = _World(every, bars_config(every, settings), settings)
    order = np.argsort(np.concatenate([bars.open_ns for bars in every]), kind="stable")
    owner = np.concatenate([np.full(len(bars), at) for at, bars in enumerate(every)])
    place = np.concatenate([np.arange(len(bars)) for bars in every])
    rows = [(int(owner[at]), int(place[at])) for at in order]
    at = 0
    while at < len(rows):
        opened = every[rows[at][0]].open_ns[rows[at][1]]
        now = [row for row in rows[at : at + len(every)] if every[row[0]].open_ns[row[1]] == opened]
        world.bar(int(opened), now)
        at += len(now)
    return world.result()


@final
class _World:
    """The core and its venues."""

    def __init__(self, every: Sequence[Bars], config: Config, settings: CoreSettings) -> None:
        self._every, self._keys = every, keys_of(every)
        self._pairs = PairHistories(self._keys, every)
        clock = ManualClock(int(min(bars.open_ns[0] for bars in every)))
        instruments = {key: instrument_of(key, settings.fee, _STEP, _STEP) for key in self._keys}
        self._is_late = settings.latency_s > 0.0
        venues = list(dict.fromkeys(key.venue for key in self._keys))
        self._venues = {
            venue: TouchVenue(
                {key: instruments[key] for key in self._keys if key.venue == venue},
                decimal_of(settings.cash) / len(venues),
                decimal_of(settings.half_spread),
                latency_ns=round(settings.latency_s * _SECOND_NS),
                now_ns=clock.now_ns,
            )
            for venue in venues
        }
        self._driven = Driven(config, clock, self._venues)
        self._interval_ns = every[0].interval_ns
        self._sequence = 0
        for key, bars in zip(self._keys, every, strict=True):
            self._venues[key.venue].prices[key] = decimal_of(float(bars.open[0]))
        self._driven.begin(tuple(instruments.values()))
        for name, venue in self._venues.items():
            self._driven.restored(name, tuple(venue.balances()))

    def bar(self, opened_ns: int, rows: Sequence[tuple[int, int]]) -> None:
        """Bars that open at one time, to their close."""
        clock, core = self._driven.clock, self._driven.core
        clock.move_to(opened_ns + _OPEN_NS)
        for owner, at in rows:
            self._book(owner, float(self._every[owner].open[at]))
        for key in self._keys:  # a touch that is the last close's is told again: it is fresh
            core.minds[key].market.send(TimerTicked(clock.now_ns()))
        self._step()
        self._driven.beat()
        for part in range(4):
            at_ns = opened_ns + max((part + 1) * self._interval_ns // 5, _OPEN_NS + part + 1)
            clock.move_to(at_ns)
            for owner, at in rows:
                self._trade(owner, at, part)
            if self._is_late:
                self._step()
        clock.move_to(opened_ns + self._interval_ns + _CLOSE_NS)
        for owner, at in rows:
            self._book(owner, float(self._every[owner].close[at]))
        self._driven.beat()
        if self._driven.core.settings.limits.has_pair_rules:
            for examined in self._pairs.after(rows, clock.now_ns()):
                core.risk.send(examined)
        every = self._venues.values()
        worth = sum(
            float(venue.held[key] * venue.prices[key]) for venue in every for key in venue.held
        )
        equity = float(sum((venue.equity for venue in every), Decimal(0)))
        self._driven.mark(opened_ns + self._interval_ns, equity, worth)

    def _step(self) -> None:
        for venue in self._venues.values():
            venue.step(self._driven.clock.now_ns(), self._driven.core.publish)

    def _book(self, owner: int, price: float) -> None:
        """The touch around a price, deep enough for anything of ours."""
        key, now_ns = self._keys[owner], self._driven.clock.now_ns()
        venue = self._venues[key.venue]
        venue.prices[key] = decimal_of(price)
        bid, ask = map(float, venue.touch(key))
        self._sequence += 1
        self._driven.core.minds[key].market.send(
            BookReplaced(key, [(bid, _DEEP)], [(ask, _DEEP)], self._sequence, now_ns, now_ns)
        )

    def _trade(self, owner: int, at: int, part: int) -> None:
        bars, key, now_ns = self._every[owner], self._keys[owner], self._driven.clock.now_ns()
        is_up = bars.close[at] >= bars.open[at]
        turns = (bars.low[at], bars.high[at]) if is_up else (bars.high[at], bars.low[at])
        path = (bars.open[at], *turns, bars.close[at])
        price, before = float(path[part]), float(path[max(part - 1, 0)])
        if self._is_late:  # somebody may be on the way: the touch follows the prints
            self._book(owner, price)
        self._sequence += 1
        side = Side.BUY if price >= before else Side.SELL
        self._driven.core.minds[key].market.send(
            TradePrinted(
                key, self._sequence, price, float(bars.volume[at]) / 4.0, side, now_ns, now_ns
            )
        )

    def result(self) -> CoreRun:
        """Of what was run so far."""
        last = {
            key: float(price)
            for venue in self._venues.values()
            for key, price in venue.prices.items()
        }
        return self._driven.result(last)
