"""Every queue has a bound and stays within it, and money's queues lose nothing."""

from __future__ import annotations

from typing import final

from bot3.app.simulation.invariants.events import QueueRow, QueuesSeen, WorldEvent
from bot3.app.simulation.invariants.jury import Violation


@final
class QueuesBounded:
    """Remembers what each queue of the present process had lost."""

    name = "queues_bounded"
    hears: tuple[type[WorldEvent], ...] = (QueuesSeen,)

    def __init__(self) -> None:
        self._generation = 0
        self._lost: dict[str, int] = {}

    def hear(self, event: WorldEvent) -> list[Violation]:
        if not isinstance(event, QueuesSeen):
            return []
        if event.generation != self._generation:
            self._generation = event.generation
            self._lost.clear()
        return [
            Violation(self.name, event.ts_ns, text)
            for row in event.queues
            for text in self._judge(row)
        ]

    def _judge(self, row: QueueRow) -> list[str]:
        texts = []
        if row.capacity < 1:
            texts.append(f"{row.name}: has no bound ({row.capacity})")
        elif row.waiting > row.capacity:
            texts.append(f"{row.name}: {row.waiting} wait, {row.capacity} may")
        new = row.lost - self._lost.get(row.name, 0)
        if new > 0 and not row.may_lose:
            texts.append(f"{row.name}: lost {new} messages")
        self._lost[row.name] = row.lost
        return texts
