"""What outlives the decision actors: the folded journal and the last known facts of the venues.

Invariant: what it knows of money changes only by records that are durable and by facts that venues
told; there a restarted actor is built from it exactly as one of a restarted process is. What minds
have learned, and what healing has decided, is of this process alone.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import final

from bot3.actors.shelf import SnapshotShelf
from bot3.domain.account import Balance
from bot3.domain.bar import Bar
from bot3.domain.fill import Fill
from bot3.domain.instrument import Instrument
from bot3.domain.values import Asset, InstrumentId, VenueName
from bot3.healing.policy import Standing
from bot3.healing.states import StateOrigin
from bot3.messages.account import ReconcileMatched, ReconcileMismatch
from bot3.messages.control import TradingHalted, TradingResumed
from bot3.messages.healing import RestoreSnapshot, StartEmpty
from bot3.messages.journal import JournalEntry, Record
from bot3.messages.orders import (
    AccountLost,
    AccountRestored,
    BalanceAdopted,
    BalanceChanged,
    InstrumentsLoaded,
    OrderFilled,
)
from bot3.messages.risk import PairExamined
from bot3.portfolio.drawdown import DrawdownWatch
from bot3.portfolio.recovery import Recovery
from supervisors.actor import Address

MARKET, ML = "market", "ml"  # the actors of a mind that are rebuilt from something
# How far back fills are asked for where an earlier life's clock was ahead of ours, and so its
# times say nothing.
AHEAD_LOOK_BACK_NS = 86_400 * 1_000_000_000


@final
class Memory:
    """One per process. `bars_kept` bars of each instrument warm a restarted market actor up.

    `standing` is what healing has decided and still holds. `untold` has the fills that are counted
    here and of which portfolio has not told the others: a portfolio that is built from memory finds
    them counted already, and so would never tell them.
    """

    def __init__(self, recovery: Recovery, *, bars_kept: int) -> None:
        self.recovery = recovery
        self.instruments: dict[InstrumentId, Instrument] = {}
        self.balances: dict[tuple[VenueName, Asset], Balance] = {}
        self.standing = Standing()
        self.mismatches: dict[tuple[VenueName, Asset], ReconcileMismatch] = {}
        self.accounts_lost: dict[VenueName, str] = {}
        self.pairs: dict[InstrumentId, PairExamined] = {}
        self._gate: TradingHalted | TradingResumed | None = None
        self._drawdown: DrawdownWatch | None = None
        self.untold: dict[tuple[InstrumentId, str], Fill] = {}
        self._models: dict[InstrumentId, SnapshotShelf] = {}
        self._bars: dict[InstrumentId, deque[Bar]] = {}
        self._warm: dict[InstrumentId, bool] = {}
        self._bars_kept = bars_kept
        self.watch: Callable[[object], None] | None = None  # told what is told here, before

    @property
    def name(self) -> str:
        return "memory"

    def send(
        self, message: Record | InstrumentsLoaded | PairExamined | RestoreSnapshot | StartEmpty
    ) -> None:
        """A record that is durable now, what a venue says of its markets, or what healing wants
        forgotten.
        """
        if self.watch is not None:
            self.watch(message)
        match message:
            case InstrumentsLoaded() | PairExamined() | AccountLost() | AccountRestored():
                self._venue_news(message)
            case RestoreSnapshot(instrument=instrument, actor=actor):
                assert actor == ML  # bars have no generations
                self.models(instrument).drop_newest()
            case ReconcileMismatch():
                self.mismatches[message.venue, message.asset] = message
            case ReconcileMatched():
                self.mismatches.pop((message.venue, message.asset), None)
            case StartEmpty(instrument=instrument, actor=actor):
                self._forget(instrument, actor)
            case BalanceChanged():
                self.recovery.fold((message,))
                self.balances.update(((held.venue, held.asset), held) for held in message.balances)
            case OrderFilled(fill=fill) | BalanceAdopted(fill=fill):
                was_known = self.recovery.tracker.has(fill)
                self.recovery.fold((message,))
                if not was_known and self.recovery.tracker.has(fill):
                    self.untold[fill.instrument, fill.trade_id] = fill
            case _:
                self.recovery.fold((message,))

    def _venue_news(
        self, message: InstrumentsLoaded | PairExamined | AccountLost | AccountRestored
    ) -> None:
        """What the journal alone would not tell a restarted gate."""
        match message:
            case InstrumentsLoaded(instruments=instruments):
                self.instruments.update((each.id, each) for each in instruments)
            case PairExamined(instrument=instrument):
                self.pairs[instrument] = message
            case AccountLost(venue=venue, reason=reason):
                self.accounts_lost[venue] = reason
            case AccountRestored(venue=venue):
                self.accounts_lost.pop(venue, None)

    def keep_gate(self, news: TradingHalted | TradingResumed) -> None:
        """What risk has decided about the gate, before it is durable: a restarted one obeys it.

        The journal can stall for seconds, and a halt must not wait for it.
        """
        self._gate = news

    def keep_drawdown(self, watch: DrawdownWatch) -> None:
        """What risk has seen of equity: the journal has one mark of ten, and a peak between two of
        them counts.
        """
        self._drawdown = watch

    def drawdown(self) -> DrawdownWatch:
        """Of this process where risk has seen any equity, else of the journal."""
        return self._drawdown or self.recovery.watch

    def halt(self) -> TradingHalted | None:
        """The halt that holds: of this process where risk has spoken, else of the journal."""
        match self._gate:
            case TradingHalted():
                return self._gate
            case TradingResumed():
                return None
            case None:
                return self.recovery.halted

    def _forget(self, instrument: InstrumentId, actor: str) -> None:
        if actor == ML:
            self.models(instrument).clear()
        elif actor == MARKET:
            self._bars[instrument].clear()

    def origin(self, instrument: InstrumentId, actor: str) -> StateOrigin:
        """What an actor of a mind was built from, and would be next. Bars are one generation."""
        if actor == ML:
            return self.models(instrument).origin
        if actor == MARKET and self._bars.get(instrument):
            return StateOrigin(int(self._warm[instrument]), 1, 1)
        return StateOrigin()

    def models(self, instrument: InstrumentId) -> SnapshotShelf:
        """What the learner is rebuilt from; the learner's actor keeps and takes."""
        return self._models.setdefault(instrument, SnapshotShelf())

    def unseen_since_ns(self, venue: VenueName, now_ns: int) -> int:
        """From when on a venue's fills may be unknown to us: now, where nothing was going on."""
        last_fills = self.recovery.last_fill_ns
        times = [ns for key, ns in last_fills.items() if key.venue == venue]
        unresolved = (kept.order.intent for kept in self.recovery.orders())
        times += [
            intent.created_ns if intent.created_ns <= now_ns else now_ns - AHEAD_LOOK_BACK_NS
            for intent in unresolved
            if intent.instrument.venue == venue
        ]
        return min(times, default=now_ns)

    def bars(self, instrument: InstrumentId) -> tuple[Bar, ...]:
        """The last closed bars, oldest first, to look at."""
        return tuple(self._bars.get(instrument, ()))

    def take_bars(self, instrument: InstrumentId) -> deque[Bar]:
        """The last closed bars, oldest first: a market actor is built from them, and appends."""
        bars = self._bars.setdefault(instrument, deque(maxlen=self._bars_kept))
        self._warm[instrument] = bool(bars)
        return bars


@final
class RememberedJournal:
    """The journal's address for everybody: a durable record reaches memory before anybody else."""

    def __init__(self, inbox: Address[JournalEntry], memory: Memory) -> None:
        self._inbox = inbox
        self._memory = memory

    @property
    def name(self) -> str:
        return self._inbox.name

    def send(self, entry: JournalEntry) -> None:
        """Raises `MailboxFullError` where the journal's inbox is full."""
        deliver = ((self._memory, entry.record), *entry.deliver)
        self._inbox.send(JournalEntry(entry.record, deliver))
