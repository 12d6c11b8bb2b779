"""Error types of supervision. Each says what, where and what to do."""

from __future__ import annotations


class SupervisionError(Exception):
    """Anything supervision reports."""


class SpecError(SupervisionError):
    """A declaration that cannot be run; refused when it is built."""


class OverflowedError(SupervisionError):
    """A bounded queue refused a message. `name` is the queue's, `capacity` its bound."""

    def __init__(self, name: str, capacity: int) -> None:
        super().__init__(f"{name}: full with {capacity} messages")
        self.name = name
        self.capacity = capacity


class QueueFullError(OverflowedError):
    """The run queue is full: handlers send more than they finish."""


class MailboxFullError(OverflowedError):
    """An edge actor's mailbox is full and its policy refuses."""


class MailboxEmptyError(SupervisionError):
    """`receive_nowait` found nothing."""


class AskTimeoutError(SupervisionError):
    """No answer came before the deadline."""


class ActorDiedError(SupervisionError):
    """The asked actor died with the question in its hands, or the question was dropped."""


class RestartLimitReachedError(SupervisionError):
    """More restarts than the intensity allows: the supervisor itself fails."""


class StartFailedError(SupervisionError):
    """A child ended before it was ready; its own error is the cause."""


class StartTimeoutError(StartFailedError):
    """A child was not ready before its start deadline."""


class ChildStuckError(SupervisionError):
    """A child outlived its stop deadline: Trio cannot end a task against its will."""


class ActorHungError(SupervisionError):
    """An actor held messages and made no progress for its liveness deadline."""


class IgnoreStartError(SupervisionError):
    """Raised by an actor before it is ready: it is not needed now, and that is no failure."""


class LeaveError(SupervisionError):
    """Raised by an actor that ends on purpose: its exit counts as an orderly shutdown."""


class ChildExistsError(SupervisionError):
    """A child of this name is already there."""


class ChildNotFoundError(SupervisionError):
    """No child of this name."""


class ChildBusyError(SupervisionError):
    """The child is running or about to be restarted: terminate it first."""


class NotRegisteredError(SupervisionError):
    """Nobody is registered under this name."""
