"""Bybit's codes and texts for what the exchange refuses (bybit.md, 7.6 and 14)."""

from __future__ import annotations

from adapters.simulated.orders import Refusal
from bot3.domain.values import Side

NO_SYMBOL = (10001, "Not supported symbols")
NO_ORDER = (170213, "Order does not exist.")
DUPLICATE = (170141, "Duplicate clientOrderId")
UNCHANGED = (
    10001,
    "The order remains unchanged as the parameters entered match the existing ones.",
)
TOO_FAST = (10006, "Too many visits. Exceeded the API Rate Limit.")
_TEXTS: dict[Refusal, tuple[int, str]] = {
    Refusal.UNKNOWN_SYMBOL: (170121, "Invalid symbol."),
    Refusal.PRICE_FILTER: (170134, "Order price has too many decimals."),
    Refusal.LOT_SIZE: (170137, "Order quantity has too many decimals."),
    Refusal.AMOUNT_TOO_SMALL: (170136, "Order quantity lower than the minimum."),
    Refusal.AMOUNT_TOO_LARGE: (170124, "Order amount too large."),
    Refusal.NOTIONAL: (170140, "Order value exceeded lower limit."),
    Refusal.NOT_POSITIVE: (170136, "Order quantity lower than the minimum."),
    Refusal.MARKET_CLOSED: (170151, "This trading pair is not open yet."),
    Refusal.MAX_NUM_ORDERS: (170810, "Cannot exceed maximum of 500 conditional orders."),
    Refusal.DUPLICATE_ID: DUPLICATE,
    Refusal.INSUFFICIENT_BALANCE: (170131, "Insufficient balance."),
    Refusal.NO_LIQUIDITY: (170210, "New order rejected."),
    Refusal.UNKNOWN_ORDER: NO_ORDER,
    Refusal.RESTRICTED_CANCEL: NO_ORDER,
    Refusal.WOULD_TAKE: (170210, "New order rejected."),
}


class BybitApiError(Exception):
    """An answer that is an error: HTTP 200 unless told otherwise."""

    def __init__(self, code: int, text: str, *, status: int = 200) -> None:
        super().__init__(f"{code}: {text}")
        self.code, self.text, self.status = code, text, status


def bad(name: str) -> BybitApiError:
    """A parameter that cannot be read."""
    return BybitApiError(10001, f"Request parameter error: {name}")


def refusal_of(refusal: Refusal, side: Side) -> BybitApiError:
    """The code and text of a refusal of the exchange."""
    if refusal is Refusal.PERCENT_PRICE:
        if side is Side.BUY:
            return BybitApiError(170193, "Buy order price cannot be higher than the limit.")
        return BybitApiError(170194, "Sell order price cannot be lower than the limit.")
    return BybitApiError(*_TEXTS[refusal])
