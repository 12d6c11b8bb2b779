"""The world's events: one heap, ordered by time and then by the order of their making.

Invariant: events happen in the order of (time, sequence), none before its time, each at most once;
what an event schedules for the present still happens in the same go.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from typing import final

import trio


@final
class Agenda:
    """What is going to happen. Times are Trio's, in seconds."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._sequence = 0

    def __len__(self) -> int:
        return len(self._heap)

    @property
    def next_s(self) -> float | None:
        """When the next event is due; None where nothing is planned."""
        return self._heap[0][0] if self._heap else None

    def at(self, time_s: float, event: Callable[[], None]) -> None:
        """`event()` at `time_s`; a time that has passed means as soon as nothing else can run."""
        self._sequence += 1
        heappush(self._heap, (time_s, self._sequence, event))

    def after(self, delay_s: float, event: Callable[[], None]) -> None:
        """`event()` in `delay_s` seconds from now."""
        self.at(trio.current_time() + delay_s, event)

    def fire(self, now_s: float) -> None:
        """Everything due by `now_s`. An event that raises ends this, and stays fired."""
        heap = self._heap
        while heap and heap[0][0] <= now_s:
            event = heappop(heap)[2]
            event()
