"""The decision actors of a live run over recorded bars: `--strategy hybrid`.

At a bar's open the book is its open with the spread around it, and orders decided at the close
before meet it; its trades print at open, low and high (in the order that its body tells) and close;
then the timer beats, the bar closes, and the same rooms as live decide. An order that is on its way
longer misses the open, and meets the print that comes next, with the spread around it.

Invariant: no actor knows of anything later than its clock; orders meet the open after their
decision or a later price, never the close they were decided at. Bars of one time are told in the
order of their files. No more of them are in memory than a part of each file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from heapq import merge
from itertools import groupby
from typing import Final, NamedTuple, final

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
from bot3.backtest.marks import Marks
from bot3.backtest.source import Source
from bot3.backtest.touch_venue import TouchVenue
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
_ROWS: Final = 1024  # that are Python's numbers at a time


class _Row(NamedTuple):
    """A bar; `owner`: the place of its instrument."""

    owner: int
    open_ns: int
    open: float
    high: float
    low: float
    close: float
    volume: float


def keys_of(sources: Sequence[Source]) -> list[InstrumentId]:
    """With the venue where the data says one."""
    return [
        InstrumentId(VenueName(each.venue) if each.venue else FIRST_VENUE, Symbol(each.symbol))
        for each in sources
    ]


def bars_config(sources: Sequence[Source], settings: CoreSettings) -> Config:
    """Raises `ConfigError`."""
    intervals = {source.interval_ns for source in sources}
    if len(intervals) != 1:
        raise ConfigError("hybrid: want instruments of one quote asset, and bars of one length")
    more = {
        "market.bar_interval_s": intervals.pop() // _SECOND_NS,
        "execution.maker_patience_s": 0.0,  # bars do not say whether a resting order was reached
    }
    return configured(keys_of(sources), settings, more)


def run_core(sources: Sequence[Source], settings: CoreSettings) -> CoreRun:
    """All instruments together, with one account a venue, which share the cash."""
    world = _World(sources, bars_config(sources, settings), settings)
    rows = merge(*(_rows(at, source) for at, source in enumerate(sources)), key=_opened)
    for opened_ns, now in groupby(rows, key=_opened):
        world.bar(opened_ns, list(now))
    return world.result()


def _rows(owner: int, source: Source) -> Iterator[_Row]:
    for part in source.chunks():
        for begin in range(0, len(part), _ROWS):
            few = part.rows(slice(begin, begin + _ROWS))
            columns = (few.open_ns, few.open, few.high, few.low, few.close, few.volume)
            for values in zip(*(column.tolist() for column in columns), strict=True):
                yield _Row(owner, *values)


def _opened(row: _Row) -> int:
    return row.open_ns


@final
class _World:
    """The core and its venues."""

    def __init__(self, sources: Sequence[Source], config: Config, settings: CoreSettings) -> None:
        self._keys, self._interval_ns = keys_of(sources), sources[0].interval_ns
        self._pairs, self._marks = PairHistories(self._keys), Marks(settings.cash)
        firsts = [next(_rows(at, source)) for at, source in enumerate(sources)]
        clock = ManualClock(min(map(_opened, firsts)))
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
        self._sequence = 0
        for key, row in zip(self._keys, firsts, strict=True):
            self._venues[key.venue].prices[key] = decimal_of(row.open)
        self._driven.begin(tuple(instruments.values()))
        for name, venue in self._venues.items():
            self._driven.restored(name, tuple(venue.balances()))

    def bar(self, opened_ns: int, rows: Sequence[_Row]) -> None:
        """Bars that open at one time, to their close."""
        clock, core = self._driven.clock, self._driven.core
        clock.move_to(opened_ns + _OPEN_NS)
        for row in rows:
            self._book(row.owner, row.open)
        for key in self._keys:  # a touch that is the last close's is told again: it is fresh
            core.minds[key].market.send(TimerTicked(clock.now_ns()))
        self._step()
        self._driven.beat()
        for part in range(4):
            at_ns = opened_ns + max((part + 1) * self._interval_ns // 5, _OPEN_NS + part + 1)
            clock.move_to(at_ns)
            for row in rows:
                self._trade(row, part)
            if self._is_late:
                self._step()
        clock.move_to(opened_ns + self._interval_ns + _CLOSE_NS)
        for row in rows:
            self._book(row.owner, row.close)
        self._driven.beat()
        if core.settings.limits.has_pair_rules:
            for row in rows:
                key, ended_ns = self._keys[row.owner], opened_ns + self._interval_ns
                self._pairs.lasted(key, opened_ns, ended_ns, row.volume * row.close)
            for examined in self._pairs.due(clock.now_ns()):
                core.risk.send(examined)
        every = self._venues.values()
        worth = sum(
            float(venue.held[key] * venue.prices[key]) for venue in every for key in venue.held
        )
        equity = float(sum((venue.equity for venue in every), Decimal(0)))
        self._marks.mark(opened_ns + self._interval_ns, equity, worth)

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

    def _trade(self, row: _Row, part: int) -> None:
        key, now_ns = self._keys[row.owner], self._driven.clock.now_ns()
        turns = (row.low, row.high) if row.close >= row.open else (row.high, row.low)
        path = (row.open, *turns, row.close)
        price, before = path[part], path[max(part - 1, 0)]
        if self._is_late:  # somebody may be on the way: the touch follows the prints
            self._book(row.owner, price)
        self._sequence += 1
        side = Side.BUY if price >= before else Side.SELL
        self._driven.core.minds[key].market.send(
            TradePrinted(key, self._sequence, price, row.volume / 4.0, side, now_ns, now_ns)
        )

    def result(self) -> CoreRun:
        """Of what was run so far."""
        last = {
            key: float(price)
            for venue in self._venues.values()
            for key, price in venue.prices.items()
        }
        return self._driven.result(self._marks, last)
