"""A venue's private stream, and the reconciliation that fills its gaps.

Invariant: after every gap of the stream the fills since its loss are fetched and published again;
consumers count each trade id once, so a fill seen twice changes nothing. It is ready, and says that
the account is there, only when the first reconciliation is done. Once a minute it tells what rests
on the account, for whoever knows which of it is ours.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Protocol, final

import trio

from bot3.domain.errors import OrderRejectedError, OutcomeUnknownError, VenueError
from bot3.domain.values import Symbol
from bot3.messages.account import FetchFills, Reconcile
from bot3.messages.orders import (
    AccountEvent,
    AccountLost,
    AccountRestored,
    BalanceChanged,
    OpenOrdersFetched,
    OrderFilled,
)
from bot3.ports.venue import VenuePort
from bot3.services.together import together
from supervisors.actor import Address, EdgeActor, EdgeContext
from supervisors.clock import Clock

RETRY_PAUSE_S = 1.0
LOOK_INTERVAL_S = 60.0  # for orders that are not ours
# The venue's clock may be this far from ours, and its database this far behind its stream.
LOOK_BACK_NS = 5_000_000_000


class FetchRequests(Protocol):
    """The mailbox of requests for missing fills, and for the whole account."""

    async def receive(self) -> FetchFills | Reconcile: ...


@final
class AccountActor(EdgeActor):
    """Publishes everything that happens to one account; at first what happened since `since_ns`."""

    def __init__(
        self,
        port: VenuePort,
        symbols: Sequence[Symbol],
        requests: FetchRequests,
        publish: Callable[[AccountEvent], None],
        clock: Clock,
        *,
        since_ns: int,
        rests: Address[OpenOrdersFetched],
    ) -> None:
        self._rests = rests
        self._port = port
        self._symbols = symbols
        self._requests = requests
        self._publish = publish
        self._clock = clock
        self._since_ns = since_ns
        self._gap_ends, self._gaps = trio.open_memory_channel[AccountRestored](64)
        self._context: EdgeContext | None = None

    async def run(self, context: EdgeContext) -> None:
        self._context = context
        is_connected = trio.Event()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._stream, is_connected, nursery.cancel_scope)
            await is_connected.wait()
            await self._until_answered(partial(self._fetch_all, self._since_ns))
            context.ready()
            nursery.start_soon(self._serve_requests)
            nursery.start_soon(self._look_at_rests)
            await self._serve_gaps()

    async def _stream(self, is_connected: trio.Event, scope: trio.CancelScope) -> None:
        try:
            await self._port.run_account(self._symbols, self._heard, ready=is_connected.set)
        except Exception as error:
            if is_connected.is_set():  # a gap like any other, until the next incarnation is ready
                self._publish(AccountLost(self._port.venue, str(error), self._clock.now_ns()))
            raise
        scope.cancel()

    def _heard(self, event: AccountEvent) -> None:
        """A restored stream is news only when what was missed has been published."""
        if isinstance(event, AccountRestored):
            self._gap_ends.send_nowait(event)
        else:
            self._publish(event)
        if self._context is not None:
            self._context.progress()

    async def _serve_gaps(self) -> None:
        async for restored in self._gaps:
            if restored.lost_ns:  # the first connection's news was waiting for our start's fetch
                await self._until_answered(partial(self._fetch_all, restored.lost_ns))
            self._publish(restored)

    async def _serve_requests(self) -> None:
        while True:
            request = await self._requests.receive()
            if isinstance(request, Reconcile):
                await self._until_answered(partial(self._fetch_all, request.since_ns))
                continue
            await self._until_answered(
                partial(self._fetch_fills, request.instrument.symbol, request.since_ns)
            )

    async def _look_at_rests(self) -> None:
        """Not urgent: what is not answered now is asked for the next time."""
        while True:
            try:
                found = [await self._port.open_orders(symbol) for symbol in self._symbols]
            except (OrderRejectedError, OutcomeUnknownError, VenueError):
                pass
            else:
                orders = tuple(order for each in found for order in each)
                now_ns = self._clock.now_ns()
                self._rests.send(OpenOrdersFetched(self._port.venue, orders, now_ns))
            await trio.sleep(LOOK_INTERVAL_S)

    async def _until_answered(self, ask: Callable[[], Awaitable[None]]) -> None:
        """Again and again: what was missed must be known. Each call has the port's deadline."""
        while True:
            try:
                await ask()
            except (OrderRejectedError, OutcomeUnknownError, VenueError):
                await trio.sleep(RETRY_PAUSE_S)
            else:
                return

    async def _fetch_all(self, since_ns: int) -> None:
        await together([partial(self._fetch_fills, each, since_ns) for each in self._symbols])
        balances = tuple(await self._port.balances())
        now_ns = self._clock.now_ns()
        self._publish(BalanceChanged(self._port.venue, balances, now_ns, now_ns))

    async def _fetch_fills(self, symbol: Symbol, since_ns: int) -> None:
        for fill in await self._port.fills_since(symbol, max(0, since_ns - LOOK_BACK_NS)):
            self._publish(OrderFilled(fill))
