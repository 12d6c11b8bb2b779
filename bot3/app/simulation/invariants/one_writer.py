"""The journal has one writer, the living process, and its sequence has no hole and no fork."""

from __future__ import annotations

from typing import final

from bot3.app.simulation.invariants.events import (
    ProcessCrashed,
    ProcessStarted,
    ProcessStopped,
    RecordsLost,
    RecordWritten,
    WorldEvent,
)
from bot3.app.simulation.invariants.jury import Violation


@final
class OneWriter:
    """Knows who lives and what comes next."""

    name = "one_writer"
    hears: tuple[type[WorldEvent], ...] = (
        ProcessStarted,
        ProcessCrashed,
        ProcessStopped,
        RecordWritten,
        RecordsLost,
    )

    def __init__(self) -> None:
        self._living: int | None = None
        self._last_generation = 0
        self._last_sequence = 0

    def hear(self, event: WorldEvent) -> list[Violation]:
        texts: list[str] = []
        match event:
            case ProcessStarted():
                texts = self._start(event.generation)
            case ProcessCrashed() | ProcessStopped():
                self._living = None
            case RecordWritten():
                texts = self._write(event)
            case RecordsLost():
                self._last_sequence = min(self._last_sequence, event.after_sequence)
            case _:
                pass
        return [Violation(self.name, event.ts_ns, text) for text in texts]

    def _start(self, generation: int) -> list[str]:
        texts = []
        if self._living is not None:
            texts.append(f"process {generation} starts while {self._living} lives")
        if generation <= self._last_generation:
            texts.append(f"process {generation} starts after {self._last_generation}")
        self._living = self._last_generation = generation
        return texts

    def _write(self, event: RecordWritten) -> list[str]:
        texts, kind = [], type(event.record).__name__
        if event.generation != self._living:
            texts.append(f"{kind} {event.sequence} of process {event.generation}, which is dead")
        if event.sequence != self._last_sequence + 1:
            texts.append(f"{kind} {event.sequence} follows {self._last_sequence}")
        self._last_sequence = event.sequence
        return texts
