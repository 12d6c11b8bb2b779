"""Runs the checkers over the world's events and keeps what they find.

Invariant: each event is shown once, in order, to every checker that asked for its kind; of each
checker only the first violations are kept, all are counted, so one broken rule hides no other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, final

from attrs import frozen

from bot3.app.simulation.invariants.events import WorldEvent

KEPT_PER_CHECKER = 20


@frozen
class Violation:
    """An invariant is broken: which, when, and the ids and figures that show it."""

    checker: str
    ts_ns: int
    text: str


class Checker(Protocol):
    """One invariant. Constant work for an event, apart from the rare `Settled`."""

    @property
    def name(self) -> str: ...

    @property
    def hears(self) -> tuple[type[WorldEvent], ...]:
        """The kinds of events that matter to it; it is shown no others."""

    def hear(self, event: WorldEvent) -> Iterable[Violation]: ...


_Hear = Callable[[WorldEvent], Iterable[Violation]]


@final
class Jury:
    """All checkers at once."""

    def __init__(self, checkers: Sequence[Checker], *, kept: int = KEPT_PER_CHECKER) -> None:
        self.violations: list[Violation] = []
        self.counts: Counter[str] = Counter()
        self.events = 0
        self._kept = kept
        self._hearers: dict[
            type[WorldEvent], list[Callable[[WorldEvent], Iterable[Violation]]]
        ] = {}
        for checker in checkers:
            for kind in checker.hears:
                self._hearers.setdefault(kind, []).append(checker.hear)

    @property
    def found(self) -> int:
        """All violations ever, kept or not."""
        return self.counts.total()

    def hear(self, event: WorldEvent) -> Sequence[Violation]:
        """What is broken by this event."""
        self.events += 1
        found: list[Violation] = []
        for hear in self._hearers.get(type(event), ()):
            found += hear(event)
        for violation in found:
            self.counts[violation.checker] += 1
            if self.counts[violation.checker] <= self._kept:
                self.violations.append(violation)
        return found
