"""OKX's codes and texts for what the exchange refuses (okx.md, error codes)."""

from __future__ import annotations

from adapters.simulated.orders import Refusal
from bot3.domain.instrument import Instrument
from bot3.domain.values import Side

NO_INSTRUMENT = ("51001", "Instrument ID, Instrument ID code or Spread ID doesn't exist.")
NO_ORDER = ("51603", "Order does not exist")
NOT_CANCELED = (
    "51400",
    "Order cancellation failed as the order has been filled, canceled or does not exist.",
)
NOT_AMENDED = (
    "51503",
    "Your order modification failed as the order has been filled, canceled or does not exist.",
)
ID_NEEDED = ("51003", "Either client order ID or order ID is required")
TOO_FAST = ("50011", "Too Many Requests")
EXPIRED = ("50036", "The expTime can't be earlier than the current system time.")
_TOO_SMALL = ("51020", "Your order should meet or exceed the minimum order amount.")
_TEXTS: dict[Refusal, tuple[str, str]] = {
    Refusal.UNKNOWN_SYMBOL: NO_INSTRUMENT,
    Refusal.PRICE_FILTER: ("51000", "Parameter px error"),
    Refusal.LOT_SIZE: ("51121", "Order quantity must be a multiple of the lot size."),
    Refusal.AMOUNT_TOO_SMALL: (
        "51020",
        "Your order should meet or exceed the minimum order amount.",
    ),
    Refusal.AMOUNT_TOO_LARGE: ("51202", "Market order amount exceeds the maximum amount."),
    Refusal.NOTIONAL: _TOO_SMALL,
    Refusal.NOT_POSITIVE: ("51000", "Parameter sz error"),
    Refusal.MARKET_CLOSED: ("51021", "Contract to be listed"),
    Refusal.MAX_NUM_ORDERS: ("51174", "The number of pending orders reached the limit."),
    Refusal.DUPLICATE_ID: ("51016", "Client order ID already exists."),
    Refusal.NO_LIQUIDITY: ("51109", "There is no valid price in the order book."),
    Refusal.UNKNOWN_ORDER: NOT_CANCELED,
    Refusal.RESTRICTED_CANCEL: NOT_CANCELED,
    Refusal.WOULD_TAKE: ("51511", "Post-only order would take liquidity."),
}


class OkxApiError(Exception):
    """An answer that is an error, of the whole request or of one item."""

    def __init__(self, code: str, text: str, *, status: int = 200) -> None:
        super().__init__(f"{code}: {text}")
        self.code, self.text, self.status = code, text, status


def bad(name: str) -> OkxApiError:
    """A parameter that cannot be read."""
    return OkxApiError("51000", f"Parameter {name} error", status=400)


def refusal_of(refusal: Refusal, instrument: Instrument, side: Side) -> OkxApiError:
    """The code and text of a refusal of the exchange."""
    if refusal is Refusal.INSUFFICIENT_BALANCE:
        asset = instrument.quote if side is Side.BUY else instrument.base
        return OkxApiError("51008", f"Order failed. Insufficient {asset} balance in account")
    if refusal is Refusal.PERCENT_PRICE:
        code = "51137" if side is Side.BUY else "51138"
        return OkxApiError(code, "The order price is outside the price limit.")
    return OkxApiError(*_TEXTS[refusal])
