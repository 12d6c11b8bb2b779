"""Bybit's account wire: orders, executions, wallet, REST and `/v5/private` (bybit.md, 8 to 10).

Invariant: money is `Decimal` or the wire's text, which is empty where there is nothing.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec


class OrderRow(msgspec.Struct, frozen=True, rename="camel"):
    """An order's whole state, cumulative; `qty` is in quote for a market order by value."""

    order_id: str
    symbol: str
    side: str
    order_status: str
    qty: Decimal
    cum_exec_qty: Decimal
    updated_time: int
    order_link_id: str = ""
    price: str = ""
    cancel_type: str = ""
    reject_reason: str = ""


class ExecutionRow(msgspec.Struct, frozen=True, rename="camel"):
    """One fill; the fee is positive where it was paid."""

    symbol: str
    order_id: str
    side: str
    exec_id: str
    exec_price: Decimal
    exec_qty: Decimal
    exec_fee: Decimal
    exec_time: int
    is_maker: bool
    order_link_id: str = ""
    fee_currency: str = ""
    exec_type: str = "Trade"


class CoinRow(msgspec.Struct, frozen=True, rename="camel"):
    """One coin: the wallet includes what open orders lock."""

    coin: str
    wallet_balance: Decimal
    locked: str = ""


class WalletRow(msgspec.Struct, frozen=True, rename="camel"):
    """Of `GET /v5/account/wallet-balance` and `wallet`."""

    coin: list[CoinRow]


class OrderNamed(msgspec.Struct, frozen=True, rename="camel"):
    """An acknowledgement."""

    order_id: str
    order_link_id: str = ""


class PrivateFrame(msgspec.Struct, frozen=True, rename="camel"):
    """Any frame of `/v5/private`; `data` is read by topic."""

    topic: str = ""
    creation_time: int = 0
    data: msgspec.Raw = msgspec.Raw()
    op: str = ""
    success: bool = True
    ret_msg: str = msgspec.field(name="ret_msg", default="")


class TradeFrame(msgspec.Struct, frozen=True, rename="camel"):
    """Any frame of `/v5/trade`."""

    op: str = ""
    req_id: str = ""
    ret_code: int = 0
    ret_msg: str = ""
    data: msgspec.Raw = msgspec.Raw()
    header: dict[str, str] = {}
