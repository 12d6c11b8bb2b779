"""A venue's order entry: takes approved orders, cancels and queries; outcomes become events.

Invariant: every request ends in exactly one event: acknowledged, rejected or outcome unknown (fills
and the rest come by the private stream). A cancel never waits behind an order. Whether the venue
answered is told of every call.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, assert_never, final

import trio

from bot3.domain.errors import OrderRejectedError, OutcomeUnknownError, VenueError
from bot3.domain.ids import ClientOrderId
from bot3.messages.healing import VenueCall, VenueCallEnded
from bot3.messages.orders import (
    CancelFailed,
    CancelOrder,
    OrderAcknowledged,
    OrderEvent,
    OrderOutcomeUnknown,
    OrderRejected,
    QueryAnswered,
    QueryOrder,
    SubmitOrder,
    VenueOrder,
)
from bot3.ports.venue import VenuePort
from bot3.services.call_tally import CallTally
from supervisors.actor import Address, EdgeActor, EdgeContext
from supervisors.clock import Clock

EntryRequest = SubmitOrder | CancelOrder | QueryOrder
QUERY_PAUSE_S = 1.0


class Requests(Protocol):
    """The mailbox of order-entry requests."""

    async def receive(self) -> EntryRequest: ...


@final
class OrderEntryActor(EdgeActor):
    """Up to `in_flight_max` requests at once; each has the port's own deadline."""

    def __init__(
        self,
        port: VenuePort,
        requests: Requests,
        publish: Callable[[OrderEvent], None],
        answers: Address[QueryAnswered],
        watcher: Address[VenueCallEnded],
        clock: Clock,
        tally: CallTally,
        *,
        in_flight_max: int = 16,
    ) -> None:
        self._port = port
        self._requests = requests
        self._publish = publish
        self._answers = answers
        self._watcher = watcher
        self._clock = clock
        self._tally = tally
        self._slots = trio.CapacityLimiter(in_flight_max)
        self._asking: set[ClientOrderId] = set()

    async def run(self, context: EdgeContext) -> None:
        context.ready()
        async with trio.open_nursery() as nursery:
            while True:
                request = await self._requests.receive()
                context.progress()
                nursery.start_soon(self._serve, request)

    async def _serve(self, request: EntryRequest) -> None:
        match request:
            case SubmitOrder():
                async with self._slots:
                    await self._submit(request)
            case CancelOrder():
                await self._cancel(request)
            case QueryOrder(client_order_id=key) if key not in self._asking:
                self._asking.add(key)
                await self._query(request)
                self._asking.remove(key)
            case QueryOrder():
                pass  # is being asked: execution repeats itself, the venue is asked once a second
            case _:
                assert_never(request)

    async def _submit(self, request: SubmitOrder) -> None:
        intent = request.approved.intent
        if self._clock.now_ns() > intent.deadline_ns:
            reason = "older than its deadline before it was sent"
            self._publish(self._rejected(intent.client_order_id, request, "local", reason))
            return
        started_ns = self._clock.monotonic_ns()
        try:
            found = await self._port.submit(request.approved)
        except OrderRejectedError as error:
            self._publish(self._rejected(intent.client_order_id, request, error.code, error.reason))
            if self._clock.now_ns() < intent.deadline_ns:  # else it may be our own refusal
                self._tell(VenueCall.SUBMIT)
        except (OutcomeUnknownError, VenueError) as error:
            self._publish(
                OrderOutcomeUnknown(
                    intent.client_order_id, intent.instrument, str(error), self._clock.now_ns()
                )
            )
            self._tell(VenueCall.SUBMIT, error)
        else:
            self._tally.acknowledged(self._clock.monotonic_ns() - started_ns)
            self._publish(self._acknowledged(intent.client_order_id, found))
            self._tell(VenueCall.SUBMIT)

    def _tell(self, call: VenueCall, error: Exception | None = None) -> None:
        self._tally.ended(is_answered=error is None)
        problem = "" if error is None else str(error) or type(error).__name__
        self._watcher.send(VenueCallEnded(self._port.venue, call, problem))

    def _rejected(
        self, client_order_id: ClientOrderId, request: SubmitOrder, code: str, reason: str
    ) -> OrderRejected:
        instrument = request.approved.intent.instrument
        return OrderRejected(client_order_id, instrument, code, reason, self._clock.now_ns())

    def _acknowledged(self, client_order_id: ClientOrderId, found: VenueOrder) -> OrderAcknowledged:
        return OrderAcknowledged(
            client_order_id,
            found.instrument,
            found.venue_order_id,
            found.ts_venue_ns,
            self._clock.now_ns(),
        )

    async def _cancel(self, request: CancelOrder) -> None:
        try:
            await self._port.cancel(request.instrument.symbol, request.client_order_id)
        except (OrderRejectedError, OutcomeUnknownError, VenueError) as error:
            self._publish(
                CancelFailed(
                    request.client_order_id, request.instrument, str(error), self._clock.now_ns()
                )
            )
            self._tell(VenueCall.CANCEL, None if isinstance(error, OrderRejectedError) else error)
        else:
            self._tell(VenueCall.CANCEL)

    async def _query(self, request: QueryOrder) -> None:
        """Asks until the venue knows it, or until `deadline_ns` makes its absence final."""
        while True:
            try:
                found = await self._port.query(request.instrument.symbol, request.client_order_id)
            except (OrderRejectedError, OutcomeUnknownError, VenueError) as error:
                self._tell(VenueCall.QUERY, error)
                await trio.sleep(QUERY_PAUSE_S)  # not an answer: ask again
                continue
            self._tell(VenueCall.QUERY)
            if found is not None or self._clock.now_ns() > request.deadline_ns:
                self._answers.send(
                    QueryAnswered(
                        request.client_order_id, request.instrument, found, self._clock.now_ns()
                    )
                )
                return
            await trio.sleep(QUERY_PAUSE_S)
