"""What a venue's public frames say, in one vocabulary: what the common feed session works on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from adapters.net.frames import MalformedFrame, UnknownFrame

FloatLevels = list[tuple[float, float]]


class BookFrame(msgspec.Struct, frozen=True):
    """Levels of one instrument. `previous` is None where they are the whole book.

    `number` follows the last one's as its `previous`; `sequence` is what the venue calls this state
    everywhere, by REST too.
    """

    wire: str
    bids: FloatLevels
    asks: FloatLevels
    number: int
    previous: int | None
    sequence: int
    event_ms: int


class TradeFrame(msgspec.Struct, frozen=True):
    """A print of `count` trades whose ids end in `trade_id`; 0 where ids have holes."""

    wire: str
    trade_id: int
    count: int
    price: float
    amount: float
    is_sell: bool
    trade_ms: int


class TouchFrame(msgspec.Struct, frozen=True):
    """The best bid and ask as of `sequence`, which counts as `BookFrame.sequence` does.

    `event_ms` 0 where the venue gives no time.
    """

    wire: str
    bid: float
    bid_amount: float
    ask: float
    ask_amount: float
    sequence: int
    event_ms: int


class CandleFrame(msgspec.Struct, frozen=True):
    """The venue's candle of one minute; it grows until it is closed."""

    wire: str
    open_ms: int
    volume: float
    is_closed: bool


class CommandAnswered(msgspec.Struct, frozen=True):
    """One answer to the command of this number; `refusal` empty where it was done."""

    number: str
    refusal: str = ""


class Pong(msgspec.Struct, frozen=True):
    """The connection lives."""


class EndAnnounced(msgspec.Struct, frozen=True):
    """The venue will close the connection."""

    reason: str


FeedFrame = (
    BookFrame
    | TradeFrame
    | TouchFrame
    | CandleFrame
    | CommandAnswered
    | Pong
    | EndAnnounced
    | UnknownFrame
    | MalformedFrame
)


class Command(msgspec.Struct, frozen=True):
    """A text to send, and how many answers it will have."""

    number: str
    text: str
    answers: int


class FeedDialect(Protocol):
    """One venue's words."""

    @property
    def ping(self) -> str:
        """What keeps a connection."""
        ...

    def subscribe(self, wires: Sequence[str]) -> list[Command]:
        """Everything it has, within the venue's batch limits."""
        ...

    def renew_book(self, wire: str) -> list[Command]:
        """Unsubscribe, then subscribe: a whole book follows."""
        ...

    def decode(self, text: str | bytes) -> Sequence[FeedFrame]:
        """Never raises."""
        ...
