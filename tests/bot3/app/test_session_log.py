"""What the log says of crashes: the longer an actor crashes in a row, the louder."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from structlog.testing import capture_logs

from bot3.app.session import Session
from supervisors.observe import BackoffStarted, RestartLimitHit


def hear(*events: Any) -> list[tuple[str, str]]:
    session = cast(Session, SimpleNamespace())  # these events reach the log and nothing else
    with capture_logs() as logs:
        for event in events:
            Session._hear(session, event)
    return [(entry["log_level"], entry["event"]) for entry in logs]


def test_an_actor_that_goes_on_crashing_becomes_an_error_in_the_log() -> None:
    crashes = [BackoffStarted(1, "bot3/feed", 0.2, n, "OSError: gone") for n in range(1, 6)]
    levels = [level for level, _ in hear(*crashes)]
    assert levels == ["warning"] * 3 + ["error"] * 2


def test_a_root_that_gives_up_is_critical() -> None:
    heard = hear(RestartLimitHit(1, "bot3/minds", "a", 3, 5), RestartLimitHit(1, "bot3", "b", 3, 5))
    assert heard == [("error", "too many restarts"), ("critical", "too many restarts")]
