"""The embedded exchange as an actor: one simulated market and its wire front on a loopback port.

Invariant: the exchange's books and accounts outlive its server's restarts, and so does its port.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import final

import trio
from adapters.simulated.embedded import EmbeddedExchange, EmbeddedSettings

from adapters.net.network import Network, SocketNetwork
from bot3.app.settings import Config
from bot3.app.venues import EmbeddedVenue
from bot3.domain.errors import UnavailableError
from bot3.domain.values import Asset, Symbol, decimal_of
from supervisors.actor import EdgeActor, EdgeContext
from supervisors.clock import Clock
from supervisors.entropy import Entropy


async def listen(network: SocketNetwork, config: Config) -> trio.SocketListener:
    """The exchange's listener; raises `UnavailableError` for a taken port or an unknown host."""
    host, port = config.simulation.host, config.simulation.port
    try:
        return await network.listen(host, port)
    except OSError as error:
        raise UnavailableError(
            f"simulation: cannot listen on {host}:{port} ({error.strerror or error}):"
            " set [simulation] port (0: any free one) or BOT3__SIMULATION__PORT"
        ) from None


def make_exchange(config: Config, clock: Clock, entropy: Entropy, run: str) -> EmbeddedExchange:
    """A market of the configured world, or of recorded data; raises `DataError`.

    Its keys are new for each run: another run is another account.
    """
    given = config.simulation
    settings = EmbeddedSettings(
        symbols=tuple(Symbol(symbol) for symbol in config.exchanges.symbols),
        world=given.world,
        replay=Path(given.replay) if given.replay else None,
        replay_speed=given.replay_speed,
        funding={Asset(config.system.quote): Decimal(repr(config.system.capital))},
        maker_fee_rate=decimal_of(given.maker_fee_rate),
        taker_fee_rate=decimal_of(given.taker_fee_rate),
    )
    secret = f"{Entropy().seed_of('secret'):016x}"
    return EmbeddedExchange(
        settings, clock=clock, dice_of=entropy.dice, api_key=f"embedded-{run}", api_secret=secret
    )


def access_of(exchange: EmbeddedExchange, listener: trio.SocketListener) -> EmbeddedVenue:
    """Where and with which keys to reach it."""
    host, port = listener.socket.getsockname()[:2]
    return EmbeddedVenue(host, port, exchange.api_key, exchange.api_secret)


@final
class ExchangeActor(EdgeActor):
    """Serves the exchange: at first on `open_listeners`' one, after a restart on the same port."""

    def __init__(
        self,
        exchange: EmbeddedExchange,
        network: Network,
        venue: EmbeddedVenue,
        open_listeners: list[trio.abc.Listener[trio.abc.Stream]],
    ) -> None:
        self._exchange = exchange
        self._network = network
        self._venue = venue
        self._open_listeners = open_listeners

    async def run(self, context: EdgeContext) -> None:
        if self._open_listeners:
            listener = self._open_listeners.pop()
        else:
            listener = await self._network.listen(self._venue.host, self._venue.port)
        async with listener:
            await self._exchange.run(listener, ready=context.ready)
