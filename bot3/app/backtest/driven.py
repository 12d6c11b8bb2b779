"""The decision actors of a live run, driven without Trio: events are sent, the queue is drained,
the clock is moved.

Invariant: no actor knows of anything later than its clock.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, final

from attrs import define, frozen

from bot3.actors.core import DecisionCore
from bot3.actors.core_settings import CoreOutlets
from bot3.actors.memory import Memory
from bot3.app.backtest.trips import trips_of
from bot3.app.config import load_config
from bot3.app.settings import Config
from bot3.app.wiring import core_settings
from bot3.backtest.curve import Curve
from bot3.backtest.marks import Marks
from bot3.backtest.settings import RUN, RoundTrip
from bot3.domain.account import Balance
from bot3.domain.errors import ConfigError, DataError
from bot3.domain.fill import Fill
from bot3.domain.instrument import Instrument
from bot3.domain.values import Asset, InstrumentId, VenueName, decimal_of
from bot3.messages.control import SessionStarted
from bot3.messages.journal import JournalEntry
from bot3.messages.market import TimerTicked
from bot3.messages.orders import (
    AccountRestored,
    BalanceChanged,
    CancelOrder,
    InstrumentsLoaded,
    OrderDenied,
    OrderFilled,
    QueryOrder,
    SubmitOrder,
)
from bot3.portfolio.recovery import Recovery
from supervisors.actor import Address
from supervisors.cell import DecisionCell
from supervisors.clock import ManualClock
from supervisors.dispatch import RunQueue

FIRST_VENUE: Final = VenueName("binance")
Entry = Address[SubmitOrder | CancelOrder | QueryOrder]


@frozen
class CoreSettings:
    """`half_spread` as a share of the price, on either side of it."""

    cash: float
    fee: float
    half_spread: float
    environ: Mapping[str, str]
    latency_s: float = 0.0


@frozen(eq=False)
class CoreRun:
    """What came of it; `curve` is of all instruments together, `exposure` the mean share of it that
    was invested, `grown` the total return.
    """

    curve: Curve
    exposure: float
    grown: float
    fills: tuple[Fill, ...]
    trips: tuple[RoundTrip, ...]
    denials: Mapping[str, int]
    events: int = 0
    rested: int = 0
    rested_filled: int = 0


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


def configured(
    keys: Sequence[InstrumentId], settings: CoreSettings, more: Mapping[str, Any]
) -> Config:
    """The user's configuration with what the data and the command say; raises `ConfigError`."""
    quotes = {key.symbol.partition("/")[2] for key in keys}
    if len(quotes) != 1 or "" in quotes:
        raise ConfigError(
            "hybrid: want instruments like BTC/USDT of one quote asset, and bars of one length;"
            " name the files like BTC_USDT-1m.csv"
        )
    venues = list(dict.fromkeys(key.venue for key in keys))
    overrides: dict[str, Any] = {
        "exchanges.active": [str(venue) for venue in venues],
        "exchanges.symbols": list(dict.fromkeys(str(key.symbol) for key in keys)),
        "system.quote": quotes.pop(),
        "system.capital": settings.cash,
        **more,
    }
    for venue in venues:
        overrides[f"venues.{venue}.mode"] = "paper"  # a real market: a second of it is a second
        overrides[f"venues.{venue}.taker_fee_rate"] = settings.fee
        overrides[f"venues.{venue}.maker_fee_rate"] = settings.fee
    return load_config(None, settings.environ, overrides).config


@final
class Driven:
    """The core and its clock; `entries`: where orders of each venue go."""

    def __init__(
        self, config: Config, clock: ManualClock, entries: Mapping[VenueName, Entry]
    ) -> None:
        self.clock, self._journal, nobody = clock, _Journal([], {}), _Nobody()
        others = dict.fromkeys(entries, nobody)
        outlets = CoreOutlets(self._journal, entries, others, others, others, nobody)
        memory = Memory(Recovery("backtest"), bars_kept=config.market.warm_up_bars)
        self.core = DecisionCore(
            core_settings(config, RUN), memory, RunQueue(clock), clock, outlets
        )

    def begin(self, instruments: Sequence[Instrument]) -> None:
        """Of all venues. What they hold is told by `restored`."""
        core, now_ns = self.core, self.clock.now_ns()
        started = SessionStarted(RUN, "backtest", "-", "replayed", now_ns)
        core.journal.send(JournalEntry(started))
        core.start()
        for venue in dict.fromkeys(each.id.venue for each in instruments):
            listed = tuple(each for each in instruments if each.id.venue == venue)
            for listener in core.instrument_listeners():
                listener.send(InstrumentsLoaded(venue, listed))

    def restored(self, venue: VenueName, balances: Sequence[Balance]) -> None:
        """A venue's account is there."""
        now_ns = self.clock.now_ns()
        self.core.publish(AccountRestored(venue, 0, now_ns))
        self.core.publish(BalanceChanged(venue, tuple(balances), now_ns, now_ns))

    def beat(self) -> None:
        """Time has passed."""
        now_ns = self.clock.now_ns()
        for listener in self.core.timer_listeners():
            listener.send(TimerTicked(now_ns))

    def result(self, marks: Marks, last: Mapping[InstrumentId, float]) -> CoreRun:
        """Of what was run and marked so far, what is held at its `last` price; raises `DataError`
        where an actor has failed on the data.
        """
        core = self.core
        cells: list[DecisionCell[Any]] = [core.risk, core.execution, core.portfolio]
        cells += [spec.cell for mind in core.minds.values() for spec in mind.specs()]
        for cell in cells:
            if cell.error is not None:
                raise DataError(f"{cell.name} failed on the data: {cell.error}")
        return CoreRun(
            marks.curve(),
            marks.exposure,
            marks.final / marks.cash - 1.0,
            tuple(self._journal.fills),
            tuple(trips_of(self._journal.fills, last)),
            self._journal.denials,
        )


def instrument_of(key: InstrumentId, fee: float, lot: Decimal, tick: Decimal) -> Instrument:
    """Filters as fine as the data: recordings do not say which ones held."""
    base, _, quote = key.symbol.partition("/")
    rate = decimal_of(fee)
    return Instrument(
        id=key,
        base=Asset(base),
        quote=Asset(quote),
        tick_size=tick,
        lot_size=lot,
        amount_min=lot,
        notional_min=Decimal("0.00000001"),
        maker_fee_rate=rate,
        taker_fee_rate=rate,
    )
