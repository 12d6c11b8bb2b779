"""The rows of an account's report, and the report itself, as it is written and printed."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from bot3.domain.fill import Fill
from bot3.domain.order import Order
from bot3.portfolio.group_figures import GroupFigures


class OrderLine(msgspec.Struct, frozen=True):
    """One order of ours as the journal has it; amounts in base."""

    client_order_id: str
    venue_order_id: str | None
    venue: str
    symbol: str
    side: str
    order_type: str
    status: str
    amount: Decimal
    filled: Decimal
    price: Decimal | None
    average_price: Decimal | None
    strategy: str
    created_ns: int
    reason: str


class FillRow(msgspec.Struct, frozen=True):
    """One fill, once, however often it was reported."""

    trade_id: str
    client_order_id: str
    venue: str
    symbol: str
    side: str
    price: Decimal
    amount: Decimal
    fee: Decimal
    fee_asset: str
    liquidity: str
    strategy: str
    ts_ns: int


class PositionRow(msgspec.Struct, frozen=True):
    """The sum of our fills, and what they realized net of fees in base and quote."""

    venue: str
    symbol: str
    amount: Decimal
    average_price: Decimal | None
    realized: Decimal


class Profit(msgspec.Struct, frozen=True):
    """Of closed trades, in the quote asset of each symbol; fees by the asset charged."""

    realized: dict[str, Decimal]
    fees: dict[str, Decimal]
    fills: int


class AccountReport(msgspec.Struct, frozen=True):
    """The whole account. `equity` is the last one marked, None before the first."""

    account: str
    data_source: str
    runs: int
    first_ns: int
    last_ns: int
    orders: tuple[OrderLine, ...]
    fills: tuple[FillRow, ...]
    positions: tuple[PositionRow, ...]
    balances: dict[str, dict[str, dict[str, Decimal]]]
    equity: Decimal | None
    peak: Decimal | None
    drawdown: float
    is_halted: bool
    halt_reason: str
    mismatches: tuple[str, ...]
    profit: Profit
    strategies: dict[str, Profit]
    anomalies: int
    foreign_orders: tuple[str, ...]
    groups: GroupFigures = GroupFigures()


def order_line_of(order: Order) -> OrderLine:
    """As a row."""
    intent, average = order.intent, order.average_price
    return OrderLine(
        client_order_id=intent.client_order_id,
        venue_order_id=order.venue_order_id,
        venue=intent.instrument.venue,
        symbol=intent.instrument.symbol,
        side=intent.side.value,
        order_type=intent.order_type.value,
        status=order.status.value,
        amount=intent.amount.amount,
        filled=order.filled.amount,
        price=None if intent.price is None else intent.price.amount,
        average_price=None if average is None else average.amount,
        strategy=intent.strategy,
        created_ns=intent.created_ns,
        reason=order.reason,
    )


def fill_row_of(fill: Fill, strategy: str) -> FillRow:
    """As a row; `strategy` is that of its order."""
    return FillRow(
        trade_id=fill.trade_id,
        client_order_id=fill.client_order_id,
        venue=fill.instrument.venue,
        symbol=fill.instrument.symbol,
        side=fill.side.value,
        price=fill.price.amount,
        amount=fill.amount.amount,
        fee=fill.fee,
        fee_asset=fill.fee_asset,
        liquidity=fill.liquidity.value,
        strategy=strategy,
        ts_ns=fill.ts_venue_ns,
    )
