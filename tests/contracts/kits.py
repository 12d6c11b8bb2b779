"""Every venue adapter in one shape: what the contracts are driven on. A new venue is one line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import evolve, frozen

from adapters.binance.feed import BinanceFeed
from adapters.binance.settings import BinanceSettings
from adapters.binance.venue import BinanceVenue
from adapters.bybit.feed import BybitFeed
from adapters.bybit.venue import BybitVenue
from adapters.net.credentials import Credentials
from adapters.net.venue_settings import VenueSettings
from adapters.okx.feed import OkxFeed
from adapters.okx.venue import OkxVenue
from bot3.domain.values import Symbol, VenueName
from bot3.ports.feed import FeedPort
from bot3.ports.venue import VenuePort
from tests.adapters.simulated.conftest import KEY, SECRET
from tests.adapters.simulated.direct import PASSPHRASE

BTC = Symbol("BTC/USDT")
_BINANCE = BinanceSettings(
    rest_url="http://venue",
    ws_url="ws://venue/stream",
    private_ws_url="ws://venue/ws-api/v3",
    trade_ws_url="ws://venue/ws-api/v3",
)
_OKX = VenueSettings(
    venue=VenueName("okx"),
    rest_url="http://venue",
    ws_url="ws://venue/ws/v5/public",
    private_ws_url="ws://venue/ws/v5/private",
    trade_ws_url="ws://venue/ws/v5/private",
)
_BYBIT = VenueSettings(
    venue=VenueName("bybit"),
    rest_url="http://venue",
    ws_url="ws://venue/v5/public/spot",
    private_ws_url="ws://venue/v5/private",
    trade_ws_url="ws://venue/v5/trade",
)
NO_ORDER_SOCKET = {"trade_ws_url": "ws://nowhere/"}


@frozen
class Kit:
    """`protocol` is the simulated front's; `orders` says which way they go."""

    protocol: str
    orders: str
    settings: Any
    make_feed: Callable[..., FeedPort]
    make_venue: Callable[..., VenuePort]

    def feed(self, **around: Any) -> FeedPort:
        return self.make_feed(self.settings, **around)

    def venue(self, secret: str = SECRET, **around: Any) -> VenuePort:
        credentials = Credentials(KEY, secret, PASSPHRASE)
        return self.make_venue(self.settings, credentials, symbols=(BTC,), **around)

    def __str__(self) -> str:
        return f"{self.protocol}-{self.orders}"


KITS = (
    Kit("binance", "socket", _BINANCE, BinanceFeed, BinanceVenue),
    Kit("binance", "rest", evolve(_BINANCE, **NO_ORDER_SOCKET), BinanceFeed, BinanceVenue),
    Kit("okx", "socket", _OKX, OkxFeed, OkxVenue),
    Kit("okx", "rest", evolve(_OKX, **NO_ORDER_SOCKET), OkxFeed, OkxVenue),
    Kit("bybit", "socket", _BYBIT, BybitFeed, BybitVenue),
    Kit("bybit", "rest", evolve(_BYBIT, **NO_ORDER_SOCKET), BybitFeed, BybitVenue),
)
