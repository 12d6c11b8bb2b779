"""Binance's account wire: orders, fills, balances, instruments (user-data-stream.md, rest-api.md).

Invariant: money is `Decimal`, read from the wire's strings. `decode_account` returns a value for
every input whatever, as `adapters.binance.schemas.decode_stream` does.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec
from msgspec import field

from adapters.binance.schemas import StreamError
from adapters.net.frames import DECODE_ERRORS, MalformedFrame, UnknownFrame

ZERO = Decimal(0)
_WEIGHT = "REQUEST_WEIGHT"


class ExecutionReport(msgspec.Struct, frozen=True, tag_field="e", tag="executionReport"):
    """What happened to an order. On CANCELED, `client_id` is the cancel's, `original_id` ours."""

    symbol: str = field(name="s")
    client_id: str = field(name="c")
    side: str = field(name="S")
    execution: str = field(name="x")
    status: str = field(name="X")
    order_id: int = field(name="i")
    transaction_ms: int = field(name="T")
    filled: Decimal = field(name="z")
    original_id: str = field(name="C", default="")
    reject_reason: str = field(name="r", default="NONE")
    last_amount: Decimal = field(name="l", default=ZERO)
    last_price: Decimal = field(name="L", default=ZERO)
    fee: Decimal = field(name="n", default=ZERO)
    fee_asset: str | None = field(name="N", default=None)
    trade_id: int = field(name="t", default=-1)
    is_maker: bool = field(name="m", default=False)


class StreamBalance(msgspec.Struct, frozen=True):
    """One asset of `outboundAccountPosition`, absolute."""

    asset: str = field(name="a")
    free: Decimal = field(name="f")
    locked: Decimal = field(name="l")


class AccountPosition(msgspec.Struct, frozen=True, tag_field="e", tag="outboundAccountPosition"):
    """The balances that a transaction may have touched."""

    update_ms: int = field(name="u")
    balances: list[StreamBalance] = field(name="B")


class BalanceUpdate(msgspec.Struct, frozen=True, tag_field="e", tag="balanceUpdate"):
    """A deposit, withdrawal or transfer: a delta, so the balances must be asked for."""

    asset: str = field(name="a")


class StreamTerminated(msgspec.Struct, frozen=True, tag_field="e", tag="eventStreamTerminated"):
    """The subscription is over."""


class ApiShutdown(msgspec.Struct, frozen=True, tag_field="e", tag="serverShutdown"):
    """The server goes away: reconnect at once."""


class ApiReply(msgspec.Struct, frozen=True):
    """The answer to a WS-API request."""

    id: int | str | None
    status: int
    error: StreamError | None


AccountWire = ExecutionReport | AccountPosition | BalanceUpdate | StreamTerminated | ApiShutdown
AccountFrame = AccountWire | ApiReply | UnknownFrame | MalformedFrame


class _Frame(msgspec.Struct, frozen=True):
    event: AccountWire | None = None
    id: int | str | None = None
    status: int = 0
    error: StreamError | None = None


class _Kind(msgspec.Struct, frozen=True):
    e: str


class _Envelope(msgspec.Struct, frozen=True):
    event: _Kind


_frames = msgspec.json.Decoder(_Frame)
_envelopes = msgspec.json.Decoder(_Envelope)
_USED = frozenset(
    str(kind.__struct_config__.tag)
    for kind in (ExecutionReport, AccountPosition, BalanceUpdate, StreamTerminated, ApiShutdown)
)


def decode_account(text: str | bytes) -> AccountFrame:
    """One frame of the WS-API. Never raises."""
    try:
        frame = _frames.decode(text)
    except DECODE_ERRORS as error:
        return _other(text, error)
    if frame.event is not None:
        return frame.event
    if frame.status:
        return ApiReply(frame.id, frame.status, frame.error)
    return MalformedFrame("neither an event nor a reply")


