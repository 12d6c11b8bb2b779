"""What outlives the decision actors: the folded journal and the last known facts of the venues.

Invariant: it changes only by records that are durable and by facts that venues told; a restarted
actor is built from it exactly as one of a restarted process is.
"""

from __future__ import annotations

from collections import deque
from typing import final

from bot3.domain.account import Balance
from bot3.domain.bar import Bar
from bot3.domain.instrument import Instrument
from bot3.domain.values import Asset, InstrumentId, VenueName
from bot3.messages.journal import JournalEntry, Record
from bot3.messages.orders import BalanceChanged, InstrumentsLoaded
from bot3.portfolio.recovery import Recovery
from supervisors.actor import Address

# How far back fills are asked for where an earlier life's clock was ahead of ours, and so its
# times say nothing.
AHEAD_LOOK_BACK_NS = 86_400 * 1_000_000_000


@final
class Memory:
    """One per process. `bars_kept` bars of each instrument warm a restarted market actor up."""

    def __init__(self, recovery: Recovery, *, bars_kept: int) -> None:
        self.recovery = recovery
        self.instruments: dict[InstrumentId, Instrument] = {}
        self.balances: dict[tuple[VenueName, Asset], Balance] = {}
        self.models: dict[InstrumentId, bytes] = {}
        self._bars: dict[InstrumentId, deque[Bar]] = {}
        self._bars_kept = bars_kept

    @property
    def name(self) -> str:
        return "memory"

    def send(self, message: Record | InstrumentsLoaded) -> None:
        """A record that is durable now, or a venue's filters."""
        if isinstance(message, InstrumentsLoaded):
            self.instruments.update((each.id, each) for each in message.instruments)
            return
        self.recovery.fold((message,))
        if isinstance(message, BalanceChanged):
            self.balances.update(((held.venue, held.asset), held) for held in message.balances)

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

    def bars(self, instrument: InstrumentId) -> deque[Bar]:
        """The last closed bars, oldest first; the market actor appends."""
        return self._bars.setdefault(instrument, deque(maxlen=self._bars_kept))


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
