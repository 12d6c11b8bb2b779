"""The system's clock, while the machine's calendar is stepped under it."""

from __future__ import annotations

import time

import pytest

from supervisors.clock import SystemClock

HOUR_NS = 3_600 * 1_000_000_000
SECOND_NS = 1_000_000_000


def test_it_begins_with_the_calendar() -> None:
    before_ns = time.time_ns()
    assert before_ns - SECOND_NS < SystemClock().now_ns() < time.time_ns() + SECOND_NS


@pytest.mark.parametrize("step_ns", [-HOUR_NS, HOUR_NS])
def test_a_step_of_the_calendar_does_not_reach_a_running_process(
    monkeypatch: pytest.MonkeyPatch, step_ns: int
) -> None:
    clock = SystemClock()
    before_ns, real_time_ns = clock.now_ns(), time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: real_time_ns() + step_ns)
    assert 0 <= clock.now_ns() - before_ns < SECOND_NS
    assert abs(SystemClock().now_ns() - before_ns - step_ns) < SECOND_NS  # the next one follows it
