"""OKX's account wire: orders, fills, balances, by REST and on `/private` (okx.md, 7 and 8).

Invariant: money is `Decimal` or the wire's text, which is empty where there is nothing.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from adapters.okx.schemas import Arg


class OrderRow(msgspec.Struct, frozen=True, rename="camel"):
    """An order's state. On the stream the fill is this update's, by REST the last one's."""

    inst_id: str
    ord_id: str
    side: str
    state: str
    sz: Decimal
    acc_fill_sz: Decimal
    u_time: int
    cl_ord_id: str = ""
    px: str = ""
    cancel_source: str = ""
    fill_sz: str = ""
    fill_px: str = ""
    fill_time: str = ""
    fill_fee: str = ""
    fill_fee_ccy: str = ""
    trade_id: str = ""
    exec_type: str = ""


class OrderItem(msgspec.Struct, frozen=True, rename="camel"):
    """The verdict on one order of a request: an acknowledgement, not an outcome."""

    s_code: str
    s_msg: str = ""
    ord_id: str = ""
    cl_ord_id: str = ""
    ts: int = 0


class FillRow(msgspec.Struct, frozen=True, rename="camel"):
    """Of `GET /trade/fills`; the fee is negative where it was paid."""

    inst_id: str
    trade_id: str
    bill_id: str
    ord_id: str
    side: str
    fill_px: Decimal
    fill_sz: Decimal
    fee: Decimal
    fee_ccy: str
    exec_type: str
    ts: int
    fill_time: str = ""
    cl_ord_id: str = ""


class BalanceDetail(msgspec.Struct, frozen=True, rename="camel"):
    """One currency: cash is what is available and what is frozen."""

    ccy: str
    avail_bal: Decimal
    frozen_bal: Decimal


class AccountRow(msgspec.Struct, frozen=True, rename="camel"):
    """Of `GET /account/balance` and `account`."""

    u_time: int
    details: list[BalanceDetail]


class PrivateFrame(msgspec.Struct, frozen=True):
    """Any frame of `/private`; `data` is read by channel, or by operation."""

    arg: Arg | None = None
    data: msgspec.Raw = msgspec.Raw()
    event: str = ""
    id: str | int = ""
    op: str = ""
    code: str = ""
    msg: str = ""


class OrderReply(msgspec.Struct, frozen=True):
    """The answer to an operation by websocket."""

    code: str
    data: list[OrderItem]
    msg: str = ""
