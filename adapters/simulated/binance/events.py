"""Binance's user data events: execution reports and account positions. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from adapters.simulated.binance.wire import (
    STP_MODE,
    TYPE_NAMES,
    ZERO_TEXT,
    Json,
    decimal_text,
    ms,
    wire_symbol,
)
from adapters.simulated.orders import Execution, ExecutionReport
from bot3.domain.order import OrderType
from bot3.domain.values import Asset


def account_position(balances: Sequence[tuple[Asset, Decimal, Decimal]], ts_ns: int) -> Json:
    """`outboundAccountPosition`; balances are (asset, free, held)."""
    return {
        "e": "outboundAccountPosition",
        "E": ms(ts_ns),
        "u": ms(ts_ns),
        "B": [
            {"a": asset, "f": decimal_text(free), "l": decimal_text(held)}
            for asset, free, held in balances
        ],
    }


def execution_report(report: ExecutionReport) -> Json:
    """`executionReport`; call it at once, it reads the live order."""
    order, request = report.order, report.order.request
    is_cancel = report.execution is Execution.CANCELED
    event: Json = {
        "e": "executionReport",
        "E": ms(report.ts_ns),
        "s": wire_symbol(order),
        "c": report.cancel_id if is_cancel else request.client_order_id,
        "S": request.side.name,
        "o": TYPE_NAMES[request.kind],
        "f": request.tif.name,
        "q": decimal_text(order.amount),
        "p": decimal_text(request.price),
        "P": ZERO_TEXT,
        "F": ZERO_TEXT,
        "g": -1,
        "C": request.client_order_id if is_cancel else "",
        "x": report.execution.value,
        "X": order.status.value,
        "r": "NONE",
        "i": order.order_id,
        **_last_fill(report),
        "z": decimal_text(order.executed),
        "Z": decimal_text(order.quote_executed),
        "T": ms(report.ts_ns),
        "I": report.execution_id,
        "w": order.status.is_open and request.kind is not OrderType.MARKET,
        "O": ms(order.created_ns),
        "Q": decimal_text(request.quote_amount),
        "W": ms(order.created_ns),
        "V": STP_MODE,
    }
    if report.execution is Execution.PREVENTED:
        event |= {"v": report.execution_id, "A": decimal_text(order.prevented)}
        event["B"] = decimal_text(report.prevented)
    if order.expiry_reason:
        event["eR"] = order.expiry_reason
    return event


def _last_fill(report: ExecutionReport) -> Json:
    trade = report.trade
    return {
        "l": decimal_text(trade.amount) if trade else ZERO_TEXT,
        "L": decimal_text(trade.price) if trade else ZERO_TEXT,
        "n": decimal_text(trade.commission) if trade else "0",
        "N": trade.commission_asset if trade else None,
        "t": trade.trade_id if trade else -1,
        "m": trade is not None and trade.is_maker,
        "M": trade is not None,
        "Y": decimal_text(trade.quote) if trade else ZERO_TEXT,
    }
