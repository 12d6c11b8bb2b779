"""What rests at the venues without being ours: told when it changes, and adopted where wanted.

Invariant: nothing is adopted of which anything was filled, or that was not there, as it is, at the
look before: whatever fills from then on is ours from its first fill.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, final

from bot3.domain.ids import ClientOrderId
from bot3.domain.order import OrderIntent, OrderStatus, OrderType, TimeInForce
from bot3.domain.values import InstrumentId, Side, VenueName
from bot3.messages.orders import ForeignOrdersSeen, OpenOrdersFetched, OrderAdopted, VenueOrder

ADOPTED: Final = "adopted"  # in the place of a strategy's name


@final
class ForeignOrders:
    """Of every venue, as of its last look."""

    def __init__(
        self, *, is_adopting: bool, crosses: frozenset[InstrumentId] = frozenset()
    ) -> None:
        self._is_adopting, self._crosses = is_adopting, crosses
        self._seen: dict[VenueName, frozenset[str]] = {}

    def look(
        self, fetched: OpenOrdersFetched, is_known: Callable[[ClientOrderId], bool]
    ) -> list[ForeignOrdersSeen | OrderAdopted]:
        """What follows from a look at all that rests on a venue."""
        foreign = [o for o in fetched.orders if not is_known(ClientOrderId(o.client_order_id))]
        before = self._seen.get(fetched.venue, frozenset())
        taken = [o for o in foreign if o.venue_order_id in before and self._is_adoptable(o)]
        left = tuple(order for order in foreign if order not in taken)
        news: list[ForeignOrdersSeen | OrderAdopted] = [
            OrderAdopted(intent_of(order, fetched.ts_local_ns), order.venue_order_id)
            for order in taken
        ]
        ids = frozenset(order.venue_order_id for order in left)
        if ids != before:
            self._seen[fetched.venue] = ids
            news.append(ForeignOrdersSeen(fetched.venue, left, fetched.ts_local_ns))
        return news

    def _is_adoptable(self, order: VenueOrder) -> bool:
        is_whole = order.status is OrderStatus.OPEN and order.filled.is_zero
        # Nobody says what a foreign order of a cross symbol does to the positions of its assets.
        is_home = order.instrument not in self._crosses
        return self._is_adopting and is_home and is_whole and order.price is not None


def intent_of(order: VenueOrder, now_ns: int) -> OrderIntent:
    """As if we had sent it now."""
    assert order.price is not None
    return OrderIntent(
        number=0,
        client_order_id=ClientOrderId(order.client_order_id),
        instrument=order.instrument,
        side=order.side,
        order_type=OrderType.LIMIT,
        time_in_force=TimeInForce.GTC,
        amount=order.amount,
        price=order.price,
        reference_price=order.price,
        strategy=ADOPTED,
        created_ns=now_ns,
        deadline_ns=now_ns,
        is_reducing=order.side is Side.SELL,
    )
