"""The embedded exchange as an actor: one simulated market and its wire front on a loopback port.

Invariant: the exchange's books and accounts outlive its server's restarts, and so does its port.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import final

import trio
from attrs import evolve, frozen

from adapters.net.network import Network, SocketNetwork
from adapters.simulated.agent_settings import AgentSettings
from adapters.simulated.embedded import EmbeddedExchange, EmbeddedSettings
from adapters.simulated.exchange import Exchange
from adapters.simulated.faults import VenueFaults
from adapters.simulated.latent import WorldKind, WorldSettings
from bot3.app.arbitrage.wiring import listed_of
from bot3.app.settings import Config
from bot3.app.venues import DEMO, EmbeddedVenue, shares_of
from bot3.domain.errors import UnavailableError
from bot3.domain.values import Symbol, VenueName, decimal_of
from supervisors.actor import EdgeActor, EdgeContext
from supervisors.clock import Clock
from supervisors.entropy import Entropy
from supervisors.spec import EdgeSpec

DENSE_MARKET = AgentSettings()


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


def make_exchange(
    config: Config,
    clock: Clock,
    entropy: Entropy,
    keys: tuple[str, str],
    faults: VenueFaults | None = None,
    *,
    agents: AgentSettings = DENSE_MARKET,
    history_minutes: int = 600,
    protocol: str = "binance",
    passphrase: str = "",
    leader: Exchange | None = None,
) -> EmbeddedExchange:
    """A market of the configured world, or of recorded data; raises `DataError`.

    Beside a `leader` it follows that one's prices.
    """
    settings = _settings_of(config, protocol)
    api_key, api_secret = keys
    return EmbeddedExchange(
        evolve(settings, agents=agents, history_minutes=history_minutes),
        clock=clock,
        dice_of=entropy.dice,
        api_key=api_key,
        api_secret=api_secret,
        passphrase=passphrase,
        faults=faults,
        leader=leader,
    )


def _settings_of(config: Config, protocol: str) -> EmbeddedSettings:
    given = config.simulation
    replay = Path(given.replay) if given.replay else None
    return EmbeddedSettings(
        venue=VenueName(protocol),
        protocol=protocol,
        symbols=listed_of(config),
        world=WorldSettings(WorldKind(given.world)),
        replay_path=replay,
        replay_speed=given.replay_speed or None,
        funding={},
        capital=decimal_of(config.system.capital),
        maker_fee_rate=decimal_of(given.maker_fee_rate),
        taker_fee_rate=decimal_of(given.taker_fee_rate),
    )


def traded(config: Config, exchange: EmbeddedExchange) -> Config:
    """The configuration with what the exchange lists: a recording brings its own instrument, and
    with it the asset in which everything is valued, and how fast its time passes.
    """
    markets = exchange.exchange.markets
    quote = next(iter(markets.values())).instrument.quote
    given = () if config.simulation.replay else config.arbitrage.cross_symbols
    crosses = [each for each in given if Symbol(each) in markets]
    simulation = config.simulation
    if simulation.replay:
        simulation = evolve(simulation, replay_speed=exchange.pace)
    return evolve(
        config,
        system=evolve(config.system, quote=str(quote)),
        exchanges=evolve(
            config.exchanges,
            symbols=tuple(str(symbol) for symbol in markets if symbol not in crosses),
        ),
        arbitrage=evolve(config.arbitrage, cross_symbols=tuple(crosses)),
        simulation=simulation,
    )


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


@frozen
class Embedded:
    """The exchanges, ready to be started; `config` has what they list."""

    config: Config
    venues: dict[VenueName, EmbeddedVenue]
    specs: tuple[EdgeSpec, ...]
    exchanges: tuple[EmbeddedExchange, ...]
    listeners: tuple[trio.SocketListener, ...]

    @property
    def data_source(self) -> str:
        """One line: simulated, or which recording; on how many venues."""
        source = self.exchanges[0].data_source
        return source if len(self.exchanges) == 1 else f"{source}, {len(self.exchanges)} venues"

    @property
    def is_replay_over(self) -> bool:
        """True once every recording has ended."""
        return all(exchange.is_replay_over for exchange in self.exchanges)


async def embed(
    config: Config, run: str, *, network: SocketNetwork, clock: Clock, entropy: Entropy
) -> Embedded:
    """Makes the exchange of each active venue and takes its port; the capital is shared among them.

    The first leads, the others follow its prices. Their keys are new: another run is another
    account.
    """
    keys = (f"embedded{run}", f"{Entropy().seed_of('secret'):016x}")
    names = [VenueName(name) for name in config.exchanges.active]
    shares = shares_of(config.system.capital, len(names))
    venues: dict[VenueName, EmbeddedVenue] = {}
    specs: list[EdgeSpec] = []
    exchanges: list[EmbeddedExchange] = []
    listeners: list[trio.SocketListener] = []
    for number, name in enumerate(names):
        system = evolve(config.system, capital=shares[number])
        exchange = make_exchange(
            evolve(config, system=system),
            clock,
            entropy,
            keys,
            protocol=name,
            passphrase=DEMO[2],
            leader=exchanges[0].exchange if exchanges else None,
        )
        port = config.simulation.port and config.simulation.port + number
        simulation = evolve(config.simulation, port=port)
        listener = await listen(network, evolve(config, simulation=simulation))
        host, port = listener.socket.getsockname()[:2]
        venue = venues[name] = EmbeddedVenue(host, port, *keys, protocol=name)
        make = partial(ExchangeActor, exchange, network, venue, [listener])
        specs.append(EdgeSpec(f"{name} exchange", make))
        exchanges.append(exchange)
        listeners.append(listener)
    listed = traded(config, exchanges[0])
    return Embedded(listed, venues, tuple(specs), tuple(exchanges), tuple(listeners))
