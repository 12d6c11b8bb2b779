"""Intents with running numbers; the client order id is a function of (run, number)."""

from __future__ import annotations

from typing import final

from bot3.domain.conversion import Conversion
from bot3.domain.ids import RunId, client_order_id
from bot3.domain.order import OrderIntent
from bot3.execution.planner import PlannedOrder

SECOND_NS = 1_000_000_000


@final
class IntentMaker:
    """`next_number` comes from recovery: a number is never used twice, not even by a denied one.

    `order_lifetime_s` bounds the *request*: the venue must refuse it when it arrives later
    (`recvWindow` or the like). A resting order lives on.
    """

    def __init__(self, run: RunId, next_number: int, *, order_lifetime_s: float) -> None:
        self.run = run
        self.next_number = next_number
        self._lifetime_ns = int(order_lifetime_s * SECOND_NS)

    def make(
        self,
        planned: PlannedOrder,
        strategy: str,
        now_ns: int,
        conversion: Conversion | None = None,
    ) -> OrderIntent:
        """The next intent; one of a cross symbol has a conversion."""
        number = self.next_number
        self.next_number += 1
        return OrderIntent(
            number=number,
            client_order_id=client_order_id(self.run, number),
            instrument=planned.instrument,
            side=planned.side,
            order_type=planned.order_type,
            time_in_force=planned.time_in_force,
            amount=planned.amount,
            price=planned.price,
            reference_price=planned.reference_price,
            strategy=strategy,
            created_ns=now_ns,
            deadline_ns=now_ns + self._lifetime_ns,
            is_reducing=planned.is_reducing,
            conversion=conversion,
        )
