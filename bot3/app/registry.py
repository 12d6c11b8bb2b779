"""The venues by name: a new one is a folder of adapters and a line in `ADAPTERS`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from attrs import field, frozen

from adapters.binance import settings as binance
from adapters.binance.feed import BinanceFeed
from adapters.binance.venue import BinanceVenue
from adapters.bybit import settings as bybit
from adapters.bybit.feed import BybitFeed
from adapters.bybit.venue import BybitVenue
from adapters.net.budget import WeightBudget
from adapters.net.venue_settings import VenueSettings
from adapters.okx import settings as okx
from adapters.okx.feed import OkxFeed
from adapters.okx.venue import OkxVenue
from bot3.domain.values import VenueName
from bot3.ports.budget import BudgetPort
from bot3.ports.feed import FeedPort
from bot3.ports.venue import VenuePort


@frozen
class VenueAdapter:
    """One venue: where it is (by mode), what makes its ports, where its simulated front is.

    `fronts` are paths by the names of the configuration's keys; `dead_man_s` what its dead-man's
    switch takes, where it has one.
    """

    environments: Mapping[str, VenueSettings]
    make_budget: Callable[[], BudgetPort]
    make_feed: Callable[..., FeedPort]
    make_venue: Callable[..., VenuePort]
    fronts: Mapping[str, str]
    needs_passphrase: bool = field(default=False)
    dead_man_s: range = field(default=range(0))

    def base(self, mode: str) -> VenueSettings:
        """What a mode begins with; the hosts are replaced where the mode is no environment."""
        return self.environments.get(mode, self.environments["mainnet"])


def _binance_budget() -> BudgetPort:
    return WeightBudget(binance.MAINNET.weight_per_minute)


def _ports(feed: Any, venue: Any) -> dict[str, Any]:
    """The constructors, whose settings are each venue's own class."""
    return {"make_feed": feed, "make_venue": venue}


ADAPTERS: Final[Mapping[VenueName, VenueAdapter]] = {
    VenueName("binance"): VenueAdapter(
        {"mainnet": binance.MAINNET, "testnet": binance.TESTNET, "demo": binance.DEMO},
        _binance_budget,
        **_ports(BinanceFeed, BinanceVenue),
        fronts={
            "ws_url": "/stream",
            "private_ws_url": "/ws-api/v3",
            "trade_ws_url": "/ws-api/v3",
        },
    ),
    VenueName("okx"): VenueAdapter(
        {"mainnet": okx.MAINNET, "demo": okx.DEMO},
        okx.make_budget,
        **_ports(OkxFeed, OkxVenue),
        fronts={
            "ws_url": "/ws/v5/public",
            "private_ws_url": "/ws/v5/private",
            "trade_ws_url": "/ws/v5/private",
        },
        needs_passphrase=True,
        dead_man_s=range(10, 121),
    ),
    VenueName("bybit"): VenueAdapter(
        {"mainnet": bybit.MAINNET, "testnet": bybit.TESTNET, "demo": bybit.DEMO},
        bybit.make_budget,
        **_ports(BybitFeed, BybitVenue),
        fronts={
            "ws_url": "/v5/public/spot",
            "private_ws_url": "/v5/private",
            "trade_ws_url": "/v5/trade",
        },
        dead_man_s=range(3, 301),
    ),
}
