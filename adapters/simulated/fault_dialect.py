"""What a faulty front has to know of the protocol that it stands in front of."""

from __future__ import annotations

from typing import Protocol

from adapters.simulated.fault_rates import RequestKind, VenueFault
from adapters.simulated.wire import HttpReply, HttpRequest


class FaultDialect(Protocol):
    """One venue's words for its faults."""

    def kind_of(self, request: HttpRequest) -> RequestKind:
        """What a request is about."""
        ...

    def is_account(self, request: HttpRequest) -> bool:
        """True where a websocket upgrade is to private data."""
        ...

    def stream_of(self, text: str) -> str | None:
        """The stream of an event, as far as it says so; None for the answer to a command."""
        ...

    def refused(self, fault: VenueFault, retry_after_s: int) -> HttpReply:
        """To `RATE_LIMITED` and `BANNED`."""
        ...

    @property
    def unavailable_before(self) -> tuple[HttpReply, ...]:
        """Variants of "not now"; the first is also an outage's."""
        ...

    @property
    def unavailable_after(self) -> tuple[HttpReply, ...]:
        """Variants of "nobody knows"."""
        ...

    @property
    def lost_codes(self) -> tuple[tuple[int, str], ...]:
        """Websocket codes and reasons with which the venue ends a session on its own."""
        ...
