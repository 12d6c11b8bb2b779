"""The decision actors of a live run over recorded books and trades: `--strategy hybrid`.

Every event moves the clock and is heard first by the venue, whose fill model keeps the queue
position of what rests there, then by the market actor; the timer beats as in a live process. Orders
and cancels are on their way for the latency, and meet the market as it is when they arrive.

Invariant: events of all recordings come by time, of one time in the order of their files; an order
is filled by what comes after it has arrived, or by the book that stands then.
"""

from __future__ import annotations

from collections.abc import Sequence
from heapq import merge
from typing import Final, final

import msgspec
from attrs import evolve, frozen

from adapters.paper.account import PaperAccount
from adapters.paper.venue import PaperSettings, PaperVenue
from bot3.app.backtest.driven import CoreRun, CoreSettings, Driven, configured, instrument_of
from bot3.app.backtest.late_entry import LateEntry
from bot3.app.backtest.pairs import PairHistories
from bot3.app.backtest.recordings import MarketData, Recording, touch_around
from bot3.backtest.curve import Thinned
from bot3.backtest.marks import NEVER_NS, Marks
from bot3.backtest.source import ENDLESS_NS
from bot3.domain.errors import DataError
from bot3.domain.fill import Liquidity
from bot3.domain.instrument import Instrument
from bot3.domain.values import Asset, InstrumentId, decimal_of
from bot3.messages.market import TradePrinted
from supervisors.clock import ManualClock

_NS_PER_S: Final = 1_000_000_000
_MARK_NS: Final = _NS_PER_S


@frozen(eq=False)
class EventsRun:
    """`prices`: each instrument's best bid, once a second."""

    run: CoreRun
    prices: tuple[Thinned, ...]
    held_return: float


def run_events(recordings: Sequence[Recording], settings: CoreSettings) -> EventsRun:
    """All recordings together, with one account a venue, which share the cash. Raises
    `ConfigError` and `DataError`.
    """
    streams = [recording.events(settings.half_spread) for recording in recordings]
    events = merge(*streams, key=_time_of)
    first = next(events, None)
    if first is None:
        raise DataError(f"{recordings[0].path}: no whole book and no trade is in it")
    world = _World(recordings, settings, first.ts_local_ns)
    world.hear(first)
    for event in events:
        world.hear(event)
    return world.result()


def _time_of(event: MarketData) -> int:
    return event.ts_local_ns


