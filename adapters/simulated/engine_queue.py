"""The way of an order from the gate into the matching engine, which may be a long one.

Invariant: an order that waits is nowhere to be seen: it binds no balance, answers no query, cannot
be canceled. When it arrives it is an order like any other, and may be refused like any other;
that its client id has been used by an order that is final by now is no reason to.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import final

from adapters.simulated.checks import check_filters
from adapters.simulated.exchange import Exchange
from adapters.simulated.faults import CallLater
from adapters.simulated.orders import OrderRecord, OrderRequest, RefusedError
from bot3.domain.errors import Bot3Error

PlaceOrder = Callable[[int, OrderRequest], OrderRecord]


class OrderQueuedError(Bot3Error):
    """Past the gate; what becomes of the order is not known yet."""


@final
class EngineQueue:
    """In front of one exchange. `delay_next` makes the next accepted order a late one."""

    def __init__(self, exchange: Exchange, call_later: CallLater) -> None:
        self._exchange, self._call_later = exchange, call_later
        self._next_delay_s: float | None = None
        self.waiting: dict[int, OrderRequest] = {}
        self.arrived = 0
        self.refused = 0
        self._queued = 0

    def delay_next(self, delay_s: float) -> None:
        """The next order that comes here arrives that much later."""
        self._next_delay_s = delay_s

    def take_back(self) -> bool:
        """True where no order has come for the delay; then none will have it."""
        is_unused = self._next_delay_s is not None
        self._next_delay_s = None
        return is_unused

    def place(self, account: int, request: OrderRequest) -> OrderRecord:
        """`Exchange.place`, or the filters alone and then `OrderQueuedError`."""
        delay_s = self._next_delay_s
        if delay_s is None:
            return self._exchange.place(account, request)
        check_filters(self._exchange.market(request.symbol), request)
        self._next_delay_s = None
        self._queued += 1
        self.waiting[self._queued] = request
        self._call_later(delay_s, partial(self._arrive, self._queued, account))
        raise OrderQueuedError(request.client_order_id)

    def _arrive(self, number: int, account: int) -> None:
        request = self.waiting.pop(number)
        try:
            self._exchange.place(account, request)
        except RefusedError:
            self.refused += 1
        else:
            self.arrived += 1
