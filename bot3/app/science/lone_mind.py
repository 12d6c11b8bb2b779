"""One instrument's mind alone, its actors driven without Trio: market events in, targets out.

Invariant: the actors and their wiring are those of a live run; nobody listens but to the target.
"""

from __future__ import annotations

from typing import Any, final

from bot3.actors.memory import Memory
from bot3.actors.minds import Mind, MindSettings
from bot3.domain.values import InstrumentId
from bot3.messages.market import FeedEvent, TimerTicked
from bot3.messages.minds import TargetProposed
from bot3.portfolio.recovery import Recovery
from supervisors.dispatch import RunQueue


@final
class _Clock:
    """The events' time; the stopwatch stands, so that figures depend on the events alone."""

    def __init__(self) -> None:
        self.at_ns = 0

    def now_ns(self) -> int:
        return self.at_ns

    def monotonic_ns(self) -> int:
        return 0


@final
class _Nobody:
    """Whoever else would be told."""

    name = "nobody"

    def send(self, message: Any) -> None:
        del message


@final
class LoneMind:
    """`target` is the blend's last one; None before the first."""

    name = "targets"

    def __init__(self, instrument: InstrumentId, settings: MindSettings) -> None:
        self._clock = _Clock()
        nobody = _Nobody()
        self.target: float | None = None
        self.mind = Mind(
            instrument,
            settings,
            Memory(Recovery("alone"), bars_kept=1),
            RunQueue(self._clock),
            self._clock,
            peers={},
            quotes=(nobody,),
            depths=(nobody,),
            execution=nobody,
            targets=(self,),
            healing=nobody,
            journal=nobody,
            board=nobody,
        )
        for spec in self.mind.specs():
            spec.cell.start(spec.build)

    def send(self, message: TargetProposed) -> None:
        """The blend speaks."""
        self.target = message.target

    def hear(self, event: FeedEvent) -> None:
        """One event of the feed."""
        self.mind.market.send(event)

    def beat(self, ts_ns: int) -> None:
        """The timer's: what was decided is learned from."""
        self._clock.at_ns = ts_ns
        for cell in (self.mind.market, *self.mind.learning()):
            cell.send(TimerTicked(ts_ns))
