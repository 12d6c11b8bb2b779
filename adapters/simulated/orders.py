"""An order at the venue as its owner sees it, and why one is refused.

Invariant: `executed` is the sum of the fills' amounts and never above `amount`.
"""

from __future__ import annotations

from decimal import Decimal
from enum import Enum, unique

from attrs import Factory, define, frozen

from bot3.domain.errors import Bot3Error, OverfillError
from bot3.domain.order import OrderType, TimeInForce
from bot3.domain.values import ZERO, Asset, Side, Symbol


@unique
class RecordStatus(Enum):
    """Where an order is in its life at the venue."""

    NEW = "NEW"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"
    EXPIRED_IN_MATCH = "EXPIRED_IN_MATCH"

    @property
    def is_open(self) -> bool:
        """True while it may rest in the book."""
        return self in {RecordStatus.NEW, RecordStatus.PARTIALLY_FILLED}


@unique
class Execution(Enum):
    """What an execution report is about."""

    NEW = "NEW"
    TRADE = "TRADE"
    AMENDED = "REPLACED"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"
    PREVENTED = "TRADE_PREVENTION"


@unique
class Refusal(Enum):
    """Why the exchange does not take a request."""

    UNKNOWN_SYMBOL = "unknown_symbol"
    PRICE_FILTER = "PRICE_FILTER"
    PERCENT_PRICE = "PERCENT_PRICE_BY_SIDE"
    LOT_SIZE = "LOT_SIZE"
    AMOUNT_TOO_SMALL = "amount_too_small"
    AMOUNT_TOO_LARGE = "amount_too_large"
    NOTIONAL = "NOTIONAL"
    MAX_NUM_ORDERS = "MAX_NUM_ORDERS"
    NOT_POSITIVE = "not_positive"
    MARKET_CLOSED = "market_closed"
    DUPLICATE_ID = "duplicate_id"
    INSUFFICIENT_BALANCE = "insufficient_balance"
    WOULD_TAKE = "would_take"
    NO_LIQUIDITY = "no_liquidity"
    UNKNOWN_ORDER = "unknown_order"
    RESTRICTED_CANCEL = "restricted_cancel"


class RefusedError(Bot3Error):
    """The exchange did nothing, for a reason of a closed set."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.value)
        self.refusal = refusal


BY_TIMER = "~timer"  # instead of a cancel request: the account's own timer did it


@frozen
class OrderRequest:
    """What a client asks for. A market order has an `amount` or a `quote_amount`, no price.

    `tag` is what it is marked with, where the venue knows marks.
    """

    symbol: Symbol
    side: Side
    kind: OrderType
    tif: TimeInForce
    client_order_id: str
    amount: Decimal = ZERO
    price: Decimal = ZERO
    quote_amount: Decimal = ZERO
    tag: str = ""


@frozen
class AccountTrade:
    """One fill of one account's order."""

    symbol: Symbol
    trade_id: int
    order_id: int
    side: Side
    price: Decimal
    amount: Decimal
    quote: Decimal
    commission: Decimal
    commission_asset: Asset
    is_maker: bool
    ts_ns: int


@define
class OrderRecord:
    """An accepted order. `held` is what is bound for it now, in quote (BUY) or base (SELL)."""

    order_id: int
    account: int
    request: OrderRequest
    amount: Decimal
    created_ns: int
    updated_ns: int
    held: Decimal = ZERO
    status: RecordStatus = RecordStatus.NEW
    executed: Decimal = ZERO
    quote_executed: Decimal = ZERO
    prevented: Decimal = ZERO
    expiry_reason: str = ""
    cancel_id: str = ""
    fills: list[AccountTrade] = Factory(list)

    @property
    def symbol(self) -> Symbol:
        """The instrument."""
        return self.request.symbol

    @property
    def remaining(self) -> Decimal:
        """What may still fill."""
        return self.amount - self.executed

    def count(self, trade: AccountTrade) -> None:
        """One fill; raises `OverfillError` where it is more than was left."""
        if trade.amount > self.remaining:
            raise OverfillError(f"order {self.order_id}: {trade.amount} filled of {self.remaining}")
        self.executed += trade.amount
        self.quote_executed += trade.quote
        self.updated_ns = trade.ts_ns
        self.fills.append(trade)


@frozen
class ExecutionReport:
    """One step of an order's life, told to its owner when it happens.

    `order` is live: read it now. `cancel_id` is the client id of the cancel request.
    """

    execution_id: int
    execution: Execution
    order: OrderRecord
    ts_ns: int
    trade: AccountTrade | None = None
    cancel_id: str = ""
    prevented: Decimal = ZERO
