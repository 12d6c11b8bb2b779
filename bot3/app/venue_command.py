"""`python -m bot3 venue`: the simulated exchanges alone, for any other client.

Invariant: books and accounts live as long as the process, whatever becomes of clients and of its
own servers; it says where they are, and with which keys, only once they can serve.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Mapping, Sequence
from functools import partial

import structlog
import trio
from attrs import evolve

from adapters.net.network import SocketNetwork
from adapters.simulated.binance.auth import KEY_PATTERN
from adapters.simulated.embedded import EmbeddedExchange
from adapters.simulated.fronts import FRONTS
from bot3.app.config import load_config
from bot3.app.console import close_logging, configure_logging
from bot3.app.embedded import ExchangeActor, listen, make_exchange
from bot3.app.options import VenueOptions
from bot3.app.settings import Config
from bot3.app.venue_words import ServedVenue, VenueKey, tell_machine, tell_people, write_config
from bot3.app.venues import DEMO, EmbeddedVenue
from bot3.domain.errors import ConfigError
from supervisors import observe
from supervisors.clock import SystemClock
from supervisors.dispatch import RunQueue
from supervisors.entropy import Entropy
from supervisors.observe import Observer
from supervisors.restart import Intensity, Strategy
from supervisors.spec import EdgeSpec, SupervisorSpec
from supervisors.tree import TreeHandle, run_tree

INTENSITY = Intensity(20, 60.0)

_log = structlog.get_logger("bot3.venue")


def serve_venue(options: VenueOptions, environ: Mapping[str, str]) -> int:
    """Serves until SIGINT or SIGTERM; raises what `report_error` turns into a line."""
    overrides = {
        "simulation.host": options.host,
        "simulation.world": options.world,
        "simulation.replay": None if options.replay is None else str(options.replay),
        "system.seed": options.seed,
    }
    config = load_config(options.config, environ, overrides).config
    keys = keys_of(options, environ)
    configure_logging(config.system.log_level, sys.stderr, None)
    try:
        trio.run(_serve, config, keys, options)
    finally:
        close_logging()
    return 0


def keys_of(options: VenueOptions, environ: Mapping[str, str]) -> tuple[VenueKey, ...]:
    """Those given, else the demo pair that everybody knows; raises `ConfigError`."""
    if len(options.key) != len(options.secret_env):
        raise ConfigError("venue: every --key needs its --secret-env, in the same order")
    if len(set(options.key)) != len(options.key):
        raise ConfigError("venue: a --key is given twice")
    for key, name in zip(options.key, options.secret_env, strict=True):
        if not KEY_PATTERN.fullmatch(key):
            raise ConfigError(f"venue: --key {key!r}: want 4 to 128 letters and digits")
        if not environ.get(name):
            raise ConfigError(f"venue: set the environment variable {name} to the secret of {key}")
    if options.key:
        pairs = zip(options.key, options.secret_env, strict=True)
        return tuple(VenueKey(key, environ[name], name) for key, name in pairs)
    return (VenueKey(*DEMO[:2]),)


def _make_exchanges(
    config: Config, entropy: Entropy, keys: Sequence[VenueKey]
) -> dict[str, EmbeddedExchange]:
    """One market each; the first leads, the others follow it by their arbitrageurs."""
    clock, first, *others = SystemClock(), *keys
    made: dict[str, EmbeddedExchange] = {}
    for protocol in FRONTS:
        exchange = made[protocol] = make_exchange(
            config,
            clock,
            entropy,
            (first.api_key, first.api_secret),
            protocol=protocol,
            passphrase=DEMO[2],
            leader=next(iter(made.values())).exchange if made else None,
        )
        for key in others:
            exchange.open_account(key.api_key, key.api_secret, DEMO[2])
    return made


async def _serve(config: Config, keys: tuple[VenueKey, ...], options: VenueOptions) -> None:
    network, clock, entropy = SocketNetwork(), SystemClock(), Entropy(config.system.seed)
    exchanges = _make_exchanges(config, entropy, keys)
    served: list[ServedVenue] = []
    specs: list[EdgeSpec] = []
    for protocol, exchange in exchanges.items():
        port = options.ports.get(protocol, config.simulation.port if not served else 0)
        listener = await listen(
            network, evolve(config, simulation=evolve(config.simulation, port=port))
        )
        host, port = listener.socket.getsockname()[:2]
        venue = EmbeddedVenue(host, port, keys[0].api_key, keys[0].api_secret, protocol)
        served.append(ServedVenue(venue, exchange.data_source))
        open_listeners: list[trio.abc.Listener[trio.abc.Stream]] = [listener]
        make = partial(ExchangeActor, exchange, network, venue, open_listeners)
        specs.append(EdgeSpec(protocol, make))
    observer = Observer(clock)
    observer.subscribe(_hear)
    run = partial(
        run_tree,
        SupervisorSpec("venues", Strategy.ONE_FOR_ONE, INTENSITY, tuple(specs)),
        runs=RunQueue(clock),
        clock=clock,
        dice=entropy.dice("supervisors"),
        observer=observer,
    )
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async with trio.open_nursery() as nursery:
            tree: TreeHandle = await nursery.start(run)
            if options.write_config is not None:
                write_config(options.write_config, served, keys[0])
            tell = tell_machine if options.is_json else tell_people
            tell(served, keys, entropy.seed)
            async for _ in signals:
                break
            tree.stop()


def _hear(event: observe.LifecycleEvent) -> None:
    match event:
        case observe.ActorRestarted():
            _log.warning("the server was restarted", restarts=event.restarts)
        case observe.ActorExited() if event.error:
            _log.error("the server ended", error=event.error)
        case _:
            pass
