"""What OKX's websockets push, as texts: envelopes and the rows that REST does not have. Pure."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec

from adapters.simulated.level_windows import Levels, Sides
from adapters.simulated.market import Market, Print
from adapters.simulated.numbers import ms_text, plain
from adapters.simulated.okx.wire import Json, inst_id, order_state, public_trade
from adapters.simulated.orders import ExecutionReport

Arg = dict[str, str]
FIRST_SEQUENCE: Final = -1  # before a snapshot there is nothing


def push(arg: Arg, rows: list[Json] | list[list[str]], **more: object) -> str:
    """`{"arg":…, "data":[…]}`; `more` is an `action`, or an account's `eventType`."""
    return msgspec.json.encode({"arg": arg, **more, "data": rows}).decode()


def levels(market: Market, side: Levels) -> list[list[str]]:
    """`[price, size, "0", orders]`; a level that is gone has no orders."""
    texts = market.scale.plain_texts
    return [[*texts(ticks, lots), "0", "1" if lots else "0"] for ticks, lots in side]


def book_row(market: Market, sides: Sides, now_ns: int, sequence: int, previous: int) -> Json:
    """Of `books` and its likes; the checksum is a dead field."""
    return {
        "asks": levels(market, sides.asks),
        "bids": levels(market, sides.bids),
        "ts": ms_text(now_ns),
        "checksum": 0,
        "prevSeqId": previous,
        "seqId": sequence,
    }


def top_row(market: Market, sides: Sides, now_ns: int) -> Json:
    """Of `bbo-tbt` and `books5`: a whole book each time, as it is now."""
    return {
        "asks": levels(market, sides.asks),
        "bids": levels(market, sides.bids),
        "ts": ms_text(now_ns),
        "seqId": market.engine.update_id,
    }


def trade_row(market: Market, trade: Print) -> Json:
    """Of `trades`: here each aggregate is of one trade."""
    row = public_trade(market, trade)
    return {**row, "count": "1", "seqId": market.engine.update_id}


def order_row(report: ExecutionReport, rate: Decimal, last: Decimal) -> Json:
    """Of `orders`: the state, and what this update filled, which REST says of the last fill."""
    order, trade = report.order, report.trade
    row = order_state(order, rate)
    none = ("amendResult", "amendSource", "msg", "reqId", "algoId", "algoClOrdId", "tradeQuoteCcy")
    return {
        **row,
        **dict.fromkeys(none, ""),
        "code": "0",
        "avgPx": row["avgPx"] or "0",
        "fillSz": plain(trade.amount) if trade else "0",
        "fillPx": plain(trade.price) if trade else "",
        "fillTime": ms_text(trade.ts_ns) if trade else "",
        "fillFee": plain(-trade.commission) if trade else "0",
        "fillFeeCcy": trade.commission_asset if trade else "",
        "tradeId": str(trade.trade_id) if trade else "",
        "execType": ("M" if trade.is_maker else "T") if trade else "",
        "posSide": "",
        "lastPx": plain(last),
        "notionalUsd": "",
        "uTime": ms_text(report.ts_ns),
    }


def arg_of(channel: str, market: Market) -> Arg:
    """As a public subscription names it."""
    return {"channel": channel, "instId": inst_id(market)}
