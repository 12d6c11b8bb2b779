"""Binance's market-data wire: one typed decode a frame (web-socket-streams.md, rest-api.md).

Invariant: `decode_stream` returns a value for every input whatever: an event, `UnknownFrame` for a
kind we do not use, `MalformedFrame` for what is broken. Prices are positive and finite, amounts
finite and not negative; market data becomes floats in the decoder.
"""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta, field

from adapters.net.frames import DECODE_ERRORS, MalformedFrame, UnknownFrame

_PriceFloat = Annotated[float, Meta(gt=0, lt=1e15)]
_AmountFloat = Annotated[float, Meta(ge=0, lt=1e18)]
_Milliseconds = Annotated[int, Meta(ge=0, lt=10**14)]
_Id = Annotated[int, Meta(ge=0)]
_Levels = list[tuple[_PriceFloat, _AmountFloat]]
_T = TypeVar("_T")


class TradeEvent(msgspec.Struct, frozen=True, tag_field="e", tag="trade"):
    """`<symbol>@trade`."""

    symbol: str = field(name="s")
    trade_id: _Id = field(name="t")
    price: _PriceFloat = field(name="p")
    amount: _AmountFloat = field(name="q")
    trade_ms: _Milliseconds = field(name="T")
    is_buyer_maker: bool = field(name="m")


class DepthEvent(msgspec.Struct, frozen=True, tag_field="e", tag="depthUpdate"):
    """`<symbol>@depth@100ms`: absolute amounts, zero removes; ids are first to last, inclusive."""

    event_ms: _Milliseconds = field(name="E")
    symbol: str = field(name="s")
    first_id: _Id = field(name="U")
    last_id: _Id = field(name="u")
    bids: _Levels = field(name="b")
    asks: _Levels = field(name="a")

    def __post_init__(self) -> None:
        if self.first_id > self.last_id:
            raise ValueError(f"first id {self.first_id} is above last id {self.last_id}")


class Candle(msgspec.Struct, frozen=True):
    """Of a kline event."""

    open_ms: _Milliseconds = field(name="t")
    interval: str = field(name="i")
    volume: _AmountFloat = field(name="v")
    is_closed: bool = field(name="x")


class KlineEvent(msgspec.Struct, frozen=True, tag_field="e", tag="kline"):
    """`<symbol>@kline_1m`."""

    symbol: str = field(name="s")
    candle: Candle = field(name="k")


class TouchEvent(msgspec.Struct, frozen=True):
    """`<symbol>@bookTicker`: the one event without a kind and without a time."""

    update_id: _Id = field(name="u")
    symbol: str = field(name="s")
    bid: _PriceFloat = field(name="b")
    bid_amount: _AmountFloat = field(name="B")
    ask: _PriceFloat = field(name="a")
    ask_amount: _AmountFloat = field(name="A")


class ServerShutdown(msgspec.Struct, frozen=True, tag_field="e", tag="serverShutdown"):
    """The server goes away: reconnect at once."""


class StreamError(msgspec.Struct, frozen=True):
    """The answer to a command that was refused."""

    code: int
    msg: str = ""


class CommandReply(msgspec.Struct, frozen=True):
    """The answer to SUBSCRIBE."""

    id: int | str | None
    error: StreamError | None


StreamEvent = (
    TradeEvent
    | DepthEvent
    | TouchEvent
    | KlineEvent
    | ServerShutdown
    | CommandReply
    | UnknownFrame
    | MalformedFrame
)


class _Frame(msgspec.Struct, frozen=True):
    stream: str = ""
    data: TradeEvent | DepthEvent | KlineEvent | ServerShutdown | None = None
    id: int | str | None = None
    error: StreamError | None = None


class _Envelope(msgspec.Struct, frozen=True):
    stream: str
    data: Any


class _TouchFrame(msgspec.Struct, frozen=True):
    data: TouchEvent


CHANNELS = ("trade", "depth@100ms", "bookTicker", "kline_1m")
_USED_STREAMS = tuple(f"@{channel}" for channel in CHANNELS)
_TOUCH_NAME = "@bookTicker"
_NAME_CHARACTERS = 64  # a stream's name stands at the beginning of its frame
_frames = msgspec.json.Decoder(_Frame, strict=False)
_touches = msgspec.json.Decoder(_TouchFrame, strict=False)
_envelopes = msgspec.json.Decoder(_Envelope)


def decode_stream(text: str | bytes) -> StreamEvent:
    """One frame of the combined stream. Never raises."""
    try:
        if _is_touch(text):
            return _touches.decode(text).data
        frame = _frames.decode(text)
    except DECODE_ERRORS as error:
        return _other(text, error)
    if frame.data is not None:
        return frame.data
    if frame.stream:
        return UnknownFrame(frame.stream)
    return CommandReply(frame.id, frame.error)


def _is_touch(text: str | bytes) -> bool:
    head = text[:_NAME_CHARACTERS]
    return _TOUCH_NAME in head if isinstance(head, str) else _TOUCH_NAME.encode() in head


def _other(text: str | bytes, error: Exception) -> UnknownFrame | MalformedFrame:
    try:
        stream = _envelopes.decode(text).stream
    except DECODE_ERRORS:
        return MalformedFrame(str(error))
    if stream.endswith(_USED_STREAMS):
        return MalformedFrame(f"{stream}: {error}")
    return UnknownFrame(stream)


class DepthSnapshot(msgspec.Struct, frozen=True):
    """`GET /api/v3/depth`."""

    last_id: _Id = field(name="lastUpdateId")
    bids: _Levels
    asks: _Levels


class Kline(msgspec.Struct, frozen=True, array_like=True):
    """A row of `GET /api/v3/klines`; the last two of twelve are not used."""

    open_ms: _Milliseconds
    open: _PriceFloat
    high: _PriceFloat
    low: _PriceFloat
    close: _PriceFloat
    volume: _AmountFloat
    close_ms: _Milliseconds
    quote_volume: _AmountFloat
    trades: _Id
    buy_volume: _AmountFloat


class ServerTime(msgspec.Struct, frozen=True):
    """`GET /api/v3/time`."""

    server_ms: _Milliseconds = field(name="serverTime")


def decode_reply(kind: type[_T], body: bytes) -> _T | MalformedFrame:
    """A REST body as `kind`, numbers from strings where floats are wanted. Never raises."""
    try:
        return msgspec.json.decode(body, type=kind, strict=False)
    except DECODE_ERRORS as error:
        return MalformedFrame(str(error))
