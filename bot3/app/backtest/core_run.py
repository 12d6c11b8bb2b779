"""The decision actors of a live run over recorded bars: `--strategy hybrid`.

Nothing is run by Trio: events are sent, the queue is drained, the clock is moved. At a bar's open
the book is its open with the spread around it, and orders decided at the close before meet it; its
trades print at open, low and high (in the order that its body tells) and close; then the timer
beats, the bar closes, and the same rooms as live decide.

Invariant: no actor knows of anything later than its clock; orders meet the open after their
decision or a later price, never the close they were decided at.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, final

import numpy as np
from attrs import define, frozen

from bot3.actors.core import DecisionCore
from bot3.actors.core_settings import CoreOutlets
from bot3.actors.memory import Memory
from bot3.app.backtest.trips import trips_of
from bot3.app.config import load_config
from bot3.app.settings import Config
from bot3.app.wiring import core_settings
from bot3.backtest.settings import RoundTrip
from bot3.backtest.touch_venue import TouchVenue
from bot3.domain.bars import Bars, Floats
from bot3.domain.errors import ConfigError, DataError
from bot3.domain.fill import Fill
from bot3.domain.ids import RunId
from bot3.domain.instrument import Instrument
from bot3.domain.values import Asset, InstrumentId, Side, Symbol, VenueName, decimal_of
from bot3.messages.control import SessionStarted
from bot3.messages.journal import JournalEntry
from bot3.messages.market import BookReplaced, TimerTicked, TradePrinted
from bot3.messages.orders import (
    AccountRestored,
    BalanceChanged,
    InstrumentsLoaded,
    OrderDenied,
    OrderFilled,
)
from bot3.portfolio.recovery import Recovery
from supervisors.cell import DecisionCell
from supervisors.clock import ManualClock
from supervisors.dispatch import RunQueue

VENUE: Final = VenueName("binance")
_RUN: Final = RunId("backtest")
_SECOND_NS: Final = 1_000_000_000
# A bar is closed when the grace for its late trades is over; what is decided then meets the next
# bar's open, told a moment later.
_CLOSE_NS: Final = 300_000_000
_OPEN_NS: Final = 400_000_000
_DEEP: Final = 1e6  # nobody's order of ours is larger than what rests at the touch


@frozen
class CoreSettings:
    """`half_spread` as a share of the price, on either side of it."""

    cash: float
    fee: float
    half_spread: float
    environ: Mapping[str, str]


@frozen(eq=False)
class CoreRun:
    """What came of it; `times_ns` are ends of bars, with the `equity` of all instruments then."""

    times_ns: np.ndarray
    equity: Floats
    invested: Floats
    fills: tuple[Fill, ...]
    trips: tuple[RoundTrip, ...]
    denials: Mapping[str, int]


@define
class _Journal:
    """Everything is durable at once; fills and refusals are remembered."""

    fills: list[Fill]
    denials: dict[str, int]
    name: str = "journal"

    def send(self, entry: JournalEntry) -> None:
        match entry.record:
            case OrderFilled(fill=fill):
                self.fills.append(fill)
            case OrderDenied(denial=denial):
                reason = denial.reason.value
                self.denials[reason] = self.denials.get(reason, 0) + 1
            case _:
                pass
        for address, message in entry.deliver:
            address.send(message)


@final
class _Nobody:
    """In the place of all that a backtest has not."""

    name = "nobody"

    def send(self, message: Any) -> None:
        del message


def configured(every: Sequence[Bars], settings: CoreSettings) -> Config:
    """The user's configuration with what the data and the command say; raises `ConfigError`."""
    quotes = {bars.symbol.partition("/")[2] for bars in every}
    intervals = {bars.interval_ns for bars in every}
    if len(quotes) != 1 or "" in quotes or len(intervals) != 1:
        raise ConfigError(
            "hybrid: want instruments like BTC/USDT of one quote asset, and bars of one length;"
            " name the files like BTC_USDT-1m.csv"
        )
    overrides = {
        "exchanges.active": [str(VENUE)],
        f"venues.{VENUE}.mode": "paper",  # a real market: a second of it is a second
        "exchanges.symbols": [bars.symbol for bars in every],
        "system.quote": quotes.pop(),
        "system.capital": settings.cash,
        "market.bar_interval_s": intervals.pop() // _SECOND_NS,
        f"venues.{VENUE}.taker_fee_rate": settings.fee,
        f"venues.{VENUE}.maker_fee_rate": settings.fee,
        "execution.maker_patience_s": 0.0,  # bars do not say whether a resting order was reached
    }
    return load_config(None, settings.environ, overrides).config


