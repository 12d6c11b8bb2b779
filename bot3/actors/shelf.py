"""The last snapshots of one actor's state: what it is rebuilt from.

Invariant: at most `GENERATIONS_KEPT` are kept, whatever happens; each has a number that no other
one had or will have.
"""

from __future__ import annotations

from collections import deque
from typing import final

from bot3.healing.states import StateOrigin

GENERATIONS_KEPT = 2


@final
class SnapshotShelf:
    """The newest is taken; whoever condemns it brings the one before it back."""

    def __init__(self) -> None:
        self._kept: deque[tuple[int, bytes]] = deque(maxlen=GENERATIONS_KEPT)
        self._last_number = 0
        self._built_from = 0

    def keep(self, snapshot: bytes) -> None:
        """A new generation, at the price of the oldest."""
        self._last_number += 1
        self._kept.append((self._last_number, snapshot))

    @property
    def newest(self) -> tuple[int, bytes | None]:
        """Its number and itself; (0, None) where there is none."""
        return self._kept[-1] if self._kept else (0, None)

    def take(self) -> bytes | None:
        """What an actor that starts is to be built from; None: nothing."""
        self._built_from, snapshot = self.newest
        return snapshot

    def drop_newest(self) -> None:
        """It is bad."""
        if self._kept:
            self._kept.pop()

    def clear(self) -> None:
        """All are bad."""
        self._kept.clear()

    @property
    def origin(self) -> StateOrigin:
        """Of the actor that took last."""
        newest = self._kept[-1][0] if self._kept else 0
        return StateOrigin(self._built_from, newest, len(self._kept))
