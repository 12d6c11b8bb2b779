"""What the journal holds, and how it is written: tagged JSON, one schema version for all.

A record's `type` is its class name. `SCHEMA_VERSION` rises when the meaning of a stored field
changes; a new optional field does not need it (msgspec fills in the default).
"""

from __future__ import annotations

from typing import Any, Protocol

import msgspec
from attrs import frozen

from bot3.messages.account import ReconcileMatched, ReconcileMismatch
from bot3.messages.arbitrage import ArbitrageClosed
from bot3.messages.control import (
    ActorRestarted,
    EquityMarked,
    PeakRaised,
    SessionEnded,
    SessionStarted,
    StopHit,
    TradingHalted,
    TradingResumed,
)
from bot3.messages.healing import HealingActed
from bot3.messages.minds import (
    DriftDetected,
    FeaturesJudged,
    ModelBenched,
    RegimeChanged,
    StrategyPromoted,
)
from bot3.messages.orders import (
    AccountLost,
    AccountRestored,
    BalanceAdopted,
    BalanceChanged,
    CancelFailed,
    DeadManChanged,
    ForeignOrdersSeen,
    IntentRecorded,
    OrderAcknowledged,
    OrderAdopted,
    OrderCanceled,
    OrderDenied,
    OrderExpired,
    OrderFilled,
    OrderOutcomeUnknown,
    OrderRejected,
)
from bot3.messages.risk import (
    AllocationSolved,
    BetsMeasured,
    CapitalChanged,
    LadderMoved,
    VolatilityFitted,
)

SCHEMA_VERSION = 1

Record = (
    SessionStarted
    | SessionEnded
    | IntentRecorded
    | OrderDenied
    | OrderAcknowledged
    | OrderFilled
    | OrderCanceled
    | OrderExpired
    | OrderRejected
    | OrderOutcomeUnknown
    | CancelFailed
    | BalanceChanged
    | AccountLost
    | AccountRestored
    | EquityMarked
    | TradingHalted
    | TradingResumed
    | ActorRestarted
    | RegimeChanged
    | DriftDetected
    | ModelBenched
    | FeaturesJudged
    | StrategyPromoted
    | HealingActed
    | ReconcileMismatch
    | ReconcileMatched
    | ForeignOrdersSeen
    | DeadManChanged
    | OrderAdopted
    | BalanceAdopted
    | StopHit
    | PeakRaised
    | LadderMoved
    | CapitalChanged
    | AllocationSolved
    | VolatilityFitted
    | BetsMeasured
    | ArbitrageClosed
)

# Money moved, or may: these are on disk (synced) before anybody acts on them.
CRITICAL = (
    SessionStarted,
    IntentRecorded,
    OrderAcknowledged,
    OrderFilled,
    OrderCanceled,
    OrderExpired,
    OrderRejected,
    OrderOutcomeUnknown,
    OrderAdopted,
    BalanceAdopted,
    TradingHalted,
    TradingResumed,
    StopHit,
    ReconcileMismatch,
    ReconcileMatched,
)


class Recipient(Protocol):
    """Whoever is to hear of a record once it is durable."""

    def send(self, message: Any) -> None: ...


@frozen
class JournalEntry:
    """A record to write; after the commit each message of `deliver` is sent, in order."""

    record: Record
    deliver: tuple[tuple[Recipient, Any], ...] = ()


@frozen
class StoredRecord:
    """One row of the journal; sequences count up from 1."""

    sequence: int
    record: Record


_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[Record] = msgspec.json.Decoder(Record)


def encode(record: Record) -> bytes:
    """One record as JSON."""
    return _encoder.encode(record)


def decode(body: bytes) -> Record:
    """The record again; raises `msgspec.ValidationError`."""
    return _decoder.decode(body)


def is_critical(record: Record) -> bool:
    """True where the record must survive a power loss before it is acted on."""
    return isinstance(record, CRITICAL)
