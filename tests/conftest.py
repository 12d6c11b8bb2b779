"""One Hypothesis profile for all: machines are noisy, so no example is failed for its time."""

from __future__ import annotations

from typing import Final

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "house", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("house")


# What takes a minute or more goes first, else one core waits for the other at the end.
LONGEST: Final = (
    "test_sessions.py",
    "test_simulation.py",
    "test_mutants.py",
    "test_venue_command.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files keep their order but for the longest, which come first."""
    place = {name: at for at, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.path.name, len(LONGEST)))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Which seeds nobody has run before were run now: `test_simulation` has their names."""
    fresh = {
        report.nodeid.partition("[")[2].rstrip("]")
        for report in terminalreporter.getreports("passed")
        if "test_no_invariant_is_broken" in report.nodeid
    }
    if fresh:
        terminalreporter.write_line(f"simulated: {', '.join(sorted(fresh))}")
