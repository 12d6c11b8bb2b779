"""The arithmetic of restarts: who is restarted, with whom, and how often is too often.

Invariant: pure; children are given in start order and answered in start order.
"""

from __future__ import annotations

import enum
import math
from collections import deque
from collections.abc import Sequence
from typing import TypeVar, assert_never, final

from attrs import frozen

from supervisors.errors import SpecError

C = TypeVar("C")


@final
class Restart(enum.Enum):
    """When a child that ended by itself is started again."""

    PERMANENT = "permanent"  # always
    TRANSIENT = "transient"  # unless it ended well
    TEMPORARY = "temporary"  # never, not even with its group


@final
class Strategy(enum.Enum):
    """Who is restarted together with a child."""

    ONE_FOR_ONE = "one_for_one"  # nobody
    ONE_FOR_ALL = "one_for_all"  # everybody
    REST_FOR_ONE = "rest_for_one"  # those started after it


@final
class AutoShutdown(enum.Enum):
    """Whether a supervisor ends when significant children have ended by themselves."""

    NEVER = "never"
    ANY = "any"
    ALL = "all"


@final
class ExitReason(enum.Enum):
    """How a child ended."""

    NORMAL = "normal"  # it was done
    SHUTDOWN = "shutdown"  # told to, or left on purpose
    KILLED = "killed"  # cancelled from outside: hung, or chaos
    ERROR = "error"
    START_FAILED = "start_failed"

    @property
    def is_good(self) -> bool:
        return self in (ExitReason.NORMAL, ExitReason.SHUTDOWN)


@final
@frozen
class Intensity:
    """At most `restarts` in any `within_s` seconds; one more fails the supervisor."""

    restarts: int
    within_s: float

    def __attrs_post_init__(self) -> None:
        if self.restarts < 0:
            raise SpecError(f"intensity: restarts {self.restarts} must not be negative")
        if not (math.isfinite(self.within_s) and self.within_s > 0):
            raise SpecError(f"intensity: within_s {self.within_s} must be positive and finite")


@final
class RestartWindow:
    """The restarts charged to one supervisor, within a sliding window."""

    def __init__(self, intensity: Intensity) -> None:
        self._intensity = intensity
        self._charged_s: deque[float] = deque(maxlen=intensity.restarts + 1)

    def charge(self, now_s: float) -> bool:
        """Counts one restart at `now_s` (never decreasing). False when that is one too many."""
        charged_s = self._charged_s
        while charged_s and now_s - charged_s[0] > self._intensity.within_s:
            charged_s.popleft()
        charged_s.append(now_s)
        return len(charged_s) <= self._intensity.restarts


def is_restarted(restart: Restart, reason: ExitReason) -> bool:
    """The table of restart types and exits of a child that ended by itself."""
    match restart:
        case Restart.PERMANENT:
            return True
        case Restart.TRANSIENT:
            return not reason.is_good
        case Restart.TEMPORARY:
            return False
        case _:
            assert_never(restart)


def affected(strategy: Strategy, children: Sequence[C], failed: C) -> Sequence[C]:
    """The children that stop and start again with `failed`, itself included."""
    match strategy:
        case Strategy.ONE_FOR_ONE:
            return (failed,)
        case Strategy.ONE_FOR_ALL:
            return children
        case Strategy.REST_FOR_ONE:
            return children[children.index(failed) :]
        case _:
            assert_never(strategy)


def ends_supervisor(auto: AutoShutdown, *, others_alive: bool) -> bool:
    """Whether a significant child's own end ends its supervisor.

    `others_alive`: another significant child runs or is about to be restarted.
    """
    match auto:
        case AutoShutdown.NEVER:
            return False
        case AutoShutdown.ANY:
            return True
        case AutoShutdown.ALL:
            return not others_alive
        case _:
            assert_never(auto)
