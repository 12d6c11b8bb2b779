"""Binance frames of any age and product as normalized records: for recordings, not for trading.

Invariant: `describe` never raises, and gives at least one record for every frame. Prices and
amounts are the wire's exact decimals.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final, final

import msgspec
from msgspec import field

from adapters.binance.account_schemas import AccountPosition, ExchangeInfo, ExecutionReport
from adapters.net.described import (
    DESCRIBE_ERRORS,
    NS_PER_MS,
    Described,
    Levels,
    control,
    converted,
    head,
    malformed,
    pair_of,
    rest,
    unknown,
)
from adapters.net.frames import DECODE_ERRORS

_ENDINGS: Final = frozenset({"eventStreamTerminated", "serverShutdown", "listenKeyExpired"})


class _Trade(msgspec.Struct):
    symbol: str = field(name="s")
    price: Decimal = field(name="p")
    amount: Decimal = field(name="q")
    trade_ms: int = field(name="T")
    is_buyer_maker: bool = field(name="m")
    trade_id: int = field(name="t", default=-1)
    aggregate_id: int = field(name="a", default=-1)


class _Depth(msgspec.Struct):
    event_ms: int = field(name="E")
    symbol: str = field(name="s")
    first_id: int = field(name="U")
    last_id: int = field(name="u")
    bids: Levels = field(name="b")
    asks: Levels = field(name="a")
    previous_id: int | None = field(name="pu", default=None)


class _BookTicker(msgspec.Struct):
    update_id: int = field(name="u")
    symbol: str = field(name="s")
    bid: Decimal = field(name="b")
    bid_amount: Decimal = field(name="B")
    ask: Decimal = field(name="a")
    ask_amount: Decimal = field(name="A")
    event_ms: int | None = field(name="E", default=None)


class _Bar(msgspec.Struct):
    open_ms: int = field(name="t")
    close_ms: int = field(name="T")
    interval: str = field(name="i")
    open: Decimal = field(name="o")
    high: Decimal = field(name="h")
    low: Decimal = field(name="l")
    close: Decimal = field(name="c")
    volume: Decimal = field(name="v")
    trades: int = field(name="n")
    is_closed: bool = field(name="x")


class _Kline(msgspec.Struct):
    event_ms: int = field(name="E")
    symbol: str = field(name="s")
    bar: _Bar = field(name="k")


class _Ticker(msgspec.Struct):
    event_ms: int = field(name="E")
    symbol: str = field(name="s")
    last: Decimal = field(name="c")
    open: Decimal = field(name="o")
    high: Decimal = field(name="h")
    low: Decimal = field(name="l")
    volume: Decimal = field(name="v")


class _Snapshot(msgspec.Struct):
    last_id: int = field(name="lastUpdateId")
    bids: Levels
    asks: Levels
    event_ms: int | None = field(name="E", default=None)


@final
class BinanceRecording:
    """Decodes one recording, learning the symbols from what it finds there."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._kinds: dict[str, Callable[[Any], Described]] = {
            "trade": self._trade,
            "aggTrade": self._trade,
            "depthUpdate": self._depth,
            "bookTicker": self._quote,
            "kline": self._kline,
            "24hrTicker": self._ticker,
            "24hrMiniTicker": self._ticker,
            "executionReport": self._order,
            "outboundAccountPosition": self._balance,
        }

    def describe(self, frame: str | bytes) -> list[Described]:
        """One websocket frame."""
        try:
            whole = msgspec.json.decode(frame)
        except DECODE_ERRORS as error:
            return [malformed(f"not JSON: {error}")]
        stream = ""
        if isinstance(whole, dict) and isinstance(whole.get("data"), list):  # `!ticker@arr`
            stream, whole = str(whole.get("stream", "")), whole["data"]
        if not isinstance(whole, list):
            return [self._event(whole)]
        if not whole:
            return [unknown("an empty list")]
        return [self._data(event, stream) for event in whole]

    def describe_rest(self, url: str, body: str | bytes) -> list[Described]:
        """One REST reply: `rest`, or the book that it holds."""
        path, _, query = url.partition("?")
        try:
            if path.endswith("/exchangeInfo"):
                self._learn(msgspec.json.decode(body, type=ExchangeInfo, strict=False))
            elif path.endswith("/depth"):
                named = dict(pair.partition("=")[::2] for pair in query.split("&"))
                book = msgspec.json.decode(body, type=_Snapshot, strict=False)
                return [self._book(book, named.get("symbol", ""))]
            else:
                msgspec.json.decode(body)
        except DECODE_ERRORS as error:
            return [malformed(f"{path}: {error}")]
        return [rest(path)]

    def _learn(self, info: ExchangeInfo) -> None:
        self._names |= {row.symbol: f"{row.base_asset}/{row.quote_asset}" for row in info.symbols}

    def _symbol(self, wire: str) -> str:
        """`BTC/USDT`; a name that is no pair of a known quote stays as it is."""
        return self._names.get(wire) or pair_of(wire)

    def _event(self, event: object) -> Described:
        if not isinstance(event, dict):
            return unknown(f"a bare {type(event).__name__}")
        stream = event.get("stream")
        if isinstance(stream, str):
            return self._data(event.get("data"), stream)
        if isinstance(event.get("event"), dict):  # WS-API: {"subscriptionId": 0, "event": {…}}
            return self._data(event["event"], "")
        if "result" in event or "error" in event or "id" in event:
            return control("reply", event.get("id"))
        return self._data(event, "")

    def _data(self, data: object, stream: str) -> Described:
        if not isinstance(data, dict):
            return unknown(f"{stream or 'data'}: not an object")
        kind = data.get("e")
        if isinstance(kind, str) and kind in _ENDINGS:
            return control(kind, None)
        try:
            if kind is None:
                return self._untagged(data, stream)
            describe = self._kinds.get(str(kind))
            return unknown(f"event {kind!s}") if describe is None else describe(data)
        except DESCRIBE_ERRORS as error:
            return malformed(f"{kind or stream}: {error}")

    def _untagged(self, data: dict[str, object], stream: str) -> Described:
        if "lastUpdateId" in data:
            return self._book(converted(data, _Snapshot), stream.partition("@")[0].upper())
        if {"u", "s", "b", "B", "a", "A"} <= data.keys():
            return self._quote(data)
        return unknown(f"stream {stream}" if stream else "no kind of event is named")

    def _trade(self, data: object) -> Described:
        event = converted(data, _Trade)
        if not event.price:
            raise ValueError("a price of zero")
        is_aggregate = event.aggregate_id >= 0
        return {
            **self._head("trade", event.symbol, event.trade_ms),
            "trade_id": event.aggregate_id if is_aggregate else event.trade_id,
            "price": event.price,
            "amount": event.amount,
            "side": "sell" if event.is_buyer_maker else "buy",
            "is_aggregate": is_aggregate,
        }

    def _depth(self, data: object) -> Described:
        event = converted(data, _Depth)
        return {
            **self._head("book_change", event.symbol, event.event_ms),
            "first_id": event.first_id,
            "last_id": event.last_id,
            "previous_id": event.previous_id,
            "bids": event.bids,
            "asks": event.asks,
        }

    def _book(self, book: _Snapshot, wire: str) -> Described:
        return {
            **self._head("book", wire, book.event_ms),
            "last_id": book.last_id,
            "bids": book.bids,
            "asks": book.asks,
        }

    def _quote(self, data: object) -> Described:
        event = converted(data, _BookTicker)
        return {
            **self._head("quote", event.symbol, event.event_ms),
            "update_id": event.update_id,
            "bid": event.bid,
            "bid_amount": event.bid_amount,
            "ask": event.ask,
            "ask_amount": event.ask_amount,
        }

    def _kline(self, data: object) -> Described:
        event = converted(data, _Kline)
        bar = msgspec.structs.asdict(event.bar)
        open_ms, close_ms = bar.pop("open_ms"), bar.pop("close_ms")
        start = self._head("bar", event.symbol, event.event_ms)
        return {**start, "open_ns": open_ms * NS_PER_MS, "close_ns": close_ms * NS_PER_MS, **bar}

    def _ticker(self, data: object) -> Described:
        event = converted(data, _Ticker)
        body = msgspec.structs.asdict(event)
        wire, event_ms = body.pop("symbol"), body.pop("event_ms")
        return {**self._head("ticker", wire, event_ms), **body}

    def _order(self, data: object) -> Described:
        event = converted(data, ExecutionReport)
        filled = event.execution == "TRADE"
        body: Described = {
            **self._head("fill" if filled else "order", event.symbol, event.transaction_ms),
            "client_order_id": event.original_id or event.client_id,
            "venue_order_id": str(event.order_id),
            "side": event.side.lower(),
            "status": event.status.lower(),
            "execution": event.execution.lower(),
            "filled": event.filled,
        }
        if filled:
            body |= {
                "trade_id": event.trade_id,
                "price": event.last_price,
                "amount": event.last_amount,
                "fee": event.fee,
                "fee_asset": event.fee_asset,
                "is_maker": event.is_maker,
            }
        return body

    def _balance(self, data: object) -> Described:
        event = converted(data, AccountPosition)
        held = {row.asset: {"free": row.free, "held": row.locked} for row in event.balances}
        return {
            "type": "balance",
            "symbol": None,
            "ts_venue_ns": event.update_ms * NS_PER_MS,
            "balances": held,
        }

    def _head(self, kind: str, wire: str, ts_ms: int | None) -> Described:
        return head(kind, self._symbol(wire), ts_ms)
