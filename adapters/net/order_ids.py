"""Which client id an order had: the venue's trade list names orders by its own ids alone.

Invariant: bounded; the oldest order that was learned is forgotten first.
"""

from __future__ import annotations

from typing import final

from bot3.domain.ids import ClientOrderId
from bot3.domain.values import Symbol

ORDERS_MAX = 10_000


@final
class OrderIds:
    """Both directions, per symbol: order ids are unique per symbol only."""

    def __init__(self, limit: int = ORDERS_MAX) -> None:
        self._limit = limit
        self._client_ids: dict[tuple[Symbol, str], ClientOrderId] = {}
        self._venue_ids: dict[tuple[Symbol, ClientOrderId], str] = {}

    def learn(self, symbol: Symbol, venue_order_id: str, client_order_id: ClientOrderId) -> None:
        """From any reply or report that names both."""
        self._client_ids[symbol, venue_order_id] = client_order_id
        self._venue_ids[symbol, client_order_id] = venue_order_id
        while len(self._client_ids) > self._limit:
            oldest = next(iter(self._client_ids))
            self._venue_ids.pop((oldest[0], self._client_ids.pop(oldest)), None)

    def client_id(self, symbol: Symbol, venue_order_id: str) -> ClientOrderId | None:
        """None where it was never learned, or is forgotten."""
        return self._client_ids.get((symbol, venue_order_id))

    def venue_id(self, symbol: Symbol, client_order_id: ClientOrderId) -> str | None:
        """None where it was never learned, or is forgotten.

        An order without a client id goes by the venue's number: that is its name then.
        """
        found = self._venue_ids.get((symbol, client_order_id))
        return found or (client_order_id if client_order_id.isdigit() else None)
