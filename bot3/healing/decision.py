"""One decision of the policy: what is done, to whom, why, and the command that does it."""

from __future__ import annotations

from collections import deque
from typing import final

from attrs import frozen

from bot3.messages.healing import (
    CircuitChanged,
    HealingAction,
    RestoreSnapshot,
    ResumeData,
    ShedData,
    StartEmpty,
)
from bot3.messages.market import ResyncBook

SECOND_NS = 1_000_000_000
Command = ResyncBook | CircuitChanged | RestoreSnapshot | StartEmpty | ShedData | ResumeData


@final
@frozen
class Decision:
    """`subject` is a venue, an instrument, or an actor of one."""

    action: HealingAction
    subject: str
    reason: str
    command: Command


@final
class Window:
    """How many things happened within the last `length_s`; remembers no more than `most`."""

    def __init__(self, length_s: float, most: int) -> None:
        self._length_ns = int(length_s * SECOND_NS)
        self._most = most
        self._times_ns: deque[int] = deque(maxlen=most)

    def add(self, now_ns: int) -> None:
        """One more."""
        self._times_ns.append(now_ns)

    def is_full(self, now_ns: int) -> bool:
        """Whether `most` of them lie within the window that ends now."""
        times = self._times_ns
        return len(times) == self._most and now_ns - times[0] < self._length_ns

    def clear(self) -> None:
        """Nothing has happened."""
        self._times_ns.clear()
