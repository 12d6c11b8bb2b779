"""A venue's public market data, delivered to the market actors.

Invariant: events of one instrument reach its market actor in the order in which they came; an
actor that ends, for whatever reason, says so first: no book is trusted without a feed behind it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, final

import trio
from attrs import define

from bot3.domain.values import Symbol
from bot3.messages.market import FeedEvent, FeedLost, FeedRestored, ResyncBook
from bot3.ports.feed import FeedPort
from supervisors.actor import Address, EdgeActor, EdgeContext
from supervisors.clock import Clock


class Resyncs(Protocol):
    """The mailbox of resync requests."""

    async def receive(self) -> ResyncBook: ...


@define
class FeedTally:
    """Market events delivered since the process began; outlives the actor."""

    events: int = 0


@final
class FeedActor(EdgeActor):
    """Runs one feed. `routes` has a market actor per symbol; `watchers` hear of losses too."""

    def __init__(
        self,
        port: FeedPort,
        routes: Mapping[Symbol, Address[FeedEvent]],
        watchers: tuple[Address[FeedLost | FeedRestored], ...],
        resyncs: Resyncs,
        tally: FeedTally,
        clock: Clock,
    ) -> None:
        self._port = port
        self._routes = routes
        self._watchers = watchers
        self._resyncs = resyncs
        self._tally = tally
        self._clock = clock
        self._context: EdgeContext | None = None

    async def run(self, context: EdgeContext) -> None:
        self._context = context
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._serve_resyncs)
                await self._port.run(tuple(self._routes), self._publish, ready=context.ready)
                nursery.cancel_scope.cancel()
        finally:
            now_ns = self._clock.now_ns()
            self._publish(FeedLost(self._port.venue, "the feed actor ended", now_ns))

    def _publish(self, event: FeedEvent) -> None:
        if isinstance(event, FeedLost | FeedRestored):
            for market in self._routes.values():
                market.send(event)
            for watcher in self._watchers:
                watcher.send(event)
        else:
            self._tally.events += 1
            self._routes[event.instrument.symbol].send(event)
        if self._context is not None:
            self._context.progress()

    async def _serve_resyncs(self) -> None:
        while True:
            request = await self._resyncs.receive()
            self._port.resync(request.instrument.symbol, request.reason)
