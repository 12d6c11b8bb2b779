"""What a wire front is to the server: requests in, replies out, and sessions on websockets.

A front is pure: it never waits; the server does where a reply says so. Invariant: an outbox holds
at most its limit; one that would hold more closes instead, so a slow reader costs its own
connection and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, final

from attrs import field, frozen

OUTBOX_BYTES_MAX = 8_000_000
POLICY_VIOLATION = 1008


@frozen
class HttpRequest:
    """One request: `target` as sent, header names in lower case."""

    method: str
    target: str
    headers: dict[str, str] = field(factory=dict)
    body: bytes = b""

    @property
    def path(self) -> str:
        """The target before its query."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        """The target's query, as sent."""
        return self.target.partition("?")[2]


@frozen
class HttpReply:
    """One reply, after `delay_s`; the server adds the length."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()
    delay_s: float = 0.0


@frozen
class NoReply:
    """Silence, until the client leaves or its connection has idled too long; or a cut at once."""

    is_cut: bool


class TextSink(Protocol):
    """What a session sends into; sending never waits."""

    def send(self, text: str) -> None:
        """A whole text message, in order."""
        ...

    def close(self, code: int, reason: str) -> None:
        """After what was sent; the first close counts."""
        ...


@final
class Outbox:
    """What one websocket is to send: texts, then perhaps a close. Sending never waits."""

    def __init__(self, *, limit_bytes: int = OUTBOX_BYTES_MAX) -> None:
        self._texts: list[str] = []
        self._bytes = 0
        self._limit_bytes = limit_bytes
        self._wake: Callable[[], None] | None = None
        self.close_code: int | None = None
        self.close_reason = ""

    def on_wake(self, wake: Callable[[], None]) -> None:
        """Called whenever there is something to take."""
        self._wake = wake

    def send(self, text: str) -> None:
        """Queues a text; past the limit everything is dropped and the socket closes."""
        if self.close_code is not None:
            return
        if self._bytes + len(text) > self._limit_bytes:
            self._texts.clear()
            self.close(POLICY_VIOLATION, "Too slow")
            return
        self._texts.append(text)
        self._bytes += len(text)
        if self._wake is not None:
            self._wake()

    def close(self, code: int, reason: str) -> None:
        """After what is queued; the first close counts."""
        if self.close_code is None:
            self.close_code, self.close_reason = code, reason
        if self._wake is not None:
            self._wake()

    def take(self) -> list[str]:
        """Everything queued, oldest first."""
        texts, self._texts = self._texts, []
        self._bytes = 0
        return texts


class SocketSession(Protocol):
    """One websocket connection, from the front's side."""

    @property
    def messages_per_s_max(self) -> int | None:
        """More frames than this from the client within a second close the socket."""
        ...

    def received(self, text: str) -> None:
        """A whole text message."""
        ...

    def closed(self) -> None:
        """The connection is gone; called once."""
        ...


class WireFront(Protocol):
    """One venue's protocol."""

    def request(self, request: HttpRequest) -> HttpReply | NoReply:
        """Answers; never raises for what a client sent."""
        ...

    def open_session(
        self, request: HttpRequest, outbox: TextSink
    ) -> SocketSession | HttpReply | None:
        """A session for a websocket upgrade, or a refusal; None where there is no such path."""
        ...
