"""What execution asks to be done. The shell sends each where its kind says.

`ProposeOrder` to risk; `Submission` to the journal, which delivers the order after the commit;
`CancelOrder`, `QueryOrder` to the venue's order entry; `FetchFills` to its reconciler;
`Deduced` to the journal, which delivers it as if the venue had said it; `OrderClosed` to risk;
`OrderAnomaly`, `ForeignOrder` to whoever watches; `ArbitrageClosed` to the journal and to whoever
watches.
"""

from __future__ import annotations

from attrs import frozen

from bot3.domain.ids import ClientOrderId
from bot3.domain.order import OrderStatus
from bot3.domain.values import InstrumentId
from bot3.messages.account import FetchFills, OrderClosed
from bot3.messages.arbitrage import ArbitrageClosed
from bot3.messages.orders import (
    CancelOrder,
    IntentRecorded,
    OrderEvent,
    ProposeOrder,
    QueryOrder,
    SubmitOrder,
)

OUT_OF_PATIENCE = "out of patience"  # why a resting order is cancelled when its time is over


@frozen
class Submission:
    """The record must be durable before `submit` leaves."""

    record: IntentRecorded
    submit: SubmitOrder


@frozen
class Deduced:
    """An event that follows from an answer to a query: durable before it is acted on."""

    event: OrderEvent


@frozen
class OrderAnomaly:
    """News that the order cannot take; its state is as before. Fills count as positions anyway."""

    client_order_id: ClientOrderId
    instrument: InstrumentId
    status: OrderStatus
    detail: str


@frozen
class ForeignOrder:
    """News about an order that we do not know: not ours, or forgotten long ago (`is_own_id`)."""

    client_order_id: str
    instrument: InstrumentId
    is_own_id: bool


FollowUp = QueryOrder | FetchFills | OrderClosed | Deduced | OrderAnomaly | ForeignOrder
Action = FollowUp | ProposeOrder | Submission | CancelOrder | ArbitrageClosed
