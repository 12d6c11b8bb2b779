"""The longer a child crashes, the louder: from the events of a real tree."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from trio.testing import MockClock

from supervisors.backoff import Backoff
from supervisors.dead_letters import DeadLetter
from supervisors.observe import (
    ActorExited,
    ActorRestarted,
    ActorStarted,
    BackoffStarted,
    ChildStuckReported,
    LifecycleEvent,
    MessageDeadLettered,
    RestartLimitHit,
    TopicOverflowed,
)
from supervisors.restart import ExitReason, Intensity
from supervisors.severity import RISES_AFTER, Severity, severity

PLENTY = Intensity(1000, 3600)
INFO, WARNING, ERROR, CRITICAL = Severity


async def test_it_rises_after_so_many_crashes_in_a_row_and_falls_after_a_calm_time(
    grow: Any, stage: Any, recorder: Any, autojump_clock: MockClock
) -> None:
    backoff = Backoff(initial_s=1, factor=2, max_s=8, jitter=0, reset_after_s=60)
    acts = (*["crash@1"] * 3, "fail", "crash@100", "crash@1")
    async with grow(stage.spec("a", *acts, backoff=backoff), intensity=PLENTY):
        await trio.sleep(200)
    begun = recorder.of(BackoffStarted)
    assert [severity(event) for event in begun] == [WARNING] * 3 + [ERROR] + [WARNING] * 2
    assert [severity(event, rises_after=1) for event in begun].count(ERROR) == 4
    assert [event.crashes for event in begun] == [1, 2, 3, 4, 1, 2]
    assert {event.error for event in begun} == {
        "ValueError: a crashed",
        "supervisors.errors.StartFailedError: root/a: a cannot start",
    }


LETTER = DeadLetter("a", 1, "ValueError", "", 1)
TABLE: list[tuple[LifecycleEvent, Severity]] = [
    (ActorStarted(1, "root/a", 1), INFO),
    (ActorRestarted(1, "root/a", 99), INFO),
    (ActorExited(1, "root/a", 1, ExitReason.NORMAL, "", ""), INFO),
    (ActorExited(1, "root/a", 1, ExitReason.ERROR, "ValueError", "…"), WARNING),
    (BackoffStarted(1, "root/a", 2.0, RISES_AFTER, "ValueError"), WARNING),
    (BackoffStarted(1, "root/a", 2.0, RISES_AFTER + 1, "ValueError"), ERROR),
    (TopicOverflowed(1, "fills", "a", "full"), WARNING),
    (MessageDeadLettered(1, "root/a", LETTER), ERROR),
    (ChildStuckReported(1, "root/a", 5.0), ERROR),
    (RestartLimitHit(1, "root/low", "a", 3, 5.0), ERROR),
    (RestartLimitHit(1, "root", "low", 3, 5.0), CRITICAL),
]


@pytest.mark.parametrize(("event", "expected"), TABLE)
def test_every_event_has_its_severity(event: LifecycleEvent, expected: Severity) -> None:
    assert severity(event) is expected
