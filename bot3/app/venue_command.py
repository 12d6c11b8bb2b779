"""`python -m bot3 venue`: the simulated exchange alone, for any other client.

Invariant: books and accounts live as long as the process, whatever becomes of clients and of its
own server; it says where it is, and with which keys, only once it can serve.
"""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Mapping
from functools import partial

import structlog
import trio
from attrs import field, frozen

from adapters.net.network import SocketNetwork
from adapters.simulated.binance.auth import KEY_PATTERN
from adapters.simulated.embedded import EmbeddedExchange
from bot3.app.config import load_config
from bot3.app.console import close_logging, configure_logging
from bot3.app.embedded import ExchangeActor, listen, make_exchange
from bot3.app.options import VenueOptions
from bot3.app.settings import Config
from bot3.app.venues import EmbeddedVenue
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


@frozen
class VenueKey:
    """An account's keys; `secret_env` names where the secret was read, empty for one made here."""

    api_key: str
    api_secret: str = field(repr=False)
    secret_env: str = ""

    def shown(self) -> dict[str, str]:
        """A secret that was given is not repeated."""
        if self.secret_env:
            return {"api_key": self.api_key, "secret_env": self.secret_env}
        return {"api_key": self.api_key, "api_secret": self.api_secret}


def serve_venue(options: VenueOptions, environ: Mapping[str, str]) -> int:
    """Serves until SIGINT or SIGTERM; raises what `report_error` turns into a line."""
    overrides = {
        "simulation.host": options.host,
        "simulation.port": options.port,
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
    """Those given, else one pair that is made for this run; raises `ConfigError`."""
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
    made = Entropy()
    return (VenueKey(f"venue{made.seed_of('key'):016x}", f"{made.seed_of('secret'):016x}"),)


async def _serve(config: Config, keys: tuple[VenueKey, ...], options: VenueOptions) -> None:
    network, clock, entropy = SocketNetwork(), SystemClock(), Entropy(config.system.seed)
    first, *others = keys
    exchange = make_exchange(config, clock, entropy, (first.api_key, first.api_secret))
    for key in others:
        exchange.open_account(key.api_key, key.api_secret)
    listener = await listen(network, config)
    host, port = listener.socket.getsockname()[:2]
    venue = EmbeddedVenue(host, port, first.api_key, first.api_secret)
    listeners: list[trio.abc.Listener[trio.abc.Stream]] = [listener]
    spec = EdgeSpec("exchange", lambda: ExchangeActor(exchange, network, venue, listeners))
    observer = Observer(clock)
    observer.subscribe(_hear)
    run = partial(
        run_tree,
        SupervisorSpec("venue", Strategy.ONE_FOR_ONE, INTENSITY, (spec,)),
        runs=RunQueue(clock),
        clock=clock,
        dice=entropy.dice("supervisors"),
        observer=observer,
    )
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async with trio.open_nursery() as nursery:
            tree: TreeHandle = await nursery.start(run)
            tell = _tell_machine if options.is_json else _tell_people
            tell(exchange, venue, keys, entropy.seed)
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


def _tell_machine(
    exchange: EmbeddedExchange, venue: EmbeddedVenue, keys: tuple[VenueKey, ...], seed: int
) -> None:
    rest_url, ws_url, ws_api_url = venue.urls
    told = {
        "data_source": exchange.data_source,
        "seed": seed,
        "rest_url": rest_url,
        "ws_url": ws_url,
        "ws_api_url": ws_api_url,
        "accounts": [key.shown() for key in keys],
    }
    print(json.dumps(told), flush=True)


def _tell_people(
    exchange: EmbeddedExchange, venue: EmbeddedVenue, keys: tuple[VenueKey, ...], seed: int
) -> None:
    rest_url, ws_url, ws_api_url = venue.urls
    print(f"{exchange.data_source} · seed {seed}")
    print(f"  REST          {rest_url}\n  streams       {ws_url}\n  order entry   {ws_api_url}")
    for key in keys:
        secret = f"in {key.secret_env}" if key.secret_env else key.api_secret
        print(f"  account       key {key.api_key}, secret {secret}")
    urls = {"REST_URL": rest_url, "WS_URL": ws_url, "WS_API_URL": ws_api_url}
    words = ["BOT3__VENUES__BINANCE__MODE=custom"]
    words += [f"BOT3__VENUES__BINANCE__{name}={url}" for name, url in urls.items()]
    words.append(f"BOT3_BINANCE_KEY={keys[0].api_key}")
    words.append(
        f'BOT3_BINANCE_SECRET="${keys[0].secret_env}"'
        if keys[0].secret_env
        else f"BOT3_BINANCE_SECRET={keys[0].api_secret}"
    )
    print("To trade here, in another terminal (Ctrl-C ends the exchange):")
    print(" \\\n  ".join([*words, "python -m bot3"]), flush=True)
