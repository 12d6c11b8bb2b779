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
    """What is going to happen. Times are Trio's, in seconds; the clock alone moves `now_s`."""

    def __init__(self) -> None:
        self.now_s = 0.0
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
        self.at(self.now_s + delay_s, event)

    async def sleep(self, delay_s: float) -> None:
        """Of the calling task; `delay_s` positive and finite.

        Cheaper than Trio's, which is a cancel scope and an exception each time. The event of a
        sleep that is cancelled stays planned, and does nothing.
        """
        task, is_asleep = trio.lowlevel.current_task(), True

        def wake() -> None:
            if is_asleep:
                trio.lowlevel.reschedule(task)

        def give_up(_: object) -> trio.lowlevel.Abort:
            nonlocal is_asleep
            is_asleep = False
            return trio.lowlevel.Abort.SUCCEEDED

        self.at(self.now_s + delay_s, wake)
        await trio.lowlevel.wait_task_rescheduled(give_up)
        await trio.lowlevel.checkpoint_if_cancelled()  # by a deadline of the same moment

    def fire(self) -> None:
        """Everything due by `now_s`. An event that raises ends this, and stays fired."""
        heap, now_s = self._heap, self.now_s
        while heap and heap[0][0] <= now_s:
            event = heappop(heap)[2]
            event()
