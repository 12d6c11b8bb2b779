"""What a REST call is to our budget, and what is known when it failed.

Invariant: `NotSentError` is raised only where the request certainly was not executed.
"""

from __future__ import annotations

from enum import Enum, unique

from attrs import frozen

from adapters.net.budget import Priority
from bot3.domain.errors import OutcomeUnknownError, VenueError


@unique
class Outcome(Enum):
    """What is known after an error reply."""

    NOT_EXECUTED = "not_executed"
    UNKNOWN = "unknown"
    VENUE = "venue"


class NotSentError(VenueError):
    """Certainly not executed: no connection, or no budget in time."""


class DeadlinePassedError(NotSentError):
    """Certainly not executed: it was too late to send it."""


class UnclearError(VenueError, OutcomeUnknownError):
    """Sent, and no usable answer came. A query may treat it as a venue that is down."""


@frozen
class Call:
    """One endpoint: its `weight` by the venue's documents, its `priority` in our own budget."""

    method: str
    path: str
    weight: int
    priority: Priority
