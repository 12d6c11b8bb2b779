"""How loud an application says what happened: a child that goes on crashing gets louder.

Invariant: pure; every event has exactly one severity.
"""

from __future__ import annotations

import enum
from typing import assert_never, final

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

RISES_AFTER = 3


@final
class Severity(enum.IntEnum):
    """The levels of the standard library's `logging`."""

    INFO = 20
    WARNING = 30
    ERROR = 40
    CRITICAL = 50


def severity(event: LifecycleEvent, *, rises_after: int = RISES_AFTER) -> Severity:
    """How much it matters.

    Crashes in a row are warnings up to `rises_after` and errors beyond, until a calm time of the
    child's back-off ends the row. A supervisor that gives up is its parent's error to mend; with
    the root the whole tree fails.
    """
    match event:
        case ActorStarted() | ActorRestarted():
            return Severity.INFO
        case ActorExited():
            return Severity.WARNING if event.error else Severity.INFO
        case BackoffStarted():
            return Severity.ERROR if event.crashes > rises_after else Severity.WARNING
        case TopicOverflowed():
            return Severity.WARNING
        case ChildStuckReported() | MessageDeadLettered():
            return Severity.ERROR
        case RestartLimitHit():
            return Severity.ERROR if "/" in event.path else Severity.CRITICAL
        case _:
            assert_never(event)
