"""Orders: the intent, its states, and the one table of legal moves.

Invariant: an order's status changes only by a row of `TRANSITIONS`; filled never exceeds amount;
each trade id is counted once.
"""

from __future__ import annotations

from decimal import Decimal
from enum import Enum, unique

from attrs import frozen

from bot3.domain.conversion import Conversion
from bot3.domain.errors import IllegalTransitionError, OverfillError
from bot3.domain.fill import Fill
from bot3.domain.ids import ClientOrderId
from bot3.domain.values import ZERO, InstrumentId, Money, Price, Quantity, Side


@unique
class OrderType(Enum):
    """How an order meets the book."""

    LIMIT = "limit"
    POST_ONLY = "post_only"
    MARKET = "market"


@unique
class TimeInForce(Enum):
    """How long the unfilled rest lives."""

    GTC = "gtc"
    IOC = "ioc"
    FOK = "fok"


@unique
class OrderStatus(Enum):
    """Where an order is in its life."""

    PENDING = "pending"
    SUBMITTED = "submitted"
    UNKNOWN = "unknown"
    OPEN = "open"
    PARTIALLY_FILLED = "partially_filled"
    CANCEL_PENDING = "cancel_pending"
    FILLED = "filled"
    CANCELED = "canceled"
    REJECTED = "rejected"
    EXPIRED = "expired"
    DENIED = "denied"

    @property
    def is_final(self) -> bool:
        """True where no more of it can rest at the venue."""
        return self in FINAL


FINAL = frozenset(
    {
        OrderStatus.FILLED,
        OrderStatus.CANCELED,
        OrderStatus.REJECTED,
        OrderStatus.EXPIRED,
        OrderStatus.DENIED,
    }
)


@unique
class OrderInput(Enum):
    """What can happen to an order."""

    DENY = "deny"
    SEND = "send"
    ACKNOWLEDGE = "acknowledge"
    FILL_PART = "fill_part"
    FILL_REST = "fill_rest"
    ASK_CANCEL = "ask_cancel"
    CANCEL = "cancel"
    REJECT = "reject"
    EXPIRE = "expire"
    LOSE = "lose"


_S, _I = OrderStatus, OrderInput

_NOTHING = Quantity(ZERO)
_FREE = Money(ZERO)

_LIVE = {
    _I.FILL_REST: _S.FILLED,
    _I.CANCEL: _S.CANCELED,
    _I.EXPIRE: _S.EXPIRED,
    _I.LOSE: _S.UNKNOWN,
}

# A final order still takes late news: an acknowledgement that a fill overtook, and fills that
# crossed its cancellation. REJECTED and DENIED take none: a fill there is a mismatch.
_LATE = {_I.ACKNOWLEDGE: None, _I.FILL_PART: None, _I.ASK_CANCEL: None}

_MOVES: dict[OrderStatus, dict[OrderInput, OrderStatus | None]] = {
    _S.PENDING: {_I.SEND: _S.SUBMITTED, _I.DENY: _S.DENIED, _I.EXPIRE: _S.EXPIRED},
    _S.SUBMITTED: {
        **_LIVE,
        _I.ACKNOWLEDGE: _S.OPEN,
        _I.FILL_PART: _S.PARTIALLY_FILLED,
        _I.ASK_CANCEL: _S.CANCEL_PENDING,
        _I.REJECT: _S.REJECTED,
    },
    _S.UNKNOWN: {
        **_LIVE,
        _I.ACKNOWLEDGE: _S.OPEN,
        _I.FILL_PART: _S.PARTIALLY_FILLED,
        _I.ASK_CANCEL: _S.CANCEL_PENDING,
        _I.REJECT: _S.REJECTED,
    },
    _S.OPEN: {
        **_LIVE,
        _I.ACKNOWLEDGE: None,
        _I.FILL_PART: _S.PARTIALLY_FILLED,
        _I.ASK_CANCEL: _S.CANCEL_PENDING,
    },
    _S.PARTIALLY_FILLED: {
        **_LIVE,
        _I.ACKNOWLEDGE: None,
        _I.FILL_PART: None,
        _I.ASK_CANCEL: _S.CANCEL_PENDING,
    },
    _S.CANCEL_PENDING: {
        **_LIVE,
        _I.ACKNOWLEDGE: None,
        _I.FILL_PART: None,
        _I.ASK_CANCEL: None,
        _I.REJECT: _S.REJECTED,
    },
    _S.FILLED: {_I.ACKNOWLEDGE: None, _I.ASK_CANCEL: None},
    _S.CANCELED: {**_LATE, _I.FILL_REST: _S.FILLED, _I.CANCEL: None},
    _S.EXPIRED: {**_LATE, _I.FILL_REST: _S.FILLED, _I.EXPIRE: None},
    _S.REJECTED: {_I.REJECT: None},
    _S.DENIED: {},
}

