from __future__ import annotations

from bot3.app.simulation.invariants.events import ProcessCrashed, ProcessStarted, WorldEvent
from bot3.app.simulation.invariants.jury import Jury, Violation


class Complainer:
    """Finds something in every event that it hears."""

    def __init__(self, name: str, *hears: type[WorldEvent]) -> None:
        self.name, self.hears = name, hears
        self.heard: list[WorldEvent] = []

    def hear(self, event: WorldEvent) -> list[Violation]:
        self.heard.append(event)
        return [Violation(self.name, event.ts_ns, f"no {len(self.heard)}")]


def test_each_checker_is_shown_the_events_that_it_asked_for_in_order() -> None:
    both = Complainer("both", ProcessStarted, ProcessCrashed)
    crashes = Complainer("crashes", ProcessCrashed)
    jury = Jury([both, crashes])
    events = [ProcessStarted(1, 10), ProcessCrashed(1, 20), ProcessStarted(2, 30)]
    found = [[violation.checker for violation in jury.hear(event)] for event in events]
    assert found == [["both"], ["both", "crashes"], ["both"]]
    assert both.heard == events
    assert crashes.heard == events[1:2]


def test_a_noisy_checker_is_cut_and_hides_no_other() -> None:
    jury = Jury([Complainer("noisy", ProcessStarted), Complainer("rare", ProcessCrashed)], kept=3)
    for number in range(1_000):
        jury.hear(ProcessStarted(number, number))
    jury.hear(ProcessCrashed(1, 5_000))
    assert [each.text for each in jury.violations] == ["no 1", "no 2", "no 3", "no 1"]
    assert jury.violations[-1] == Violation("rare", 5_000, "no 1")
    assert jury.counts == {"noisy": 1_000, "rare": 1}
    assert jury.found == 1_001
    assert jury.events == 1_001
