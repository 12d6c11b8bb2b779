"""What a venue's private frames say, in one vocabulary: what the common account stream works on."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, unique
from typing import Protocol

import msgspec

from adapters.net.frames import MalformedFrame, UnknownFrame
from bot3.messages.orders import AccountEvent


@unique
class RefusalKind(Enum):
    """What a refused login or subscription asks for."""

    AGAIN = "again"
    CLOCK = "clock"
    FOR_GOOD = "for_good"


class LoggedIn(msgspec.Struct, frozen=True):
    """The login was taken."""


class Subscribed(msgspec.Struct, frozen=True):
    """One answer to the subscriptions."""


class Refused(msgspec.Struct, frozen=True):
    """A login or a subscription was not taken."""

    reason: str
    kind: RefusalKind


class Noticed(msgspec.Struct, frozen=True):
    """Nothing of ours: a pong, an order of a symbol nobody asked for (`is_foreign`)."""

    is_foreign: bool = False


class Changed(msgspec.Struct, frozen=True):
    """What happened to orders and balances, in order."""

    events: tuple[AccountEvent, ...]


class StreamEnded(msgspec.Struct, frozen=True):
    """The venue ends the stream."""

    reason: str


AccountFrame = (
    LoggedIn
    | Subscribed
    | Refused
    | Noticed
    | Changed
    | StreamEnded
    | UnknownFrame
    | MalformedFrame
)


class AccountDialect(Protocol):
    """One venue's words, for one account."""

    @property
    def ping(self) -> str:
        """What keeps a connection."""
        ...

    @property
    def subscriptions(self) -> int:
        """How many answers `subscribe` has."""
        ...

    def login(self, venue_now_ns: int) -> str:
        """Holds a signature: never to be shown."""
        ...

    def subscribe(self) -> str:
        """Orders, fills and balances."""
        ...

    def decode(self, text: str | bytes, local_ns: int) -> Sequence[AccountFrame]:
        """Never raises."""
        ...
