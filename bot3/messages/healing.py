"""Healing beyond restarts: what the policy hears, what it does, and what it asks of others."""

from __future__ import annotations

from enum import Enum, unique

import msgspec

from bot3.domain.values import InstrumentId, VenueName


@unique
class HealingAction(Enum):
    """Everything that the policy ever does."""

    RESYNC_BOOK = "resync_book"
    OPEN_CIRCUIT = "open_circuit"
    PROBE_CIRCUIT = "probe_circuit"
    CLOSE_CIRCUIT = "close_circuit"
    RESTORE_SNAPSHOT = "restore_snapshot"
    START_EMPTY = "start_empty"
    SHED_DATA = "shed_data"
    RESUME_DATA = "resume_data"


@unique
class CircuitState(Enum):
    """Of one venue: entries pass, one of them may try, none passes."""

    CLOSED = "closed"
    HALF_OPEN = "half_open"
    OPEN = "open"


@unique
class VenueCall(Enum):
    """What order entry asks of a venue."""

    SUBMIT = "submit"
    CANCEL = "cancel"
    QUERY = "query"


class HealingActed(msgspec.Struct, frozen=True, tag=True):
    """The policy acted. `subject` is a venue, an instrument, or an actor of one."""

    action: HealingAction
    subject: str
    reason: str
    ts_ns: int


class CircuitChanged(msgspec.Struct, frozen=True):
    """To risk: how entries are to be treated there. HALF_OPEN lets one more pass, each time."""

    venue: VenueName
    state: CircuitState
    reason: str


class RestoreSnapshot(msgspec.Struct, frozen=True):
    """To memory: the newest snapshot of this actor is bad, keep the one before it."""

    instrument: InstrumentId
    actor: str


class StartEmpty(msgspec.Struct, frozen=True):
    """To memory: forget everything that this actor would be rebuilt from."""

    instrument: InstrumentId
    actor: str


class ShedData(msgspec.Struct, frozen=True):
    """To a venue's rate budget: no data requests until `ResumeData`."""

    venue: VenueName


class ResumeData(msgspec.Struct, frozen=True):
    """To a venue's rate budget: data requests may start again."""

    venue: VenueName


class BookSeen(msgspec.Struct, frozen=True):
    """From a market actor, on the beat: its book is sound, and something came since the last."""

    instrument: InstrumentId


class VenueCallEnded(msgspec.Struct, frozen=True):
    """From order entry. `problem` is empty where the venue answered, be it by a refusal."""

    venue: VenueName
    call: VenueCall
    problem: str


class BudgetRead(msgspec.Struct, frozen=True):
    """How much of a venue's rate budget is used: 0 nothing, 1 all, or we are shut out."""

    venue: VenueName
    used_share: float


class ActorCrashed(msgspec.Struct, frozen=True):
    """From the supervisors: an actor ended badly. `path` is its place in the tree."""

    path: str
    error: str
