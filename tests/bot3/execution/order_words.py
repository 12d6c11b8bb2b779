"""Words about orders that the order manager's tests share."""

from __future__ import annotations

from bot3.domain.order import OrderStatus
from bot3.domain.values import Price, Quantity, Side
from bot3.execution.orders import OrderManager
from bot3.messages.account import FetchFills, OrderClosed
from bot3.messages.orders import (
    OrderEvent,
    OrderFilled,
    QueryOrder,
    VenueOrder,
)
from tests.bot3.making import (
    KEY,
    SECOND_NS,
    START_NS,
    d,
    id_of,
    make_fill,
    make_intent,
)

S = OrderStatus
DEADLINE_NS = START_NS + 5 * SECOND_NS
QUERY = QueryOrder(KEY, id_of(), DEADLINE_NS + 12 * SECOND_NS)
FETCH = FetchFills(KEY, START_NS - 2 * SECOND_NS, f"of {id_of()}")


def opened(count: int = 1, amount: str = "3", **changes: object) -> OrderManager:
    manager = OrderManager()
    for number in range(1, count + 1):
        manager.open(make_intent(number, amount=amount, **changes), START_NS)
    return manager


def filled(trade: str, number: int = 1, amount: str = "1") -> OrderFilled:
    return OrderFilled(make_fill(trade, number, amount=amount))


def feed(manager: OrderManager, *events: OrderEvent) -> list[object]:
    return [each for event in events for each in manager.apply(event, START_NS)]


def status(manager: OrderManager, number: int = 1) -> OrderStatus:
    order = manager.get(id_of(number))
    assert order is not None
    return order.status


def closed(state: OrderStatus, amount: str, reason: str = "") -> OrderClosed:
    return OrderClosed(id_of(), KEY, state, d(amount), reason)


def answer(state: OrderStatus, amount: str = "0") -> VenueOrder:
    total = Quantity(d(amount))
    return VenueOrder(
        id_of(), "v1", KEY, Side.BUY, state, Quantity(d(3)), total, Price(d(100)), START_NS
    )
