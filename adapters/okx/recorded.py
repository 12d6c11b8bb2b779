"""OKX frames of any age and product as normalized records: for recordings, not for trading.

Invariant: `describe` never raises, and gives at least one record for every frame. Prices and
amounts are the wire's exact decimals.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final, final

import msgspec
from msgspec import field

from adapters.net.described import (
    DESCRIBE_ERRORS,
    Described,
    control,
    converted,
    head,
    malformed,
    rest,
    unknown,
)
from adapters.net.frames import DECODE_ERRORS

# [price, amount, a count that is zero since 2021, orders]; older frames have four, `books-full` 3.
_Rows = list[list[str | int]]
_WHOLE_BOOKS: Final = frozenset({"books5", "books-full"})
_TRADES: Final = frozenset({"trades", "trades-all"})


class _Trade(msgspec.Struct, rename="camel"):
    trade_id: str
    price: Decimal = field(name="px")
    amount: Decimal = field(name="sz")
    side: str
    ts: int
    count: int = 1


class _Ticker(msgspec.Struct, rename="camel"):
    last: Decimal
    ts: int
    open: Decimal = field(name="open24h")
    high: Decimal = field(name="high24h")
    low: Decimal = field(name="low24h")
    volume: Decimal = field(name="vol24h")


class _Book(msgspec.Struct, rename="camel"):
    bids: _Rows
    asks: _Rows
    ts: int
    seq_id: int | None = None
    prev_seq_id: int | None = None
    checksum: int | None = None


class _Order(msgspec.Struct, rename="camel"):
    inst_id: str
    ord_id: str
    side: str
    state: str
    u_time: int
    cl_ord_id: str = ""
    acc_fill_sz: str = "0"
    fill_px: str = ""
    fill_sz: str = ""
    trade_id: str = ""
    fill_time: str = ""
    fill_fee: str = ""
    fill_fee_ccy: str = ""
    exec_type: str = ""


class _Detail(msgspec.Struct, rename="camel"):
    ccy: str
    cash_bal: str = "0"
    avail_bal: str = ""
    frozen_bal: str = ""


class _Account(msgspec.Struct, rename="camel"):
    u_time: int
    details: list[_Detail]


@final
class OkxRecording:
    """Decodes one recording."""

    def describe(self, frame: str | bytes) -> list[Described]:
        """One websocket frame."""
        text = frame.encode() if isinstance(frame, str) else frame
        if text.strip() in {b"ping", b"pong"}:
            return [control(text.strip().decode(), None)]
        try:
            whole = msgspec.json.decode(text)
        except DECODE_ERRORS as error:
            return [malformed(f"not JSON: {error}")]
        if not isinstance(whole, dict):
            return [unknown(f"a bare {type(whole).__name__}")]
        if "event" in whole or "op" in whole:
            return [control(str(whole.get("event", whole.get("op"))), whole.get("id"))]
        argument, data = whole.get("arg"), whole.get("data")
        if not isinstance(argument, dict) or not isinstance(data, list):
            return [unknown("neither an event nor a channel's data")]
        return self._pushed(argument, str(whole.get("action", "")), data)

    def describe_rest(self, url: str, body: str | bytes) -> list[Described]:
        """One REST reply."""
        path = url.partition("?")[0]
        try:
            msgspec.json.decode(body)
        except DECODE_ERRORS as error:
            return [malformed(f"{path}: {error}")]
        return [rest(path)]

    def _pushed(self, argument: dict[str, Any], action: str, data: list[Any]) -> list[Described]:
        channel, symbol = str(argument.get("channel")), symbol_of(str(argument.get("instId", "")))
        describe = _reader(channel)
        if describe is None:
            return [unknown(f"channel {channel}")]
        told: list[Described] = []
        for item in data:
            try:
                told += describe(channel, symbol, action, item)
            except DESCRIBE_ERRORS as error:
                told.append(malformed(f"{channel}: {error}"))
        return told or [control(f"{channel} without data", None)]


_Read = Callable[[str, str, str, Any], list[Described]]


def symbol_of(wire: str) -> str:
    """`BTC-USDT` as `BTC/USDT`; an instrument that is no spot pair stays as it is."""
    parts = wire.split("-")
    return "/".join(parts) if len(parts) == 2 else wire


def _reader(channel: str) -> _Read | None:
    if channel in _TRADES:
        return _trade
    if channel == "bbo-tbt":
        return _quote
    if channel.startswith("books"):
        return _book
    if channel.startswith("candle"):
        return _bar
    known: dict[str, _Read] = {"tickers": _ticker, "orders": _order, "account": _account}
    return known.get(channel)


def _trade(_channel: str, symbol: str, _action: str, item: Any) -> list[Described]:
    event = converted(item, _Trade)
    if not event.price:
        raise ValueError("a price of zero")
    return [
        {
            **head("trade", symbol, event.ts),
            "trade_id": event.trade_id,
            "price": event.price,
            "amount": event.amount,
            "side": event.side,
            "is_aggregate": event.count > 1,
        }
    ]


def _ticker(_channel: str, symbol: str, _action: str, item: Any) -> list[Described]:
    event = msgspec.structs.asdict(converted(item, _Ticker))
    return [{**head("ticker", symbol, event.pop("ts")), **event}]


def _levels(rows: _Rows) -> list[tuple[Decimal, Decimal]]:
    levels = [(Decimal(row[0]), Decimal(row[1])) for row in rows]
    for price, amount in levels:
        if not (price.is_finite() and price > 0 and amount.is_finite() and amount >= 0):
            raise ValueError(f"[{price}, {amount}] is no level of a book")
    return levels


def _book(channel: str, symbol: str, action: str, item: Any) -> list[Described]:
    event = converted(item, _Book)
    is_whole = channel in _WHOLE_BOOKS or action == "snapshot"
    if not is_whole and action != "update":
        raise ValueError(f"action {action!r}: neither snapshot nor update")
    return [
        {
            **head("book" if is_whole else "book_change", symbol, event.ts),
            "channel": channel,
            "last_id": event.seq_id,
            "previous_id": event.prev_seq_id,
            "checksum": event.checksum,
            "bids": _levels(event.bids),
            "asks": _levels(event.asks),
        }
    ]


def _quote(_channel: str, symbol: str, _action: str, item: Any) -> list[Described]:
    event = converted(item, _Book)
    bids, asks = _levels(event.bids), _levels(event.asks)
    bid, ask = (side[0] if side else (None, None) for side in (bids, asks))
    return [
        {
            **head("quote", symbol, event.ts),
            "update_id": event.seq_id,
            "bid": bid[0],
            "bid_amount": bid[1],
            "ask": ask[0],
            "ask_amount": ask[1],
        }
    ]


def _bar(channel: str, symbol: str, _action: str, item: Any) -> list[Described]:
    """`[open ms, o, h, l, c, volume, …, confirm]`; before 2022 rows had no `confirm`."""
    row = msgspec.convert(item, list[str], strict=False)
    if len(row) < 6:
        raise ValueError(f"a candle of {len(row)} fields")
    names = ("open", "high", "low", "close", "volume")
    values = dict(zip(names, map(Decimal, row[1:6]), strict=True))
    if not all(value.is_finite() and value >= 0 for value in values.values()):
        raise ValueError(f"no candle: {row}")
    return [
        {
            **head("bar", symbol, None),
            "interval": channel.removeprefix("candle"),
            "open_ns": int(row[0]) * 1_000_000,
            **values,
            "is_closed": row[8] == "1" if len(row) > 8 else None,
        }
    ]


def _order(_channel: str, _symbol: str, _action: str, item: Any) -> list[Described]:
    """An order's push is its state, and a fill where it names a trade."""
    event = converted(item, _Order)
    body: Described = {
        **head("order", symbol_of(event.inst_id), event.u_time),
        "client_order_id": event.cl_ord_id,
        "venue_order_id": event.ord_id,
        "side": event.side,
        "status": event.state,
        "filled": Decimal(event.acc_fill_sz or "0"),
    }
    if not event.trade_id or not Decimal(event.fill_sz or "0"):
        return [body]
    fee = Decimal(event.fill_fee or "0")
    fill: Described = {
        **body,
        **head("fill", symbol_of(event.inst_id), int(event.fill_time or event.u_time)),
        "trade_id": event.trade_id,
        "price": Decimal(event.fill_px),
        "amount": Decimal(event.fill_sz),
        "fee": -fee,  # negative on the wire where it was paid
        "fee_asset": event.fill_fee_ccy or None,
        "is_maker": event.exec_type == "M",
    }
    return [body, fill]


def _account(_channel: str, _symbol: str, _action: str, item: Any) -> list[Described]:
    event = converted(item, _Account)
    held = {
        row.ccy: {
            "free": Decimal(row.avail_bal or row.cash_bal),
            "held": Decimal(row.frozen_bal or "0"),
        }
        for row in event.details
    }
    return [{**head("balance", "", event.u_time), "symbol": None, "balances": held}]
