"""The venues by name: a new one is a folder of adapters and a line in `BUILDERS`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import structlog
import trio
from attrs import field, frozen

from adapters.binance.feed import BinanceFeed
from adapters.binance.settings import BinanceSettings
from adapters.binance.venue import BinanceVenue
from adapters.net.budget import WeightBudget
from adapters.net.credentials import Credentials
from adapters.net.network import Network
from bot3.app.settings import Config
from bot3.domain.errors import (
    ConfigError,
    OrderRejectedError,
    OutcomeUnknownError,
    VenueError,
)
from bot3.domain.ids import ClientOrderId, parse_client_order_id
from bot3.domain.values import Symbol, VenueName
from bot3.ports.budget import BudgetPort
from bot3.ports.feed import FeedPort
from bot3.ports.venue import VenuePort
from supervisors.clock import Clock
from supervisors.entropy import Entropy

CLOSE_DEADLINE_S = 2.0
CANCEL_DEADLINE_S = 10.0
# Key, secret and passphrase of the simulated exchange, for everybody to know.
DEMO = ("demo", "demo-secret", "demo-pass")
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})

_log = structlog.get_logger("bot3.venues")


@frozen
class VenueAccess:
    """The ports of one venue; `budget` is what both others draw on."""

    feed: FeedPort
    venue: VenuePort
    budget: BudgetPort

    async def aclose(self) -> None:
        """After the last use."""
        await self.feed.aclose()
        await self.venue.aclose()


async def cancel_own_rests(access: Mapping[VenueName, VenueAccess], symbols: Sequence[str]) -> None:
    """When the tree has failed: takes our orders, and no others, off every book within a deadline.

    What cannot be reached is the next start's to resolve: the journal knows each of them.
    """
    with trio.move_on_after(CANCEL_DEADLINE_S, shield=True):
        for each in access.values():
            for symbol in symbols:
                await _cancel_own(each.venue, Symbol(symbol))


async def _cancel_own(venue: VenuePort, symbol: Symbol) -> None:
    try:
        for order in await venue.open_orders(symbol):
            if parse_client_order_id(order.client_order_id) is not None:
                await venue.cancel(symbol, ClientOrderId(order.client_order_id))
    except (VenueError, OrderRejectedError, OutcomeUnknownError) as error:
        _log.error("could not cancel", venue=venue.venue, symbol=symbol, error=str(error))


@asynccontextmanager
async def closing(access: Mapping[VenueName, VenueAccess]) -> AsyncIterator[None]:
    """Closes every venue at the end of the block, cancelled or not, within a deadline."""
    try:
        yield
    finally:
        with trio.move_on_after(CLOSE_DEADLINE_S, shield=True):
            for each in access.values():
                await each.aclose()


WEBSOCKET_PATHS: Mapping[str, Mapping[str, str]] = {
    "binance": {"ws_url": "/stream", "private_ws_url": "/ws-api/v3"},
    "okx": {
        "ws_url": "/ws/v5/public",
        "private_ws_url": "/ws/v5/private",
        "trade_ws_url": "/ws/v5/private",
    },
    "bybit": {
        "ws_url": "/v5/public/spot",
        "private_ws_url": "/v5/private",
        "trade_ws_url": "/v5/trade",
    },
}


@frozen
class EmbeddedVenue:
    """Where a simulated exchange listens, and the keys that it made for us (in no repr)."""

    host: str
    port: int
    api_key: str = field(repr=False)
    api_secret: str = field(repr=False)
    protocol: str = "binance"

    @property
    def urls(self) -> dict[str, str]:
        """By the names of the configuration's keys."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        where = f"{host}:{self.port}"
        sockets = WEBSOCKET_PATHS[self.protocol].items()
        return {"rest_url": f"http://{where}"} | {n: f"ws://{where}{path}" for n, path in sockets}


@frozen
class Surroundings:
    """What every adapter is handed. The environment holds secrets: it is in no repr."""

    network: Network
    clock: Clock
    entropy: Entropy
    environ: Mapping[str, str] = field(repr=False)


def _loopback_only(name: str, url: str) -> None:
    """A real venue is real money, and that needs more than a URL: refused until it is built."""
    host = urlsplit(url).hostname
    if host not in LOOPBACK:
        raise ConfigError(
            f"venues.binance.{name} = {url!r}: only a server on this machine is allowed"
            f" ({', '.join(sorted(LOOPBACK))}); trading at real venues is not built yet"
        )


def _binance_settings(config: Config, embedded: EmbeddedVenue | None) -> BinanceSettings:
    given = config.venues.binance
    names = ("rest_url", "ws_url", "private_ws_url")
    mine: dict[str, str] = {name: getattr(given, name) for name in names}
    theirs = {} if embedded is None else embedded.urls
    urls = {name: mine[name] or theirs.get(name, "") for name in names}
    for name, url in urls.items():
        _loopback_only(name, url)
    return BinanceSettings(
        urls["rest_url"],
        urls["ws_url"],
        urls["private_ws_url"],
        recv_window_ms=given.recv_window_ms,
        request_timeout_s=given.request_timeout_s,
    )


def _binance_credentials(
    config: Config, embedded: EmbeddedVenue | None, environ: Mapping[str, str]
) -> Credentials:
    if embedded is not None:
        return Credentials(embedded.api_key, embedded.api_secret)
    given = config.venues.binance
    if given.mode == "simulated":
        return Credentials(*DEMO[:2])
    missing = [name for name in (given.key_env, given.secret_env) if not environ.get(name)]
    if missing:
        raise ConfigError(f"set the environment variables {' and '.join(missing)} to your keys")
    try:
        return Credentials(environ[given.key_env], environ[given.secret_env])
    except ValueError as error:
        raise ConfigError(f"{given.key_env}: {error}") from None


def _build_binance(
    config: Config, embedded: EmbeddedVenue | None, around: Surroundings
) -> VenueAccess:
    settings = _binance_settings(config, embedded)
    credentials = _binance_credentials(config, embedded, around.environ)
    budget = WeightBudget(settings.weight_per_minute)
    return VenueAccess(
        BinanceFeed(
            settings,
            network=around.network,
            clock=around.clock,
            dice=around.entropy.dice("binance/feed"),
            budget=budget,
        ),
        BinanceVenue(
            settings,
            credentials,
            network=around.network,
            clock=around.clock,
            dice=around.entropy.dice("binance/venue"),
            budget=budget,
            symbols=tuple(Symbol(symbol) for symbol in config.exchanges.symbols),
        ),
        budget,
    )


BUILDERS: Mapping[
    VenueName, Callable[[Config, EmbeddedVenue | None, Surroundings], VenueAccess]
] = {VenueName("binance"): _build_binance}


def build_venues(
    config: Config, embedded: EmbeddedVenue | None, around: Surroundings
) -> dict[VenueName, VenueAccess]:
    """Every active venue; raises `ConfigError`."""
    return {
        VenueName(name): BUILDERS[VenueName(name)](config, embedded, around)
        for name in config.exchanges.active
    }
