"""Our orders as an operator sees them: the last ones, those that live, how the others ended.

Invariant: what lives is counted as such until it is closed, also where its line was let go.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from typing import Final

import msgspec
from attrs import Factory, define

from bot3.domain.order import OrderIntent, OrderStatus
from bot3.messages.account import OrderClosed
from bot3.messages.orders import OrderDenied
from bot3.telemetry.lines import order_line
from bot3.telemetry.status import OrderStatusLine

RECENT: Final = 12


@define
class OrdersCard:
    """By client id; `closed` by status, `denials` by reason."""

    live: dict[str, OrderStatus] = Factory(dict)
    recent: OrderedDict[str, OrderStatusLine] = Factory(OrderedDict)
    closed: Counter[str] = Factory(Counter)
    denials: Counter[str] = Factory(Counter)

    def show(self, intent: OrderIntent, status: OrderStatus, reason: str = "") -> None:
        """One that is new here."""
        if not status.is_final:
            self.live[intent.client_order_id] = status
        self.recent[intent.client_order_id] = order_line(intent, status, reason)
        while len(self.recent) > RECENT:
            self.recent.popitem(last=False)

    def update(self, client_order_id: str, status: OrderStatus) -> None:
        """Of one that lives."""
        if client_order_id in self.live:
            self.live[client_order_id] = status
            self._replace(client_order_id, status=status.value)

    def close(self, closed: OrderClosed) -> None:
        """It lives no more."""
        self.live.pop(closed.client_order_id, None)
        status = closed.status.value
        self.closed[status] += 1
        self._replace(
            closed.client_order_id, status=status, filled=closed.filled, reason=closed.reason
        )

    def deny(self, denied: OrderDenied) -> None:
        """It never lived."""
        self.denials[denied.denial.reason.value] += 1
        self.closed[OrderStatus.DENIED.value] += 1
        reason = f"{denied.denial.reason.value}: {denied.denial.detail}"
        self.show(denied.intent, OrderStatus.DENIED, reason)

    def _replace(self, client_order_id: str, **changes: object) -> None:
        line = self.recent.get(client_order_id)
        if line is not None:
            self.recent[client_order_id] = msgspec.structs.replace(line, **changes)
