"""The active venues, built from the configuration: where they are, with whose keys.

Invariant: real money is reached by mode "live" alone, at the venue's own hosts alone; `trade` does
not build it without the operator's word (`bot3.app.live`). Everything else is this machine, a
venue's own play money, or market data with no keys.
"""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import structlog
import trio
from attrs import evolve, field, frozen

from adapters.net.credentials import Credentials
from adapters.net.network import Network
from adapters.net.venue_settings import VenueSettings
from adapters.paper.account import PaperAccount
from adapters.paper.feed import PaperFeed
from adapters.paper.venue import PaperSettings, PaperVenue
from bot3.app.arbitrage.wiring import listed_of
from bot3.app.fees import PricedFeed, fees_of
from bot3.app.registry import ADAPTERS
from bot3.app.settings import Config, VenueSection
from bot3.domain.errors import (
    ConfigError,
    OrderRejectedError,
    OutcomeUnknownError,
    VenueError,
)
from bot3.domain.ids import ClientOrderId, parse_client_order_id
from bot3.domain.values import Asset, Symbol, VenueName, decimal_of
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
LOCAL_MODES = frozenset({"embedded", "simulated", "custom"})
LIVE = "live"  # real money
PAPER = "paper"  # their market data, our fills: no order of it can leave the process
URLS = ("rest_url", "ws_url", "private_ws_url", "trade_ws_url")

_log = structlog.get_logger("bot3.venues")


def shares_of(capital: float, count: int) -> list[float]:
    """Equal shares in whole cents; the first one has the rest."""
    share = math.floor(100 * capital / count) / 100
    return [round(capital - (count - 1) * share, 8), *[share] * (count - 1)]


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


@frozen
class EmbeddedVenue:
    """Where a simulated exchange listens, and the keys that it made for us (in no repr).

    Without an order socket, orders go by REST.
    """

    host: str
    port: int
    api_key: str = field(repr=False)
    api_secret: str = field(repr=False)
    protocol: str = "binance"
    has_order_socket: bool = True

    @property
    def urls(self) -> dict[str, str]:
        """By the names of the configuration's keys."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        where = f"{host}:{self.port}"
        sockets = dict(ADAPTERS[VenueName(self.protocol)].fronts)
        if not self.has_order_socket:
            del sockets["trade_ws_url"]
        urls = {name: f"ws://{where}{path}" for name, path in sockets.items()}
        return {"rest_url": f"http://{where}"} | urls


@frozen
class Surroundings:
    """What every adapter is handed. The environment holds secrets: it is in no repr."""

    network: Network
    clock: Clock
    entropy: Entropy
    environ: Mapping[str, str] = field(repr=False)


def _allowed_only(name: VenueName, key: str, url: str, base: VenueSettings | None) -> None:
    """A host that is neither this machine nor one of `base`'s own is nobody we know."""
    host = urlsplit(url).hostname
    own = {urlsplit(getattr(base, each)).hostname for each in URLS} if base else set()
    if host not in LOOPBACK | own:
        known = ", ".join(sorted(str(each) for each in LOOPBACK | own))
        raise ConfigError(f"venues.{name}.{key} = {url!r}: only these hosts are allowed: {known}")


def _settings(name: VenueName, config: Config, embedded: EmbeddedVenue | None) -> VenueSettings:
    given: VenueSection = getattr(config.venues, name)
    adapter = ADAPTERS[name]
    if given.mode not in {PAPER, LIVE, *LOCAL_MODES, *adapter.environments}:
        known = ", ".join(mode for mode in adapter.environments if mode != "mainnet")
        raise ConfigError(f"venues.{name}.mode = {given.mode!r}: {name} has {known}")
    base = adapter.base(given.mode)
    is_theirs = given.mode not in LOCAL_MODES
    theirs = {} if embedded is None else embedded.urls
    urls: dict[str, Any] = {}
    for key in URLS:
        default = getattr(base, key) if is_theirs else theirs.get(key, "")
        urls[key] = getattr(given, key) or default
        if given.mode != PAPER and (urls[key] or key != "trade_ws_url"):
            _allowed_only(name, key, urls[key], base if is_theirs else None)
    return evolve(
        base,
        **urls,
        recv_window_ms=given.recv_window_ms,
        request_timeout_s=given.request_timeout_s,
        dead_man_s=_dead_man_s(name, given.dead_man_s),
    )


def _dead_man_s(name: VenueName, given_s: int) -> int:
    allowed = ADAPTERS[name].dead_man_s
    if given_s and given_s not in allowed:
        what = f"0, or {allowed[0]} to {allowed[-1]}" if allowed else "0: it has no such switch"
        raise ConfigError(f"venues.{name}.dead_man_s = {given_s}: allowed is {what}")
    return given_s


def _credentials(
    name: VenueName, config: Config, embedded: EmbeddedVenue | None, environ: Mapping[str, str]
) -> Credentials:
    given: VenueSection = getattr(config.venues, name)
    if embedded is not None:
        return Credentials(embedded.api_key, embedded.api_secret, DEMO[2])
    if given.mode == "simulated":
        return Credentials(*DEMO)
    variables = [given.key_env, given.secret_env]
    if ADAPTERS[name].needs_passphrase:
        variables.append(given.passphrase_env)
    missing = [variable for variable in variables if not environ.get(variable)]
    if missing:
        raise ConfigError(f"set the environment variables {' and '.join(missing)} to your keys")
    try:
        return Credentials(*(environ[variable] for variable in variables))
    except ValueError as error:
        raise ConfigError(f"{given.key_env}: {error}") from None


def _paper_venue(name: VenueName, config: Config, clock: Clock) -> PaperVenue:
    """Its account is a file of the state directory; the capital is shared among the venues."""
    names, directory = config.exchanges.active, Path(config.journal.directory)
    share = shares_of(config.system.capital, len(names))[names.index(name)]
    funding = {Asset(config.system.quote): decimal_of(share)}
    path = directory / f"paper-{name}.json"
    account = PaperAccount(name, path, funding, clock.now_ns())
    latency_s = config.execution.paper_latency_s
    return PaperVenue(account, clock, PaperSettings(order_latency_s=latency_s))


def build_venue(
    name: VenueName, config: Config, embedded: EmbeddedVenue | None, around: Surroundings
) -> VenueAccess:
    """One venue; raises `ConfigError`."""
    adapter, settings = ADAPTERS[name], _settings(name, config, embedded)
    budget = adapter.make_budget()
    shared = {"network": around.network, "clock": around.clock, "budget": budget}
    bare = adapter.make_feed(settings, dice=around.entropy.dice(f"{name}/feed"), **shared)
    feed = PricedFeed(bare, fees_of(config, name))
    if getattr(config.venues, name).mode == PAPER:
        venue = _paper_venue(name, config, around.clock)
        return VenueAccess(PaperFeed(feed, venue), venue, budget)
    credentials = _credentials(name, config, embedded, around.environ)
    return VenueAccess(
        feed,
        adapter.make_venue(
            settings,
            credentials,
            dice=around.entropy.dice(f"{name}/venue"),
            symbols=listed_of(config),
            **shared,
        ),
        budget,
    )


def build_venues(
    config: Config, embedded: Mapping[VenueName, EmbeddedVenue], around: Surroundings
) -> dict[VenueName, VenueAccess]:
    """Every active venue; raises `ConfigError`."""
    names = [VenueName(name) for name in config.exchanges.active]
    return {name: build_venue(name, config, embedded.get(name), around) for name in names}
