"""Where OKX spot is, and its budgets (okx.md, 1 and 11)."""

from __future__ import annotations

from typing import Final

from attrs import evolve

from adapters.net.venue_settings import VenueSettings
from adapters.net.windows import Limit, WindowBudget
from bot3.domain.values import VenueName

_VENUE = VenueName("okx")
_TWO_SECONDS_NS: Final = 2_000_000_000
_LIMITS: Final = {
    "/api/v5/public/time": 10,
    "/api/v5/public/instruments": 20,
    "/api/v5/market/history-candles": 20,
    "/api/v5/trade/order": 60,
    "/api/v5/trade/cancel-order": 60,
    "/api/v5/trade/orders-pending": 60,
    "/api/v5/trade/orders-history": 40,
    "/api/v5/trade/fills": 60,
    "/api/v5/trade/cancel-all-after": 2,
    "/api/v5/account/balance": 10,
    "/api/v5/account/trade-fee": 5,
}
# No limit of all requests together is documented; this one is ours, below every sum of the others.
_OVERALL: Final = 250

MAINNET: Final = VenueSettings(
    venue=_VENUE,
    rest_url="https://openapi.okx.com",
    ws_url="wss://ws.okx.com:8443/ws/v5/public",
    private_ws_url="wss://ws.okx.com:8443/ws/v5/private",
    trade_ws_url="wss://ws.okx.com:8443/ws/v5/private",
)
DEMO: Final = evolve(
    MAINNET,
    ws_url="wss://wspap.okx.com:8443/ws/v5/public",
    private_ws_url="wss://wspap.okx.com:8443/ws/v5/private",
    trade_ws_url="wss://wspap.okx.com:8443/ws/v5/private",
    is_demo=True,
)


def make_budget() -> WindowBudget:
    """Of one address and account."""
    limits = {path: Limit(count, _TWO_SECONDS_NS) for path, count in _LIMITS.items()}
    return WindowBudget(Limit(_OVERALL, _TWO_SECONDS_NS), limits)
