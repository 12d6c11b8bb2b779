"""What the checkers are told: the exchange's truth, the journal's content, the bot's own word.

Invariant: `ts_ns` of every event is the world's clock and never falls; what the bot says of time
(its clock may be wrong) stands inside of its records. Events come in the order in which they
happened, each once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Final, NamedTuple

import msgspec
from attrs import field, frozen

from adapters.simulated.orders import AccountTrade, ExecutionReport, RecordStatus
from bot3.domain.account import Balance
from bot3.domain.book import Level
from bot3.domain.order import OrderStatus
from bot3.domain.values import ZERO, Asset, InstrumentId, Symbol, VenueName
from bot3.messages.journal import Record
from supervisors.observe import ActorStatistics, LifecycleEvent


class Levels(NamedTuple):
    """(price, amount) of the best levels, best first, exact."""

    bids: tuple[tuple[Decimal, Decimal], ...] = ()
    asks: tuple[tuple[Decimal, Decimal], ...] = ()


LEVELS_COMPARED: Final = 5


class Touch(NamedTuple):
    """Best bid and ask with their amounts, exact; zeros where a side is empty."""

    bid: Decimal
    bid_amount: Decimal
    ask: Decimal
    ask_amount: Decimal

    @property
    def mid(self) -> Decimal | None:
        """The middle; None while a side is empty."""
        return (self.bid + self.ask) / 2 if self.bid and self.ask else None


@frozen
class ProcessStarted:
    """A life of the bot's process begins; `generation` counts them, from 1."""

    generation: int
    ts_ns: int


@frozen
class ProcessCrashed:
    """It was killed: from now on nothing of it reaches the disk or the wire."""

    generation: int
    ts_ns: int


@frozen
class ProcessStopped:
    """It ended in order."""

    generation: int
    ts_ns: int


@frozen
class VenueFunded:
    """The account got these amounts: once before all else, and again at every deposit."""

    venue: VenueName
    ts_ns: int
    amounts: Mapping[Asset, Decimal]


@frozen
class VenueReported:
    """An execution report of the bot's account, when it happens. Its `order` is live: read now."""

    venue: VenueName
    ts_ns: int
    report: ExecutionReport


class RecordWritten(msgspec.Struct, frozen=True):
    """A record is in the journal; `is_synced`: it and all before it survive a power loss."""

    generation: int
    sequence: int
    ts_ns: int
    record: Record
    is_synced: bool


@frozen
class RecordsSynced:
    """Everything up to this sequence survives a power loss."""

    generation: int
    up_to_sequence: int
    ts_ns: int


@frozen
class RecordsLost:
    """A power loss took the records after this sequence."""

    after_sequence: int
    ts_ns: int


@frozen
class LifecycleHeard:
    """An actor of that process started, ended, waits."""

    generation: int
    ts_ns: int
    event: LifecycleEvent


class BookPublished(msgspec.Struct, frozen=True):
    """The exchange's touch as of an update id; first for the book at the start.

    `levels` gives its `LEVELS_COMPARED` best bids and asks of then: few states of the many that
    are published are ever compared.
    """

    venue: VenueName
    symbol: Symbol
    ts_ns: int
    update_id: int
    touch: Touch
    levels: Callable[[], Levels] = Levels


@frozen
class BookSeen:
    """The touch that the bot's market actor believes in, as of an update id (its sequence)."""

    venue: VenueName
    symbol: Symbol
    ts_ns: int
    update_id: int
    touch: Touch


@frozen
class LevelsSeen:
    """The best levels of the book that the bot's market actor holds, as of an update id."""

    venue: VenueName
    symbol: Symbol
    ts_ns: int
    update_id: int
    bids: Sequence[Level]
    asks: Sequence[Level]


@frozen
class QueueRow:
    """One queue. `lost`: messages dropped or refused so far; `may_lose`: market data may."""

    name: str
    waiting: int
    capacity: int
    lost: int = 0
    may_lose: bool = True


@frozen
class QueuesSeen:
    """Every queue of the process at one moment."""

    generation: int
    ts_ns: int
    queues: tuple[QueueRow, ...]


@frozen
class VenueOrderRest:
    """An order as the exchange has it."""

    client_order_id: str
    symbol: Symbol
    status: RecordStatus
    executed: Decimal


@frozen(kw_only=True)
class VenueRest:
    """One venue after the settling phase: the truth. `orders` and `trades` as it remembers them.

    `totals`: per asset, over all accounts of the exchange, and `totals_at_start` the same then.
    """

    venue: VenueName
    orders: tuple[VenueOrderRest, ...]
    trades: tuple[AccountTrade, ...]
    balances: tuple[Balance, ...]
    totals: Mapping[Asset, Decimal]
    totals_at_start: Mapping[Asset, Decimal]


@frozen
class BotOrderRest:
    """An order as the bot has it."""

    client_order_id: str
    instrument: InstrumentId
    status: OrderStatus
    filled: Decimal = ZERO


@frozen
class BotBookRest:
    """A book as the bot has it; `touch` None while it has none that it trusts."""

    instrument: InstrumentId
    update_id: int
    touch: Touch | None
    event_ts_ns: int  # the world's time of the last market event that reached it


@frozen(kw_only=True)
class BotRest:
    """The bot after the settling phase: what it believes.

    `orders`: every order that it knows, live and final. `positions`: by who believes them
    ("portfolio", "execution", "risk"); an instrument that is missing is flat. `unready`: why it is
    not ready, empty where it is. `is_halt_expected`: an operator halted it, or a loss did.
    """

    orders: tuple[BotOrderRest, ...]
    positions: Mapping[str, Mapping[InstrumentId, Decimal]]
    balances: tuple[Balance, ...]
    books: tuple[BotBookRest, ...]
    actors: tuple[ActorStatistics, ...]
    unready: tuple[str, ...] = ()
    halted_reason: str | None = None
    is_halt_expected: bool = field(default=False)


@frozen
class Settled:
    """After a time without faults, at a moment when nothing of ours is under way to or from a
    venue: no order sent, no report unread, nothing unwritten.
    """

    ts_ns: int
    venues: tuple[VenueRest, ...]
    bot: BotRest


WorldEvent = (
    ProcessStarted
    | ProcessCrashed
    | ProcessStopped
    | VenueFunded
    | VenueReported
    | RecordWritten
    | RecordsSynced
    | RecordsLost
    | LifecycleHeard
    | BookPublished
    | BookSeen
    | LevelsSeen
    | QueuesSeen
    | Settled
)
