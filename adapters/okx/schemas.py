"""OKX's public wire: channels and market data by REST (okx.md, 5 to 7).

Invariant: prices are positive and finite, amounts finite and not negative; market data becomes
floats in the decoder. `decode_feed` returns something for every input whatever.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any, Generic, TypeVar

import msgspec
from msgspec import Meta, field

from adapters.net.feed_frames import (
    BookFrame,
    CandleFrame,
    CommandAnswered,
    EndAnnounced,
    FeedFrame,
    FloatLevels,
    Pong,
    TouchFrame,
    TradeFrame,
)
from adapters.net.frames import DECODE_ERRORS, MalformedFrame, UnknownFrame

PriceFloat = Annotated[float, Meta(gt=0, lt=1e15)]
AmountFloat = Annotated[float, Meta(ge=0, lt=1e18)]
Milliseconds = Annotated[int, Meta(ge=0, lt=10**14)]
_Row = tuple[PriceFloat, AmountFloat, Any, Any]
_T = TypeVar("_T")
_PONG = "pong"
_RESTART_NOTICE = "64008"
MINUTES = "candle1m"


class Trade(msgspec.Struct, frozen=True):
    """Of `trades`: an aggregate of `count` trades, named by the last."""

    trade_id: int = field(name="tradeId")
    price: PriceFloat = field(name="px")
    amount: AmountFloat = field(name="sz")
    side: str
    ts: Milliseconds
    count: Annotated[int, Meta(ge=1)] = 1


class Book(msgspec.Struct, frozen=True, rename="camel"):
    """Of `books` and `bbo-tbt`."""

    bids: list[_Row]
    asks: list[_Row]
    ts: Milliseconds
    seq_id: Annotated[int, Meta(ge=0)]
    prev_seq_id: int = -1

    @property
    def has_touch(self) -> bool:
        """Both sides have a level."""
        return bool(self.bids and self.asks)


class CandleRow(msgspec.Struct, frozen=True, array_like=True):
    """`[ts, o, h, l, c, vol, volCcy, volCcyQuote, confirm]`, of a channel and by REST."""

    open_ms: Milliseconds
    open: PriceFloat
    high: PriceFloat
    low: PriceFloat
    close: PriceFloat
    volume: AmountFloat
    quote_volume: AmountFloat
    quote_volume_again: AmountFloat
    confirm: str


class Arg(msgspec.Struct, frozen=True):
    """Which channel, of what."""

    channel: str = ""
    name: str = field(name="instId", default="")


class Frame(msgspec.Struct, frozen=True):
    """Any frame; `data` is read by channel."""

    arg: Arg | None = None
    action: str = ""
    data: msgspec.Raw = msgspec.Raw()
    event: str = ""
    id: str | int = ""
    code: str = ""
    msg: str = ""


_frames = msgspec.json.Decoder(Frame)
_trades = msgspec.json.Decoder(list[Trade], strict=False)
_books = msgspec.json.Decoder(list[Book], strict=False)
_candles = msgspec.json.Decoder(list[CandleRow], strict=False)


def decode_feed(text: str | bytes) -> Sequence[FeedFrame]:
    """One frame of `/public` or `/business`. Never raises."""
    if len(text) == len(_PONG) and text in {_PONG, _PONG.encode()}:
        return (Pong(),)
    try:
        frame = _frames.decode(text)
        return (_told(frame),) if frame.arg is None or frame.event else _rows(frame, frame.arg)
    except DECODE_ERRORS as error:
        return (MalformedFrame(str(error)),)


def _rows(frame: Frame, arg: Arg) -> Sequence[FeedFrame]:
    if arg.channel == "trades":
        return [_trade_of(arg.name, row) for row in _trades.decode(frame.data)]
    if arg.channel == "books":
        return [_book_of(arg.name, frame.action, row) for row in _books.decode(frame.data)]
    if arg.channel == "bbo-tbt":
        return [_touch_of(arg.name, row) for row in _books.decode(frame.data) if row.has_touch]
    if arg.channel == MINUTES:
        rows = _candles.decode(frame.data)
        return [CandleFrame(arg.name, r.open_ms, r.volume, r.confirm == "1") for r in rows]
    return (UnknownFrame(arg.channel),)


def _touch_of(wire: str, row: Book) -> FeedFrame:
    (bid, bid_amount, *_), (ask, ask_amount, *_) = row.bids[0], row.asks[0]
    return TouchFrame(wire, bid, bid_amount, ask, ask_amount, row.seq_id, row.ts)


def _told(frame: Frame) -> FeedFrame:
    if not frame.event:
        return MalformedFrame("neither an event nor a channel's data")
    if frame.event in {"subscribe", "unsubscribe"}:
        return CommandAnswered(str(frame.id))
    if frame.event == "error":
        return CommandAnswered(str(frame.id), f"{frame.code}: {frame.msg}")
    if frame.event == "notice" and frame.code == _RESTART_NOTICE:
        return EndAnnounced("the server restarts")
    return UnknownFrame(frame.event)


def _trade_of(wire: str, row: Trade) -> FeedFrame:
    if row.side not in {"buy", "sell"}:
        return MalformedFrame(f"trades: side {row.side!r}")
    return TradeFrame(
        wire, row.trade_id, row.count, row.price, row.amount, row.side == "sell", row.ts
    )


def _book_of(wire: str, action: str, row: Book) -> FeedFrame:
    if action not in {"snapshot", "update"}:
        return MalformedFrame(f"books: action {action!r}")
    previous = None if action == "snapshot" else row.prev_seq_id
    bids, asks = _levels(row.bids), _levels(row.asks)
    return BookFrame(wire, bids, asks, row.seq_id, previous, row.seq_id, row.ts)


def _levels(rows: list[_Row]) -> FloatLevels:
    return [(row[0], row[1]) for row in rows]


class InstrumentRow(msgspec.Struct, frozen=True, rename="camel"):
    """Of `GET /public/instruments`; empty texts are no rule."""

    inst_id: str
    base_ccy: str
    quote_ccy: str
    tick_sz: Decimal
    lot_sz: Decimal
    min_sz: Decimal
    state: str
    max_lmt_sz: str = ""
    inst_id_code: int | None = None


class TimeRow(msgspec.Struct, frozen=True):
    """Of `GET /public/time`."""

    ts: Milliseconds


class Reply(msgspec.Struct, Generic[_T], frozen=True):
    """Every REST reply. `data` may be missing with an error."""

    code: str
    msg: str = ""
    data: list[_T] | None = None


class ErrorReply(msgspec.Struct, frozen=True):
    """The envelope alone."""

    code: str
    msg: str = ""
