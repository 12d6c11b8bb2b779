"""Where Binance spot is, and the client's limits. Hosts: rest-api.md, web-socket-streams.md.

Invariant: `recv_window_ms` is within the venue's 60,000; every duration is positive.
"""

from __future__ import annotations

from typing import Final

from attrs import field, frozen, validators

from adapters.net.lasting import ConnectionPolicy
from adapters.net.reconnect import BackoffPolicy
from bot3.domain.values import VenueName

RECV_WINDOW_MS_MAX = 60_000
_VENUE = VenueName("binance")
_RECONNECT = BackoffPolicy()
_POSITIVE = validators.gt(0.0)


@frozen
class BinanceSettings:
    """One environment of Binance spot. `ws_url` is the combined-stream base, `…/stream`."""

    rest_url: str
    ws_url: str
    ws_api_url: str
    venue: VenueName = _VENUE
    recv_window_ms: int = field(
        default=5_000, validator=[validators.gt(0), validators.le(RECV_WINDOW_MS_MAX)]
    )
    request_timeout_s: float = field(default=10.0, validator=_POSITIVE)
    connect_timeout_s: float = field(default=10.0, validator=_POSITIVE)
    depth_limit: int = field(default=1_000, validator=[validators.gt(0), validators.le(5_000)])
    silence_s: float = field(default=30.0, validator=_POSITIVE)
    account_silence_s: float = field(default=60.0, validator=_POSITIVE)
    connection_life_s: float = field(default=23 * 3600.0, validator=_POSITIVE)
    stable_after_s: float = field(default=30.0, validator=_POSITIVE)
    weight_per_minute: int = field(default=6_000, validator=validators.gt(0))
    reconnect: BackoffPolicy = _RECONNECT

    def connection(self, url: str, silence_s: float) -> ConnectionPolicy:
        """How a websocket of this venue is kept."""
        return ConnectionPolicy(
            url,
            self.connect_timeout_s,
            silence_s,
            self.connection_life_s,
            self.stable_after_s,
            self.reconnect,
        )


MAINNET: Final = BinanceSettings(
    rest_url="https://api.binance.com",
    ws_url="wss://stream.binance.com:9443/stream",
    ws_api_url="wss://ws-api.binance.com:443/ws-api/v3",
)
TESTNET: Final = BinanceSettings(
    rest_url="https://testnet.binance.vision",
    ws_url="wss://stream.testnet.binance.vision/stream",
    ws_api_url="wss://ws-api.testnet.binance.vision/ws-api/v3",
)
DEMO: Final = BinanceSettings(
    rest_url="https://demo-api.binance.com",
    ws_url="wss://demo-stream.binance.com/stream",
    ws_api_url="wss://demo-ws-api.binance.com/ws-api/v3",
)
