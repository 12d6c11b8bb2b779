"""What can go wrong between us and a venue, told apart by one question: did the request leave?

Invariant: `TransportBrokenError` means that no byte of the request was sent.
"""

from __future__ import annotations

from bot3.domain.errors import Bot3Error


class NetworkError(Bot3Error):
    """The connection failed; the venue itself said nothing."""


class TransportBrokenError(NetworkError):
    """Nothing of the request was sent: certainly not executed."""


class OutcomeUnclearError(NetworkError):
    """The request, or part of it, may have arrived; the answer did not."""


class ConnectionLostError(NetworkError):
    """A websocket could not be opened, or has ended."""


class ConnectionSilentError(ConnectionLostError):
    """A websocket is open, but nothing arrived for longer than the peer's pings allow."""
