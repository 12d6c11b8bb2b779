"""Bybit v5 frames of any product as normalized records: for recordings, not for trading.

Invariant: `describe` never raises, and gives at least one record for every frame. Prices and
amounts are the wire's exact decimals.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, final

import msgspec
from msgspec import field

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


class _Push(msgspec.Struct):
    topic: str
    data: Any
    kind: str = field(name="type", default="")
    ts: int | None = None
    creation_ms: int | None = field(name="creationTime", default=None)


class _Book(msgspec.Struct):
    symbol: str = field(name="s")
    bids: Levels = field(name="b")
    asks: Levels = field(name="a")
    update_id: int = field(name="u")
    sequence: int | None = field(name="seq", default=None)


class _Trade(msgspec.Struct):
    symbol: str = field(name="s")
    side: str = field(name="S")
    amount: Decimal = field(name="v")
    price: Decimal = field(name="p")
    trade_ms: int = field(name="T")
    trade_id: str = field(name="i")


class _Ticker(msgspec.Struct, rename="camel"):
    symbol: str
    last_price: Decimal | None = None
    high_price24h: Decimal | None = None
    low_price24h: Decimal | None = None
    volume24h: Decimal | None = None
    bid1_price: Decimal | None = None
    ask1_price: Decimal | None = None


class _Bar(msgspec.Struct):
    start: int
    end: int
    interval: str
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    confirm: bool
    timestamp: int


class _Order(msgspec.Struct, rename="camel"):
    symbol: str
    order_id: str
    side: str
    order_status: str
    updated_time: int
    order_link_id: str = ""
    cum_exec_qty: str = "0"


class _Execution(msgspec.Struct, rename="camel"):
    symbol: str
    order_id: str
    side: str
    exec_id: str
    exec_price: Decimal
    exec_qty: Decimal
    exec_time: int
    order_link_id: str = ""
    exec_fee: str = ""
    fee_currency: str = ""
    is_maker: bool = False
    exec_type: str = "Trade"


class _Coin(msgspec.Struct, rename="camel"):
    coin: str
    wallet_balance: str
    locked: str = ""


class _Wallet(msgspec.Struct):
    coin: list[_Coin]


@final
class BybitRecording:
    """Decodes one recording."""

    def describe(self, frame: str | bytes) -> list[Described]:
        """One websocket frame."""
        try:
            whole = msgspec.json.decode(frame)
        except DECODE_ERRORS as error:
            return [malformed(f"not JSON: {error}")]
        if not isinstance(whole, dict):
            return [unknown(f"a bare {type(whole).__name__}")]
        if "topic" not in whole:
            return [_other(whole)]
        try:
            push = msgspec.convert(whole, _Push, strict=False)
        except DECODE_ERRORS as error:
            return [malformed(f"{whole['topic']}: {error}")]
        return self._pushed(push)

    def describe_rest(self, url: str, body: str | bytes) -> list[Described]:
        """One REST reply."""
        path = url.partition("?")[0]
        try:
            msgspec.json.decode(body)
        except DECODE_ERRORS as error:
            return [malformed(f"{path}: {error}")]
        return [rest(path)]

    def _pushed(self, push: _Push) -> list[Described]:
        describe = _READERS.get(push.topic.partition(".")[0])
        if describe is None:
            return [unknown(f"topic {push.topic}")]
        items = push.data if isinstance(push.data, list) else [push.data]
        told: list[Described] = []
        for item in items:
            try:
                told += describe(push, item)
            except DESCRIBE_ERRORS as error:
                told.append(malformed(f"{push.topic}: {error}"))
        return told or [control(f"{push.topic} without data", None)]


_Read = Callable[[_Push, Any], list[Described]]


def _other(whole: dict[str, Any]) -> Described:
    number = whole.get("req_id", whole.get("reqId"))
    if "op" in whole:
        return control(str(whole["op"]), number)
    if "success" in whole or "retCode" in whole or whole.get("type") == "COMMAND_RESP":
        return control("reply", number)
    return unknown("neither a topic nor a reply")


def _book(push: _Push, item: Any) -> list[Described]:
    event = converted(item, _Book)
    if push.kind not in {"snapshot", "delta"}:
        raise ValueError(f"type {push.kind!r}: neither snapshot nor delta")
    kind = "book" if push.kind == "snapshot" else "book_change"
    return [
        {
            **head(kind, pair_of(event.symbol), push.ts),
            "channel": push.topic.rpartition(".")[0],
            "last_id": event.update_id,
            "sequence": event.sequence,
            "bids": event.bids,
            "asks": event.asks,
        }
    ]


def _trade(_push: _Push, item: Any) -> list[Described]:
    event = converted(item, _Trade)
    if not event.price:
        raise ValueError("a price of zero")
    return [
        {
            **head("trade", pair_of(event.symbol), event.trade_ms),
            "trade_id": event.trade_id,
            "price": event.price,
            "amount": event.amount,
            "side": event.side.lower(),
            "is_aggregate": False,
        }
    ]


def _ticker(push: _Push, item: Any) -> list[Described]:
    """A perpetual's delta holds only what changed; the rest is None."""
    event = converted(item, _Ticker)
    return [
        {
            **head("ticker", pair_of(event.symbol), push.ts),
            "is_delta": push.kind == "delta",
            "last": event.last_price,
            "high": event.high_price24h,
            "low": event.low_price24h,
            "volume": event.volume24h,
            "bid": event.bid1_price,
            "ask": event.ask1_price,
        }
    ]


def _bar(push: _Push, item: Any) -> list[Described]:
    event = msgspec.structs.asdict(converted(item, _Bar))
    start, end = event.pop("start"), event.pop("end")
    return [
        {
            **head("bar", pair_of(push.topic.rpartition(".")[2]), event.pop("timestamp")),
            "open_ns": start * NS_PER_MS,
            "close_ns": end * NS_PER_MS,
            "is_closed": event.pop("confirm"),
            **event,
        }
    ]


def _order(_push: _Push, item: Any) -> list[Described]:
    event = converted(item, _Order)
    return [
        {
            **head("order", pair_of(event.symbol), event.updated_time),
            "client_order_id": event.order_link_id,
            "venue_order_id": event.order_id,
            "side": event.side.lower(),
            "status": event.order_status,
            "filled": Decimal(event.cum_exec_qty or "0"),
        }
    ]


def _execution(_push: _Push, item: Any) -> list[Described]:
    event = converted(item, _Execution)
    if event.exec_type != "Trade":
        return [unknown(f"execution {event.exec_type}")]
    return [
        {
            **head("fill", pair_of(event.symbol), event.exec_time),
            "client_order_id": event.order_link_id,
            "venue_order_id": event.order_id,
            "side": event.side.lower(),
            "trade_id": event.exec_id,
            "price": event.exec_price,
            "amount": event.exec_qty,
            "fee": Decimal(event.exec_fee) if event.exec_fee else None,
            "fee_asset": event.fee_currency or None,
            "is_maker": event.is_maker,
        }
    ]


def _wallet(push: _Push, item: Any) -> list[Described]:
    held = {}
    for row in converted(item, _Wallet).coin:
        locked = Decimal(row.locked or "0")
        held[row.coin] = {"free": Decimal(row.wallet_balance or "0") - locked, "held": locked}
    return [{**head("balance", "", push.creation_ms), "symbol": None, "balances": held}]


_READERS: dict[str, _Read] = {
    "orderbook": _book,
    "publicTrade": _trade,
    "tickers": _ticker,
    "kline": _bar,
    "order": _order,
    "execution": _execution,
    "wallet": _wallet,
}
