"""Where Binance spot is, and the client's limits. Hosts: rest-api.md, web-socket-streams.md.

Invariant: `recv_window_ms` is within the venue's 60,000; every duration is positive.
"""

from __future__ import annotations

from typing import Final

from attrs import field, frozen, validators

from adapters.net.venue_settings import VenueSettings
from bot3.domain.values import VenueName

RECV_WINDOW_MS_MAX = 60_000
_VENUE = VenueName("binance")


@frozen
class BinanceSettings(VenueSettings):
    """One environment of Binance spot. `ws_url` is the combined-stream base, `…/stream`.

    The private stream and order entry are the WS-API's, each on a connection of its own.
    """

    venue: VenueName = field(default=_VENUE, kw_only=True)
    recv_window_ms: int = field(
        default=5_000, validator=[validators.gt(0), validators.le(RECV_WINDOW_MS_MAX)]
    )
    depth_limit: int = field(default=1_000, validator=[validators.gt(0), validators.le(5_000)])
    account_silence_s: float = field(default=60.0, validator=validators.gt(0.0))
    weight_per_minute: int = field(default=6_000, validator=validators.gt(0))


MAINNET: Final = BinanceSettings(
    rest_url="https://api.binance.com",
    ws_url="wss://stream.binance.com:9443/stream",
    private_ws_url="wss://ws-api.binance.com:443/ws-api/v3",
    trade_ws_url="wss://ws-api.binance.com:443/ws-api/v3",
)
TESTNET: Final = BinanceSettings(
    rest_url="https://testnet.binance.vision",
    ws_url="wss://stream.testnet.binance.vision/stream",
    private_ws_url="wss://ws-api.testnet.binance.vision/ws-api/v3",
    trade_ws_url="wss://ws-api.testnet.binance.vision/ws-api/v3",
)
DEMO: Final = BinanceSettings(
    rest_url="https://demo-api.binance.com",
    ws_url="wss://demo-stream.binance.com/stream",
    private_ws_url="wss://demo-ws-api.binance.com/ws-api/v3",
    trade_ws_url="wss://demo-ws-api.binance.com/ws-api/v3",
)
