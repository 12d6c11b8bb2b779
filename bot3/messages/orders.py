"""The order path: sized targets, intents, answers of the gate, and what venues report."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from bot3.domain.account import Balance
from bot3.domain.approval import ApprovedOrder
from bot3.domain.fill import Fill
from bot3.domain.ids import ClientOrderId
from bot3.domain.instrument import Instrument
from bot3.domain.order import OrderIntent, OrderStatus
from bot3.domain.refusal import Denial
from bot3.domain.values import InstrumentId, Price, Quantity, Side, VenueName

DEAD_MAN = "the venue's dead-man's switch"  # why an order was canceled


class TargetSized(msgspec.Struct, frozen=True):
    """Risk's answer to a target: the position to hold, in base asset (spot: never negative).

    An urgent one is worked across the spread at once. The targets of a symbol's venues are worked
    together: `position_max` is how much of the sum may be held on this one (0: its own position).
    """

    instrument: InstrumentId
    strategy: str
    position: Decimal
    ts_ns: int
    origin_ns: int
    is_urgent: bool = False
    position_max: Decimal = Decimal(0)


class ProposeOrder(msgspec.Struct, frozen=True):
    """Execution asks the gate."""

    intent: OrderIntent
    origin_ns: int


class OrderApproved(msgspec.Struct, frozen=True):
    """The gate's yes."""

    approved: ApprovedOrder
    origin_ns: int


class OrderDenied(msgspec.Struct, frozen=True, tag=True):
    """The gate's no."""

    intent: OrderIntent
    denial: Denial
    ts_ns: int


class IntentRecorded(msgspec.Struct, frozen=True, tag=True):
    """An approved intent, written to the journal before the wire."""

    intent: OrderIntent
    ts_ns: int


class SubmitOrder(msgspec.Struct, frozen=True):
    """To a venue's order entry."""

    approved: ApprovedOrder
    origin_ns: int


class CancelOrder(msgspec.Struct, frozen=True):
    """To a venue's order entry."""

    instrument: InstrumentId
    client_order_id: ClientOrderId
    reason: str


class QueryOrder(msgspec.Struct, frozen=True):
    """To a venue's order entry: ask until the outcome is known."""

    instrument: InstrumentId
    client_order_id: ClientOrderId
    deadline_ns: int


class OrderAcknowledged(msgspec.Struct, frozen=True, tag=True):
    """The venue took it."""

    client_order_id: ClientOrderId
    instrument: InstrumentId
    venue_order_id: str
    ts_venue_ns: int
    ts_local_ns: int


class OrderFilled(msgspec.Struct, frozen=True, tag=True):
    """The venue executed part or all of it."""

    fill: Fill


class OrderCanceled(msgspec.Struct, frozen=True, tag=True):
    """The venue took it off the book; `filled` is the venue's total before that.

    `reason` is empty where nobody but us asked for it.
    """

    client_order_id: ClientOrderId
    instrument: InstrumentId
    filled: Quantity
    ts_venue_ns: int
    ts_local_ns: int
    reason: str = ""


class OrderExpired(msgspec.Struct, frozen=True, tag=True):
    """The venue let the rest lapse (IOC, FOK, its own rules)."""

    client_order_id: ClientOrderId
    instrument: InstrumentId
    filled: Quantity
    ts_venue_ns: int
    ts_local_ns: int


class OrderRejected(msgspec.Struct, frozen=True, tag=True):
    """The venue certainly did not execute it."""

    client_order_id: ClientOrderId
    instrument: InstrumentId
    code: str
    reason: str
    ts_local_ns: int


class OrderOutcomeUnknown(msgspec.Struct, frozen=True, tag=True):
    """Nobody knows yet: ask by client id until known."""

    client_order_id: ClientOrderId
    instrument: InstrumentId
    reason: str
    ts_local_ns: int


class CancelFailed(msgspec.Struct, frozen=True, tag=True):
    """A cancel did not take: the order may have filled; ask."""

    client_order_id: ClientOrderId
    instrument: InstrumentId
    reason: str
    ts_local_ns: int


class BalanceChanged(msgspec.Struct, frozen=True, tag=True):
    """The venue's absolute balances of some assets."""

    venue: VenueName
    balances: tuple[Balance, ...]
    ts_venue_ns: int
    ts_local_ns: int


class AccountLost(msgspec.Struct, frozen=True, tag=True):
    """The private stream is down: events may be missed until it is back."""

    venue: VenueName
    reason: str
    ts_local_ns: int


class AccountRestored(msgspec.Struct, frozen=True, tag=True):
    """The private stream is up: reconcile what was missed since `lost_ns` (0: from the start)."""

    venue: VenueName
    lost_ns: int
    ts_local_ns: int


class DeadManChanged(msgspec.Struct, frozen=True, tag=True):
    """A venue's dead-man's switch is armed, or cannot be (any more), and why; `is_overdue` once it
    was tried in vain for too long: whoever trusts in it should know.
    """

    venue: VenueName
    is_armed: bool
    detail: str
    ts_ns: int
    is_overdue: bool = False


class InstrumentsLoaded(msgspec.Struct, frozen=True):
    """What a venue trades, and by which filters."""

    venue: VenueName
    instruments: tuple[Instrument, ...]


class VenueOrder(msgspec.Struct, frozen=True):
    """An order as the venue reports it when asked; `reason` as of `OrderCanceled`."""

    client_order_id: str
    venue_order_id: str
    instrument: InstrumentId
    side: Side
    status: OrderStatus
    amount: Quantity
    filled: Quantity
    price: Price | None
    ts_venue_ns: int
    reason: str = ""


class OpenOrdersFetched(msgspec.Struct, frozen=True):
    """Everything that rests on an account's symbols, ours and not."""

    venue: VenueName
    orders: tuple[VenueOrder, ...]
    ts_local_ns: int


class ForeignOrdersSeen(msgspec.Struct, frozen=True, tag=True):
    """What rests there without being ours, left alone; replaces what was said of it before."""

    venue: VenueName
    orders: tuple[VenueOrder, ...]
    ts_ns: int

    @property
    def words(self) -> tuple[str, ...]:
        """One each: `binance BTC/USDT buy 1 at 100 (id x)`."""
        return tuple(
            f"{self.venue} {order.instrument.symbol} {order.side.value}"
            f" {order.amount.amount - order.filled.amount}"
            f" at {'market' if order.price is None else order.price.amount}"
            f" (id {order.client_order_id or order.venue_order_id})"
            for order in self.orders
        )


class OrderAdopted(msgspec.Struct, frozen=True, tag=True):
    """A foreign order is ours from now on: counted, cancelled where it serves no target."""

    intent: OrderIntent
    venue_order_id: str


class BalanceAdopted(msgspec.Struct, frozen=True, tag=True):
    """Coins beyond our positions are one from now on; `fill`: what buying them would have been."""

    fill: Fill


class QueryAnswered(msgspec.Struct, frozen=True):
    """What the venue says of one order; None where it knows no such order (yet)."""

    client_order_id: ClientOrderId
    instrument: InstrumentId
    order: VenueOrder | None
    ts_local_ns: int


Adopted = OrderAdopted | BalanceAdopted
OrderEvent = (
    OrderAcknowledged
    | OrderFilled
    | OrderCanceled
    | OrderExpired
    | OrderRejected
    | OrderOutcomeUnknown
    | CancelFailed
)
AccountEvent = OrderEvent | BalanceChanged | AccountLost | AccountRestored | DeadManChanged