TRANSITIONS: dict[tuple[OrderStatus, OrderInput], OrderStatus] = {
    (status, given): status if after is None else after
    for status, moves in _MOVES.items()
    for given, after in moves.items()
}


def next_status(status: OrderStatus, given: OrderInput) -> OrderStatus:
    """The status after `given`; raises `IllegalTransitionError` where the table has no row."""
    try:
        return TRANSITIONS[status, given]
    except KeyError:
        raise IllegalTransitionError(f"{status.value} cannot take {given.value}") from None


@frozen
class OrderIntent:
    """What we want to send, before anybody has approved it.

    `price` is None for a MARKET order; `reference_price` is the fair price at decision time;
    `deadline_ns` is when the venue itself must refuse it (its `recvWindow` or the like).
    `conversion`: of an order of a cross symbol, and of no other.
    """

    number: int
    client_order_id: ClientOrderId
    instrument: InstrumentId
    side: Side
    order_type: OrderType
    time_in_force: TimeInForce
    amount: Quantity
    price: Price | None
    reference_price: Price
    strategy: str
    created_ns: int
    deadline_ns: int
    is_reducing: bool = False
    conversion: Conversion | None = None

    @property
    def worst_price(self) -> Price:
        """The price to value it at: its limit, or the reference price of a market order."""
        return self.reference_price if self.price is None else self.price

    @property
    def notional(self) -> Money:
        """Worst price times amount, in the quote asset."""
        return self.worst_price * self.amount


@frozen
class Order:
    """One order and what has become of it. Replaced, never changed."""

    intent: OrderIntent
    status: OrderStatus = OrderStatus.PENDING
    venue_order_id: str | None = None
    filled: Quantity = _NOTHING
    cost: Money = _FREE
    trade_ids: frozenset[str] = frozenset()
    reason: str = ""

    @property
    def remaining(self) -> Quantity:
        """What is not filled yet."""
        return self.intent.amount - self.filled

    @property
    def working(self) -> Decimal:
        """What can still fill: `remaining` while live, else zero."""
        return ZERO if self.status.is_final else self.remaining.amount

    @property
    def average_price(self) -> Price | None:
        """Mean price of the fills, None before the first."""
        return None if self.filled.is_zero else Price(self.cost.amount / self.filled.amount)

    def move(
        self, given: OrderInput, *, reason: str = "", venue_order_id: str | None = None
    ) -> Order:
        """After anything but a fill; raises `IllegalTransitionError`."""
        # Spelled out: `evolve` takes four times as long, and every order moves three times.
        return Order(
            self.intent,
            next_status(self.status, given),
            venue_order_id or self.venue_order_id,
            self.filled,
            self.cost,
            self.trade_ids,
            reason or self.reason,
        )

    def fill(self, fill: Fill) -> Order:
        """After a fill; the same trade id a second time changes nothing.

        Raises `OverfillError` beyond the amount, `IllegalTransitionError` where it cannot fill.
        """
        if fill.trade_id in self.trade_ids:
            return self
        filled = self.filled + fill.amount
        if filled.amount > self.intent.amount.amount:
            raise OverfillError(f"{self.intent.client_order_id}: {filled.amount} filled")
        is_complete = filled.amount == self.intent.amount.amount
        given = OrderInput.FILL_REST if is_complete else OrderInput.FILL_PART
        return Order(
            self.intent,
            next_status(self.status, given),
            fill.venue_order_id or self.venue_order_id,
            filled,
            self.cost + fill.price * fill.amount,
            self.trade_ids | {fill.trade_id},
            self.reason,
        )
