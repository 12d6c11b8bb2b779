"""Binance's error codes and their exact texts: clients match on both."""

from __future__ import annotations

from adapters.simulated.orders import Refusal

INVALID_SYMBOL = (-1121, "Invalid symbol.")
BUSY = (
    -1008,
    "Server is currently overloaded with other requests. Please try again in a few minutes.",
)
BUS_UNCLEAR = (
    -1006,
    "An unexpected response was received from the message bus. Execution status unknown.",
)
ENGINE_TIMEOUT = (
    -1007,
    (
        "Timeout waiting for response from backend server. "
        "Send status unknown; execution status unknown."
    ),
)
_FILTERS = (
    Refusal.PRICE_FILTER,
    Refusal.PERCENT_PRICE,
    Refusal.LOT_SIZE,
    Refusal.NOTIONAL,
    Refusal.MAX_NUM_ORDERS,
)
_OF_LOT_SIZE = {Refusal.AMOUNT_TOO_SMALL, Refusal.AMOUNT_TOO_LARGE}  # one filter has all three
_REFUSALS: dict[Refusal, tuple[int, str]] = {
    Refusal.UNKNOWN_SYMBOL: INVALID_SYMBOL,
    Refusal.NOT_POSITIVE: (-1013, "Price * QTY is zero or less."),
    Refusal.MARKET_CLOSED: (-1013, "Market is closed."),
    Refusal.DUPLICATE_ID: (-2010, "Duplicate order sent."),
    Refusal.INSUFFICIENT_BALANCE: (
        -2010,
        "Account has insufficient balance for requested action.",
    ),
    Refusal.WOULD_TAKE: (-2010, "Order would immediately match and take."),
    Refusal.NO_LIQUIDITY: (
        -2010,
        "Order book liquidity is less than `LOT_SIZE` filter minimum quantity.",
    ),
    Refusal.UNKNOWN_ORDER: (-2011, "Unknown order sent."),
    Refusal.RESTRICTED_CANCEL: (
        -2011,
        "Order was not canceled due to cancel restrictions.",
    ),
}


class ApiError(Exception):
    """An answer that is an error. `retry_after_s` goes with 429 and 418, `data` with two halves."""

    def __init__(
        self,
        code: int,
        text: str,
        *,
        status: int = 400,
        retry_after_s: int | None = None,
        data: dict[str, object] | None = None,
    ) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text
        self.status = status
        self.retry_after_s = retry_after_s
        self.data = data

    def body(self) -> dict[str, object]:
        """As it goes onto the wire."""
        told: dict[str, object] = {"code": self.code, "msg": self.text}
        return told if self.data is None else {**told, "data": self.data}


def error_of(refusal: Refusal) -> ApiError:
    """The code and text of a refusal of the exchange."""
    if refusal in _OF_LOT_SIZE:
        refusal = Refusal.LOT_SIZE
    if refusal in _FILTERS:
        return ApiError(-1013, f"Filter failure: {refusal.value}")
    return ApiError(*_REFUSALS[refusal])


def missing(name: str) -> ApiError:
    """A mandatory parameter was not sent."""
    return ApiError(
        -1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed."
    )


def illegal(name: str, legal: str) -> ApiError:
    """A parameter does not match its pattern."""
    return ApiError(
        -1100, f"Illegal characters found in parameter '{name}'; legal range is '{legal}'."
    )


def not_required(name: str) -> ApiError:
    """A parameter does not go with the others."""
    return ApiError(-1106, f"Parameter '{name}' sent when not required.")


def too_precise(name: str) -> ApiError:
    """More decimals than the asset has."""
    return ApiError(-1111, f"Parameter '{name}' has too much precision.")
