"""Error types of the trading domain. Each says what, where and what to do."""

from __future__ import annotations


class Bot3Error(Exception):
    """Anything bot3 reports to its user as one clear line. `exit_code` is the process's."""

    exit_code = 1


class ConfigError(Bot3Error):
    """A bad configuration: every problem at once, one a line."""

    exit_code = 4


class DataError(Bot3Error):
    """A recorded file that cannot be used, with its place and what to do."""


class UnavailableError(Bot3Error):
    """A resource that somebody else holds: a port, a state directory."""


class NotRunningError(Bot3Error):
    """A command to a running process, and there is none."""

    exit_code = 3


class DeadlineError(Bot3Error):
    """Something was asked for and not done in time."""

    exit_code = 5


class IllegalTransitionError(Bot3Error):
    """An order was told what it cannot take in its state."""


class OverfillError(Bot3Error):
    """A venue reported more filled than was ordered."""


class LedgerError(Bot3Error):
    """An entry that would break the books: unbalanced, or below zero."""


class VenueError(Bot3Error):
    """A venue answered with an error that is not about one order."""


class NoSuchBarsError(VenueError):
    """The venue has no bars of that length at all: no waiting brings them."""


class OrderRejectedError(Bot3Error):
    """The venue certainly did not execute: `code` is its own, `reason` its words."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(f"{code}: {reason}")
        self.code = code
        self.reason = reason


class OutcomeUnknownError(Bot3Error):
    """Nobody knows whether the venue executed it: neither a rejection nor a fill."""


class AlertNotSentError(Bot3Error):
    """An operator may not have been told. Says no more of the way there than that: it is secret."""
