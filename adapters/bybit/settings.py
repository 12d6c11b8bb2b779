"""Where Bybit spot is, and its budgets (bybit.md, 1 and 13)."""

from __future__ import annotations

from typing import Final

from attrs import evolve

from adapters.net.venue_settings import VenueSettings
from adapters.net.windows import Limit, WindowBudget
from bot3.domain.values import VenueName

_VENUE = VenueName("bybit")
_SECOND_NS: Final = 1_000_000_000
_LIMITS: Final = {
    "/v5/order/create": 20,
    "/v5/order/cancel": 20,
    "/v5/order/cancel-all": 20,
    "/v5/order/disconnected-cancel-all": 5,
    "/v5/order/realtime": 50,
    "/v5/order/history": 50,
    "/v5/execution/list": 50,
    "/v5/account/wallet-balance": 50,
}
_OVERALL: Final = Limit(600, 5 * _SECOND_NS)

MAINNET: Final = VenueSettings(
    venue=_VENUE,
    rest_url="https://api.bybit.com",
    ws_url="wss://stream.bybit.com/v5/public/spot",
    private_ws_url="wss://stream.bybit.com/v5/private",
    trade_ws_url="wss://stream.bybit.com/v5/trade",
)
TESTNET: Final = evolve(
    MAINNET,
    rest_url="https://api-testnet.bybit.com",
    ws_url="wss://stream-testnet.bybit.com/v5/public/spot",
    private_ws_url="wss://stream-testnet.bybit.com/v5/private",
    trade_ws_url="wss://stream-testnet.bybit.com/v5/trade",
)
# The mainnet's prices, and no order entry by websocket.
DEMO: Final = evolve(
    MAINNET,
    rest_url="https://api-demo.bybit.com",
    private_ws_url="wss://stream-demo.bybit.com/v5/private",
    trade_ws_url="",
)


def make_budget() -> WindowBudget:
    """Of one address and account."""
    limits = {path: Limit(count, _SECOND_NS) for path, count in _LIMITS.items()}
    return WindowBudget(_OVERALL, limits)
