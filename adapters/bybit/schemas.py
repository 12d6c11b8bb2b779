"""Bybit's public wire: topics and market data by REST (bybit.md, 3 to 6).

Invariant: prices are positive and finite, amounts finite and not negative; market data becomes
floats in the decoder. `decode_feed` returns something for every input whatever.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Generic, TypeVar

import msgspec
from msgspec import Meta, field

from adapters.net.feed_frames import (
    BookFrame,
    CandleFrame,
    CommandAnswered,
    FeedFrame,
    Pong,
    TouchFrame,
    TradeFrame,
)
from adapters.net.frames import DECODE_ERRORS, MalformedFrame, UnknownFrame

PriceFloat = Annotated[float, Meta(gt=0, lt=1e15)]
AmountFloat = Annotated[float, Meta(ge=0, lt=1e18)]
Milliseconds = Annotated[int, Meta(ge=0, lt=10**14)]
_T = TypeVar("_T")


class Trade(msgspec.Struct, frozen=True):
    """Of `publicTrade`; the side is the taker's."""

    trade_id: int = field(name="i")
    price: PriceFloat = field(name="p")
    amount: AmountFloat = field(name="v")
    side: str = field(name="S")
    symbol: str = field(name="s")
    trade_ms: Milliseconds = field(name="T")


class Book(msgspec.Struct, frozen=True):
    """Of `orderbook`: `u` counts up by one per message, and is 1 after a restart."""

    symbol: str = field(name="s")
    bids: list[tuple[PriceFloat, AmountFloat]] = field(name="b")
    asks: list[tuple[PriceFloat, AmountFloat]] = field(name="a")
    number: Annotated[int, Meta(ge=0)] = field(name="u")
    sequence: int = field(name="seq", default=0)


class Candle(msgspec.Struct, frozen=True):
    """Of `kline.1`."""

    open_ms: Milliseconds = field(name="start")
    volume: AmountFloat
    is_closed: bool = field(name="confirm")


class Frame(msgspec.Struct, frozen=True):
    """Any frame; `data` is read by topic."""

    topic: str = ""
    type: str = ""
    ts: Milliseconds = 0
    data: msgspec.Raw = msgspec.Raw()
    op: str = ""
    success: bool = True
    ret_msg: str = ""
    req_id: str = ""


_frames = msgspec.json.Decoder(Frame, strict=False)
_trades = msgspec.json.Decoder(list[Trade], strict=False)
_books = msgspec.json.Decoder(Book, strict=False)
_candles = msgspec.json.Decoder(list[Candle], strict=False)
TOUCH, MINUTES = "orderbook.1", "kline.1"


def decode_feed(text: str | bytes) -> Sequence[FeedFrame]:
    """One frame of `/v5/public/spot`. Never raises."""
    try:
        frame = _frames.decode(text)
        return _rows(frame) if frame.topic else (_told(frame),)
    except DECODE_ERRORS as error:
        return (MalformedFrame(str(error)),)


def _rows(frame: Frame) -> Sequence[FeedFrame]:
    topic, _, wire = frame.topic.rpartition(".")
    if topic == "publicTrade":
        return [_trade_of(row) for row in _trades.decode(frame.data)]
    if topic == TOUCH:
        return _touches_of(frame, _books.decode(frame.data))
    if topic.startswith("orderbook."):
        return (_book_of(frame, _books.decode(frame.data)),)
    if topic == MINUTES:
        rows = _candles.decode(frame.data)
        return [CandleFrame(wire, row.open_ms, row.volume, row.is_closed) for row in rows]
    return (UnknownFrame(frame.topic),)


def _touches_of(frame: Frame, row: Book) -> Sequence[FeedFrame]:
    """Each frame is whole; one with an empty side tells no touch."""
    if not (row.bids and row.asks):
        return ()
    (bid, bid_amount), (ask, ask_amount) = row.bids[0], row.asks[0]
    return (TouchFrame(row.symbol, bid, bid_amount, ask, ask_amount, row.sequence, frame.ts),)


def _told(frame: Frame) -> FeedFrame:
    if frame.ret_msg == "pong" or frame.op == "pong":
        return Pong()
    if frame.op in {"subscribe", "unsubscribe"}:
        return CommandAnswered(frame.req_id, "" if frame.success else frame.ret_msg or "failed")
    if not frame.op:
        return MalformedFrame("neither an answer nor a topic's data")
    return UnknownFrame(frame.op)


def _trade_of(row: Trade) -> FeedFrame:
    if row.side not in {"Buy", "Sell"}:
        return MalformedFrame(f"publicTrade: side {row.side!r}")
    return TradeFrame(
        row.symbol, row.trade_id, 0, row.price, row.amount, row.side == "Sell", row.trade_ms
    )


def _book_of(frame: Frame, row: Book) -> FeedFrame:
    if frame.type not in {"snapshot", "delta"}:
        return MalformedFrame(f"orderbook: type {frame.type!r}")
    is_whole = frame.type == "snapshot" or row.number == 1
    previous = None if is_whole else row.number - 1
    return BookFrame(row.symbol, row.bids, row.asks, row.number, previous, row.sequence, frame.ts)


class LotFilter(msgspec.Struct, frozen=True, rename="camel"):
    """Of an instrument."""

    base_precision: Decimal
    min_order_amt: Decimal
    min_order_qty: Decimal = Decimal(0)
    max_limit_order_qty: str = ""
    max_order_qty: str = ""


class PriceFilter(msgspec.Struct, frozen=True, rename="camel"):
    """Of an instrument."""

    tick_size: Decimal


class InstrumentRow(msgspec.Struct, frozen=True, rename="camel"):
    """Of `GET /v5/market/instruments-info`."""

    symbol: str
    base_coin: str
    quote_coin: str
    status: str
    lot_size_filter: LotFilter
    price_filter: PriceFilter


class KlineRow(msgspec.Struct, frozen=True, array_like=True):
    """`[start, open, high, low, close, volume, turnover]`."""

    open_ms: Milliseconds
    open: PriceFloat
    high: PriceFloat
    low: PriceFloat
    close: PriceFloat
    volume: AmountFloat
    turnover: AmountFloat


class TimeResult(msgspec.Struct, frozen=True, rename="camel"):
    """Of `GET /v5/market/time`."""

    time_nano: int


class Page(msgspec.Struct, Generic[_T], frozen=True, rename="camel"):
    """A `result` that is a list; the cursor comes percent-encoded, and goes back as it is."""

    rows: list[_T] = field(name="list")
    next_page_cursor: str = ""


class Envelope(msgspec.Struct, frozen=True, rename="camel"):
    """Every REST reply."""

    ret_code: int
    ret_msg: str = ""
    result: msgspec.Raw = msgspec.Raw()
