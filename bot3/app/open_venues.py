"""The configured venues, open for a command that only looks: embedded ones run while it does."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial

import trio
from attrs import frozen

from adapters.net.network import SocketNetwork
from bot3.app.run import embedded_of, modes_of, new_run_id
from bot3.app.settings import Config
from bot3.app.venues import Surroundings, VenueAccess, build_venues, closing
from bot3.domain.values import VenueName
from supervisors.clock import Clock, SystemClock
from supervisors.entropy import Entropy


@frozen
class OpenVenues:
    """`source` says whose data it is."""

    source: str
    access: Mapping[VenueName, VenueAccess]
    clock: Clock


@asynccontextmanager
async def open_venues(config: Config, environ: Mapping[str, str]) -> AsyncIterator[OpenVenues]:
    """Nothing is traded on them; they are closed on the way out."""
    clock, entropy, network = SystemClock(), Entropy(config.system.seed), SocketNetwork()
    run = new_run_id(clock.now_ns())
    embedded = await embedded_of(config, run, network=network, clock=clock, entropy=entropy)
    source = modes_of(config) if embedded is None else embedded.data_source
    async with trio.open_nursery() as nursery:
        if embedded is not None:
            for exchange, listener in zip(embedded.exchanges, embedded.listeners, strict=True):
                nursery.start_soon(partial(exchange.run, listener, ready=nothing))
        around = Surroundings(network, clock, entropy, environ)
        access = build_venues(config, {} if embedded is None else embedded.venues, around)
        async with closing(access):
            yield OpenVenues(source, access, clock)
        nursery.cancel_scope.cancel()


def nothing() -> None:
    """Nobody waits."""
