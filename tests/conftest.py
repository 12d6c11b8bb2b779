"""One Hypothesis profile for all: machines are noisy, so no example is failed for its time."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "house", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("house")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Which seeds nobody has run before were run now: `test_simulation` has their names."""
    fresh = {
        report.nodeid.partition("[")[2].rstrip("]")
        for report in terminalreporter.getreports("passed")
        if "test_no_invariant_is_broken" in report.nodeid
    }
    if fresh:
        terminalreporter.write_line(f"simulated: {', '.join(sorted(fresh))}")