def _other(text: str | bytes, error: Exception) -> UnknownFrame | MalformedFrame:
    try:
        kind = _envelopes.decode(text).event.e
    except DECODE_ERRORS:
        return MalformedFrame(str(error))
    return MalformedFrame(f"{kind}: {error}") if kind in _USED else UnknownFrame(kind)


class OrderReply(msgspec.Struct, frozen=True, rename="camel"):
    """An order object: a placement's RESULT, a cancellation, or the answer to a query."""

    symbol: str
    order_id: int
    client_order_id: str
    side: str
    type: str
    status: str
    price: Decimal
    orig_qty: Decimal
    executed_qty: Decimal
    orig_client_order_id: str = ""
    transact_time: int = 0
    update_time: int = 0
    time: int = 0


class UsedLimit(msgspec.Struct, frozen=True, rename="camel"):
    """How much of a limit is used, as WS-API replies say."""

    rate_limit_type: str = ""
    count: int = 0


class OrderAnswer(msgspec.Struct, frozen=True, rename="camel"):
    """The answer of the WS-API to an order operation."""

    status: int
    id: int | str | None = None
    result: OrderReply | None = None
    error: StreamError | None = None
    rate_limits: list[UsedLimit] = field(default_factory=list)

    @property
    def used_weight(self) -> int | None:
        """None where the venue does not say."""
        used = [each.count for each in self.rate_limits if each.rate_limit_type == _WEIGHT]
        return used[0] if used else None


class CanceledReply(msgspec.Struct, frozen=True, rename="camel"):
    """One element of cancel-all's reply; order lists carry `order_reports` instead of an id."""

    order_id: int = 0
    orig_client_order_id: str = ""
    order_reports: list[OrderReply] = field(default_factory=list)


class MyTrade(msgspec.Struct, frozen=True, rename="camel"):
    """A row of `GET /api/v3/myTrades`."""

    id: int
    order_id: int
    price: Decimal
    qty: Decimal
    commission: Decimal
    commission_asset: str
    time: int
    is_buyer: bool
    is_maker: bool


class AccountBalance(msgspec.Struct, frozen=True):
    """One asset of `GET /api/v3/account`."""

    asset: str
    free: Decimal
    locked: Decimal


class AccountReply(msgspec.Struct, frozen=True, rename="camel"):
    """`GET /api/v3/account`."""

    balances: list[AccountBalance]
    update_time: int = 0


class Filter(msgspec.Struct, frozen=True, rename="camel"):
    """Any filter of exchangeInfo; a bound of zero is no rule."""

    filter_type: str
    min_price: Decimal = ZERO
    max_price: Decimal = ZERO
    tick_size: Decimal = ZERO
    min_qty: Decimal = ZERO
    max_qty: Decimal = ZERO
    step_size: Decimal = ZERO
    min_notional: Decimal = ZERO
    max_notional: Decimal = ZERO


class SymbolInfo(msgspec.Struct, frozen=True, rename="camel"):
    """A symbol of exchangeInfo."""

    symbol: str
    status: str
    base_asset: str
    quote_asset: str
    filters: list[Filter]


class RateLimit(msgspec.Struct, frozen=True, rename="camel"):
    """A limit of exchangeInfo."""

    rate_limit_type: str = ""
    interval: str = ""
    interval_num: int = 0
    limit: int = 0


class ExchangeInfo(msgspec.Struct, frozen=True, rename="camel"):
    """`GET /api/v3/exchangeInfo`."""

    symbols: list[SymbolInfo]
    rate_limits: list[RateLimit] = field(default_factory=list)

    @property
    def weight_per_minute(self) -> int:
        """The venue's request weight of one minute, 0 where it does not say."""
        for limit in self.rate_limits:
            if (limit.rate_limit_type, limit.interval, limit.interval_num) == (
                "REQUEST_WEIGHT",
                "MINUTE",
                1,
            ):
                return max(limit.limit, 0)
        return 0