def run_core(every: Sequence[Bars], settings: CoreSettings) -> CoreRun:
    """All instruments together, with one account."""
    world = _World(every, configured(every, settings), settings)
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
    """The core, its venue and its clock."""

    def __init__(self, every: Sequence[Bars], config: Config, settings: CoreSettings) -> None:
        self._every = every
        self._keys = [InstrumentId(VENUE, Symbol(bars.symbol)) for bars in every]
        self._clock = ManualClock(int(min(bars.open_ns[0] for bars in every)))
        self._journal = _Journal([], {})
        instruments = {key: _instrument(key, settings.fee) for key in self._keys}
        self._venue = TouchVenue(
            instruments, decimal_of(settings.cash), decimal_of(settings.half_spread)
        )
        self._spread = settings.half_spread
        nobody = _Nobody()
        outlets = CoreOutlets(
            self._journal, {VENUE: self._venue}, {VENUE: nobody}, {VENUE: nobody}, {VENUE: nobody},
            nobody,
        )  # fmt: skip
        memory = Memory(Recovery("backtest"), bars_kept=config.market.warm_up_bars)
        self._core = DecisionCore(
            core_settings(config, _RUN), memory, RunQueue(self._clock), self._clock, outlets
        )
        self._interval_ns = every[0].interval_ns
        self._sequence = 0
        self._times: list[int] = []
        self._equity: list[float] = []
        self._invested: list[float] = []
        self._begin(instruments)

    def _begin(self, instruments: dict[InstrumentId, Instrument]) -> None:
        core, now_ns = self._core, self._clock.now_ns()
        started = SessionStarted(_RUN, "backtest", "-", "replayed", now_ns)
        core.journal.send(JournalEntry(started))
        core.start()
        for key, bars in zip(self._keys, self._every, strict=True):
            self._venue.prices[key] = decimal_of(float(bars.open[0]))
        for listener in core.instrument_listeners():
            listener.send(InstrumentsLoaded(VENUE, tuple(instruments.values())))
        core.publish(AccountRestored(VENUE, 0, now_ns))
        core.publish(BalanceChanged(VENUE, tuple(self._venue.balances()), now_ns, now_ns))

    def bar(self, opened_ns: int, rows: Sequence[tuple[int, int]]) -> None:
        """Bars that open at one time, to their close."""
        self._clock.move_to(opened_ns + _OPEN_NS)
        for owner, at in rows:
            self._book(owner, float(self._every[owner].open[at]))
        for key in self._keys:  # a touch that is the last close's is told again: it is fresh
            self._core.minds[key].market.send(TimerTicked(self._clock.now_ns()))
        self._venue.step(self._clock.now_ns(), self._core.publish)
        self._beat()
        for part in range(4):
            at_ns = opened_ns + max((part + 1) * self._interval_ns // 5, _OPEN_NS + part + 1)
            self._clock.move_to(at_ns)
            for owner, at in rows:
                self._trade(owner, at, part)
        self._clock.move_to(opened_ns + self._interval_ns + _CLOSE_NS)
        for owner, at in rows:
            self._book(owner, float(self._every[owner].close[at]))
        self._beat()
        equity, held = float(self._venue.equity), self._venue.held
        self._times.append(opened_ns + self._interval_ns)
        self._equity.append(equity)
        worth = sum(float(held[key] * self._venue.prices[key]) for key in self._keys)
        self._invested.append(worth)

    def _book(self, owner: int, price: float) -> None:
        """The touch around a price, deep enough for anything of ours."""
        key, now_ns = self._keys[owner], self._clock.now_ns()
        self._venue.prices[key] = decimal_of(price)
        bid, ask = map(float, self._venue.touch(key))
        self._sequence += 1
        self._core.minds[key].market.send(
            BookReplaced(key, [(bid, _DEEP)], [(ask, _DEEP)], self._sequence, now_ns, now_ns)
        )

    def _trade(self, owner: int, at: int, part: int) -> None:
        bars, key, now_ns = self._every[owner], self._keys[owner], self._clock.now_ns()
        is_up = bars.close[at] >= bars.open[at]
        turns = (bars.low[at], bars.high[at]) if is_up else (bars.high[at], bars.low[at])
        path = (bars.open[at], *turns, bars.close[at])
        price, before = float(path[part]), float(path[max(part - 1, 0)])
        self._sequence += 1
        side = Side.BUY if price >= before else Side.SELL
        self._core.minds[key].market.send(
            TradePrinted(
                key, self._sequence, price, float(bars.volume[at]) / 4.0, side, now_ns, now_ns
            )
        )

    def _beat(self) -> None:
        now_ns = self._clock.now_ns()
        for listener in self._core.timer_listeners():
            listener.send(TimerTicked(now_ns))

    def result(self) -> CoreRun:
        """Of what was run so far; raises `DataError` where an actor has failed on it."""
        core = self._core
        cells: list[DecisionCell[Any]] = [core.risk, core.execution, core.portfolio]
        cells += [spec.cell for mind in core.minds.values() for spec in mind.specs()]
        for cell in cells:
            if cell.error is not None:
                raise DataError(f"{cell.name} failed on the data: {cell.error}")
        last = {key: float(self._venue.prices[key]) for key in self._keys}
        return CoreRun(
            np.array(self._times, dtype=np.int64),
            np.array(self._equity),
            np.array(self._invested),
            tuple(self._journal.fills),
            tuple(trips_of(self._journal.fills, last)),
            self._journal.denials,
        )


def _instrument(key: InstrumentId, fee: float) -> Instrument:
    """Filters as fine as the data: bars do not say which ones held."""
    base, _, quote = key.symbol.partition("/")
    rate = decimal_of(fee)
    return Instrument(
        id=key,
        base=Asset(base),
        quote=Asset(quote),
        tick_size=Decimal("0.00000001"),
        lot_size=Decimal("0.00000001"),
        amount_min=Decimal("0.00000001"),
        notional_min=Decimal("0.00000001"),
        maker_fee_rate=rate,
        taker_fee_rate=rate,
    )
