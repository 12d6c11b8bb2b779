"""`order.cancelReplace`: one order off the book, another on it (rest-api.md).

Invariant: the new order's parameters are checked before the old one is touched; what then happened
to each half is told, also where it is an error.
"""

from __future__ import annotations

from collections.abc import Callable

from adapters.simulated.binance.errors import ApiError
from adapters.simulated.binance.params import Params
from adapters.simulated.binance.wire import Json

MODES = ("STOP_ON_FAILURE", "ALLOW_FAILURE")
# The cancel's own names for what a cancel is asked.
_CANCEL_NAMES = {
    "symbol": "symbol",
    "cancelOrderId": "orderId",
    "cancelOrigClientOrderId": "origClientOrderId",
    "cancelNewClientOrderId": "newClientOrderId",
    "cancelRestrictions": "cancelRestrictions",
}
CANCEL_REPLACE = frozenset((*_CANCEL_NAMES, "cancelReplaceMode"))
_Half = tuple[str, object]


def replace(
    params: Params,
    check: Callable[[], object],
    cancel: Callable[[Params], Json],
    place: Callable[[], Json],
) -> Json:
    """Both halves; raises `ApiError` -2021 or -2022 where one of them failed."""
    mode = params.text("cancelReplaceMode")
    if mode not in MODES:
        raise ApiError(-1130, "Data sent for parameter 'cancelReplaceMode' is not valid.")
    check()
    old = {ours: params.values[name] for name, ours in _CANCEL_NAMES.items() if params.has(name)}
    canceled = _tried(lambda: cancel(Params(old)))
    placed: _Half = ("NOT_ATTEMPTED", None)
    if canceled[0] == "SUCCESS" or mode == "ALLOW_FAILURE":
        placed = _tried(place)
    told: Json = {
        "cancelResult": canceled[0],
        "newOrderResult": placed[0],
        "cancelResponse": canceled[1],
        "newOrderResponse": placed[1],
    }
    good = (canceled[0], placed[0]).count("SUCCESS")
    if good == 1:
        raise ApiError(-2021, "Order cancel-replace partially failed.", status=409, data=told)
    if good == 0:
        raise ApiError(-2022, "Order cancel-replace failed.", data=told)
    return told


def _tried(half: Callable[[], Json]) -> _Half:
    try:
        return "SUCCESS", half()
    except ApiError as error:
        return "FAILURE", error.body()
