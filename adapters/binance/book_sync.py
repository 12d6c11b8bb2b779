"""Joining a diff stream to a snapshot: the rules of web-socket-streams.md, "local order book".

Invariant: in SYNCED, the `Replaced` and `Changed` actions handed out so far rebuild exactly the
venue's book at `last_id`, within the depth of the snapshot; whatever breaks that hands out `Lost`.
One machine per symbol; pure.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from enum import Enum, unique
from typing import final

import msgspec

from adapters.binance.schemas import DepthEvent, DepthSnapshot

BUFFER_LENGTH = 1_000  # 100 s of depth@100ms


@unique
class SyncState(Enum):
    """Where a book is."""

    BUFFERING = "buffering"
    SYNCED = "synced"


class FetchSnapshot(msgspec.Struct, frozen=True):
    """Get one now; never asked for while another one is on its way."""


class Replaced(msgspec.Struct, frozen=True):
    """The whole book, as of the snapshot."""

    snapshot: DepthSnapshot


class Changed(msgspec.Struct, frozen=True):
    """One event, which follows the last one exactly."""

    event: DepthEvent


class Lost(msgspec.Struct, frozen=True):
    """The book handed out so far is no longer the venue's."""

    reason: str


Action = FetchSnapshot | Replaced | Changed | Lost
_NOTHING: tuple[Action, ...] = ()
_FETCH = FetchSnapshot()


@final
class BookSync:
    """Begins in BUFFERING with nothing asked for; `start` asks for the first snapshot."""

    def __init__(self, *, buffer_length: int = BUFFER_LENGTH) -> None:
        self.state = SyncState.BUFFERING
        self.last_id = 0
        self._buffer: deque[DepthEvent] = deque(maxlen=buffer_length)
        self._is_fetching = False

    def start(self) -> Sequence[Action]:
        """After the stream is subscribed."""
        return self._fetch()

    def on_event(self, event: DepthEvent) -> Sequence[Action]:
        """The next diff event of the stream."""
        if self.state is SyncState.BUFFERING:
            self._keep(event)
            return _NOTHING
        if event.last_id <= self.last_id:
            return _NOTHING
        if event.first_id > self.last_id + 1:
            lost = self.lose(f"gap: {event.first_id} after {self.last_id}")
            self._keep(event)
            return lost
        self.last_id = event.last_id
        return (Changed(event),)

    def on_snapshot(self, snapshot: DepthSnapshot) -> Sequence[Action]:
        """The snapshot that was asked for. One that comes unasked changes nothing."""
        if not self._is_fetching:
            return _NOTHING
        self._is_fetching = False
        if self._buffer and snapshot.last_id + 1 < self._buffer[0].first_id:
            return self._fetch()  # older than the stream: what is buffered stays good
        actions: list[Action] = [Replaced(snapshot)]
        self.last_id = snapshot.last_id
        for event in self._buffer:
            # The first one kept may straddle the snapshot: amounts are absolute, so all of it is.
            if event.last_id > self.last_id:
                actions.append(Changed(event))
                self.last_id = event.last_id
        self._buffer.clear()
        self.state = SyncState.SYNCED
        return actions

    def lose(self, reason: str) -> Sequence[Action]:
        """The book is wrong (gap, crossed, asked to): start again on the same stream."""
        if self.state is SyncState.BUFFERING:
            return self._fetch()
        self.state = SyncState.BUFFERING
        return (Lost(reason), *self._fetch())

    def disconnect(self, reason: str) -> Sequence[Action]:
        """The stream ended, and with it whatever was on its way; `start` follows."""
        was_synced = self.state is SyncState.SYNCED
        self.state = SyncState.BUFFERING
        self._is_fetching = False
        self._buffer.clear()
        return (Lost(reason),) if was_synced else _NOTHING

    def _keep(self, event: DepthEvent) -> None:
        """Buffers without a hole: what lies before a hole is of no use. Drops the oldest."""
        buffer = self._buffer
        if buffer and event.first_id > buffer[-1].last_id + 1:
            buffer.clear()
        if not buffer or event.last_id > buffer[-1].last_id:
            buffer.append(event)

    def _fetch(self) -> Sequence[Action]:
        if self._is_fetching:
            return _NOTHING
        self._is_fetching = True
        return (_FETCH,)
