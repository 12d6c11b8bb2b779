"""A venue's private stream, and the reconciliation that fills its gaps.

Invariant: after every gap of the stream the fills since its loss are fetched and published again;
consumers count each trade id once, so a fill seen twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, final

import trio

from bot3.domain.errors import OrderRejectedError, OutcomeUnknownError, VenueError
from bot3.domain.values import Symbol
from bot3.messages.orders import (
    AccountEvent,
    AccountRestored,
    BalanceChanged,
    OrderFilled,
    ReconcileAccount,
)
from bot3.ports.venue import VenuePort
from supervisors.actor import EdgeActor, EdgeContext
from supervisors.clock import Clock

RETRY_PAUSE_S = 1.0
# The venue's clock may be this far from ours, and its database this far behind its stream.
LOOK_BACK_NS = 5_000_000_000


class ReconcileRequests(Protocol):
    """The mailbox of reconciliation requests."""

    async def receive(self) -> ReconcileAccount: ...


@final
class AccountActor(EdgeActor):
    """Publishes everything that happens to one account."""

    def __init__(
        self,
        port: VenuePort,
        symbols: Sequence[Symbol],
        requests: ReconcileRequests,
        publish: Callable[[AccountEvent], None],
        clock: Clock,
    ) -> None:
        self._port = port
        self._symbols = symbols
        self._requests = requests
        self._publish = publish
        self._clock = clock
        self._gap_ends, self._gaps = trio.open_memory_channel[int](16)
        self._context: EdgeContext | None = None

    async def run(self, context: EdgeContext) -> None:
        self._context = context
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._serve_requests)
            nursery.start_soon(self._serve_gaps)
            await self._port.run_account(self._symbols, self._heard, ready=context.ready)
            nursery.cancel_scope.cancel()

    def _heard(self, event: AccountEvent) -> None:
        self._publish(event)
        if isinstance(event, AccountRestored) and event.lost_ns:
            self._gap_ends.send_nowait(event.lost_ns)
        if self._context is not None:
            self._context.progress()

    async def _serve_gaps(self) -> None:
        async for lost_ns in self._gaps:
            await self._reconcile(lost_ns)

    async def _serve_requests(self) -> None:
        while True:
            request = await self._requests.receive()
            await self._reconcile(request.since_ns)

    async def _reconcile(self, since_ns: int) -> None:
        """Again and again until the venue answers: what was missed must be known."""
        while True:
            try:
                await self._fetch(max(0, since_ns - LOOK_BACK_NS))
            except (OrderRejectedError, OutcomeUnknownError, VenueError):
                await trio.sleep(RETRY_PAUSE_S)
            else:
                return

    async def _fetch(self, since_ns: int) -> None:
        for symbol in self._symbols:
            for fill in await self._port.fills_since(symbol, since_ns):
                self._publish(OrderFilled(fill))
        balances = tuple(await self._port.balances())
        now_ns = self._clock.now_ns()
        self._publish(BalanceChanged(self._port.venue, balances, now_ns, now_ns))