@final
class _World:
    """The core, its venues and their clock."""

    def __init__(
        self, recordings: Sequence[Recording], settings: CoreSettings, start_ns: int
    ) -> None:
        self._settings = settings
        self._keys = [recording.key for recording in recordings]
        self._touched = {each.key: 0.0 for each in recordings if not each.is_book}
        config = configured(self._keys, settings, {})
        self._clock = clock = ManualClock(start_ns)
        self._quote_asset = Asset(config.system.quote)
        names = list(dict.fromkeys(key.venue for key in self._keys))
        cash = {self._quote_asset: decimal_of(settings.cash) / len(names)}
        self._venues = {
            name: PaperVenue(PaperAccount(name, None, cash, start_ns), clock, PaperSettings())
            for name in names
        }
        latency_ns = round(settings.latency_s * _NS_PER_S)
        self._entries = {
            name: LateEntry(venue, clock, latency_ns) for name, venue in self._venues.items()
        }
        self._driven = Driven(config, clock, self._entries)
        self._pairs = PairHistories(self._keys)
        self._has_rules = self._driven.core.settings.limits.has_pair_rules
        self._beat_ns = round(config.market.timer_interval_s * _NS_PER_S)
        self._next_beat_ns, self._next_mark_ns = start_ns + self._beat_ns, start_ns
        self._events, self._sequence = 0, 0
        self._marks = Marks(settings.cash, len(self._keys))  # with the best bids
        self._bids: dict[InstrumentId, float] = {}  # the last
        self._asks: dict[InstrumentId, float] = {}  # the first
        instruments = [
            instrument_of(each.key, settings.fee, each.lot, each.tick) for each in recordings
        ]
        self._begin(instruments)

    def _begin(self, instruments: Sequence[Instrument]) -> None:
        for name, venue in self._venues.items():
            venue.list_instruments([each for each in instruments if each.id.venue == name])
            venue.attend(self._driven.core.publish)
        self._driven.begin(instruments)
        for name, venue in self._venues.items():
            self._driven.restored(name, venue.balances_now())

    def hear(self, event: MarketData) -> None:
        """The next event."""
        self._pass_to(event.ts_local_ns)
        self._clock.move_to(event.ts_local_ns)
        if event.instrument in self._touched and isinstance(event, TradePrinted):
            self._touched[event.instrument] = event.price
        self._tell(event)
        if self._has_rules:
            notional = event.price * event.amount if isinstance(event, TradePrinted) else 0.0
            self._pairs.heard(event.instrument, event.ts_local_ns, notional)
        self._events += 1
        if event.ts_local_ns >= self._next_mark_ns:
            self._mark(event.ts_local_ns)

    def _tell(self, event: MarketData) -> None:
        """The venue hears it first; a book's sequence counts what was told."""
        self._sequence += 1
        if not isinstance(event, TradePrinted):
            event = msgspec.structs.replace(event, sequence=self._sequence)
        self._venues[event.instrument.venue].hear(event)
        self._driven.core.minds[event.instrument].market.send(event)

    def _pass_to(self, until_ns: int) -> None:
        """What happens up to then: orders arrive, the timer beats."""
        while True:
            entry = min(self._entries.values(), key=_next_of)
            at_ns = min(_next_of(entry), self._next_beat_ns)
            if at_ns > until_ns:
                return
            self._clock.move_to(max(at_ns, self._clock.now_ns()))
            if at_ns == _next_of(entry):
                entry.arrive(self._driven.core.publish)
            else:
                self._beat()

    def _beat(self) -> None:
        """A touch around a trade is told again: it is fresh."""
        now_ns = self._next_beat_ns
        self._next_beat_ns += self._beat_ns
        for key, price in self._touched.items():
            if price:
                self._tell(touch_around(key, price, self._settings.half_spread, now_ns))
        for examined in self._pairs.due(now_ns):
            self._driven.core.risk.send(examined)
        self._driven.beat()

    def _mark(self, now_ns: int) -> None:
        self._next_mark_ns = now_ns + _MARK_NS
        for key in self._keys:
            quote = self._venues[key.venue].quote(key)
            if quote is not None:
                self._asks.setdefault(key, quote.ask)
                self._bids[key] = quote.bid
        if len(self._bids) < len(self._keys):
            return  # somebody's first book is still to come
        cash, worth = self._account()
        bids = (self._bids[key] for key in self._keys)
        self._marks.mark(now_ns, cash + worth, worth, *bids)

    def _account(self) -> tuple[float, float]:
        """Cash, and what is held at the best bids."""
        cash = worth = 0.0
        for name, venue in self._venues.items():
            bids = {
                key.symbol.partition("/")[0]: self._bids[key]
                for key in self._keys
                if key.venue == name
            }
            for balance in venue.balances_now():
                total = float(balance.total)
                if balance.asset == self._quote_asset:
                    cash += total
                else:
                    worth += total * bids.get(str(balance.asset), 0.0)
        return cash, worth

    def result(self) -> EventsRun:
        """Of what was run so far; raises `DataError` where no book was whole."""
        if self._next_mark_ns > self._clock.now_ns() or self._marks.last_ns == NEVER_NS:
            self._mark(max(self._clock.now_ns(), self._marks.last_ns + 1))
        if self._marks.last_ns == NEVER_NS:
            raise DataError("no whole book is in it (a depth snapshot): record with one")
        found = self._driven.result(self._marks, self._bids)
        rested = set[str]().union(*(entry.rested for entry in self._entries.values()))
        made = {f.client_order_id for f in found.fills if f.liquidity is Liquidity.MAKER}
        run = evolve(
            found, events=self._events, rested=len(rested), rested_filled=len(rested & made)
        )
        fee = 1.0 + self._settings.fee
        held = [self._bids[key] / (self._asks[key] * fee) - 1.0 for key in self._keys]
        return EventsRun(run, self._marks.prices(), sum(held) / len(held))


def _next_of(entry: LateEntry) -> int:
    return ENDLESS_NS if entry.next_ns is None else entry.next_ns
