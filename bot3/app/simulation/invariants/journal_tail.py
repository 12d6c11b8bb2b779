"""What the journal holds: the end of it that a power loss could still take, and the intents.

Invariant: what is in the tail was written and not synced; what a power loss takes is handed out
once, so that whoever counted it can take it back. Intents are kept for ever: no id may come again.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar, final

from bot3.app.simulation.invariants.events import (
    RecordsLost,
    RecordsSynced,
    RecordWritten,
    WorldEvent,
)
from bot3.domain.order import OrderIntent
from bot3.messages.orders import IntentRecorded

JOURNAL_EVENTS = (RecordWritten, RecordsSynced, RecordsLost)

T = TypeVar("T", bound=Hashable)


@final
class Tail(Generic[T]):
    """Items in the order of their records."""

    def __init__(self) -> None:
        self._sequences: dict[T, int] = {}

    def __contains__(self, item: T) -> bool:
        return item in self._sequences

    def add(self, item: T, sequence: int) -> None:
        """It stands in this record; `hear` that record's event afterwards."""
        self._sequences[item] = sequence

    def hear(self, event: WorldEvent) -> list[T]:
        """What a power loss has taken; nothing at any other event."""
        if not self._sequences:
            return []
        match event:
            case RecordWritten(is_synced=True):
                self._sync(event.sequence)
            case RecordsSynced():
                self._sync(event.up_to_sequence)
            case RecordsLost():
                return self._lose(event.after_sequence)
            case _:
                pass
        return []

    def _sync(self, up_to_sequence: int) -> None:
        while self._sequences:
            item, sequence = next(iter(self._sequences.items()))
            if sequence > up_to_sequence:
                return
            del self._sequences[item]

    def _lose(self, after_sequence: int) -> list[T]:
        lost = [item for item, sequence in self._sequences.items() if sequence > after_sequence]
        for item in lost:
            del self._sequences[item]
        return lost


@final
class KnownIntents:
    """By client order id."""

    def __init__(self) -> None:
        self._intents: dict[str, OrderIntent] = {}
        self._tail: Tail[str] = Tail()

    def __contains__(self, client_order_id: str) -> bool:
        return client_order_id in self._intents

    def hear(self, event: WorldEvent) -> None:
        """Anything else than the journal's events is no news here."""
        if isinstance(event, RecordWritten) and isinstance(event.record, IntentRecorded):
            intent = event.record.intent
            self._intents[intent.client_order_id] = intent
            self._tail.add(intent.client_order_id, event.sequence)
        for lost in self._tail.hear(event):
            del self._intents[lost]

    def get(self, client_order_id: str) -> OrderIntent | None:
        """None where no record of it is in the journal."""
        return self._intents.get(client_order_id)

    def is_durable(self, client_order_id: str) -> bool:
        """Whether its record survives a power loss that comes now."""
        return client_order_id in self._intents and client_order_id not in self._tail
