"""What each of Binance's errors says about the request: the table of errors.md, as data.

Invariant: `NOT_EXECUTED` and `VENUE` are given only where the request certainly was not executed;
everything unlisted, and every 5xx whatever its code, is `UNKNOWN`.
"""

from __future__ import annotations

from typing import Final

import msgspec

from adapters.net.calls import Outcome
from bot3.domain.errors import Bot3Error, OrderRejectedError, OutcomeUnknownError, VenueError

TOO_MANY_ORDERS: Final = -1015
TIMESTAMP_OUTSIDE_WINDOW: Final = -1021
INVALID_SYMBOL: Final = -1121
UNKNOWN_ORDER_TO_CANCEL: Final = -2011
NO_SUCH_ORDER: Final = -2013

# The request as such was refused: parameters, filters, funds, state of the order.
_NOT_EXECUTED = frozenset(
    {-1013, -1014, TOO_MANY_ORDERS, -1020, TIMESTAMP_OUTSIDE_WINDOW}
    | {*range(-1106, -1099), -1108, -1111, -1112, *range(-1122, -1113), -1127, -1128, -1130}
    | {-1131, -1134, -1135, -1139, -1145, -1151, -1152, -1153, -1155, -1161}
    | {*range(-1168, -1157), -1194, *range(-1199, -1195), -1210, -1211, -1220}
    | {*range(-1225, -1221), -2010, UNKNOWN_ORDER_TO_CANCEL, NO_SUCH_ORDER}
    | {-2016, -2022, -2026, -2035, -2036, -2038, -2039, -2042, -2043}
)
# We as a whole were refused: rate, key, service.
_VENUE = frozenset({-1002, -1003, -1016, -1022, -1034, -1125, -2014, -2015})
# Received, and then nobody knows; -2021 is "half done".
_DUPLICATE = "Duplicate order sent."  # under -2010: an order of this id is open
_UNKNOWN = frozenset({-1000, -1001, -1006, -1007, -1008, -2021})

OUTCOMES: Final[dict[int, Outcome]] = {
    **dict.fromkeys(_NOT_EXECUTED, Outcome.NOT_EXECUTED),
    **dict.fromkeys(_VENUE, Outcome.VENUE),
    **dict.fromkeys(_UNKNOWN, Outcome.UNKNOWN),
}
# Codes that no waiting mends: keys, permissions.
REFUSED_FOR_GOOD: Final = frozenset({-1002, -1022, -2014, -2015})
# Statuses that come without a code: a web application firewall, a region, a wrong path, a rate.
STATUS_OUTCOMES: Final[dict[int, Outcome]] = dict.fromkeys(
    (401, 403, 404, 405, 410, 418, 429, 451), Outcome.VENUE
)


class ErrorBody(msgspec.Struct, frozen=True):
    """`{"code": -1121, "msg": "Invalid symbol."}`."""

    code: int
    msg: str = ""


_decoder = msgspec.json.Decoder(ErrorBody)


class BinanceError(VenueError):
    """An error reply: the HTTP status, the venue's code (0: none) and words, and what they mean."""

    def __init__(self, status: int, code: int, text: str, where: str) -> None:
        super().__init__(f"{where}: HTTP {status}, {code}: {text}")
        self.status = status
        self.code = code
        self.text = text

    @property
    def outcome(self) -> Outcome:
        """What is known about the order: a refused duplicate means that a first one exists."""
        if self.text == _DUPLICATE:
            return Outcome.UNKNOWN
        return outcome_of(self.status, self.code)

    def about_order(self) -> Bot3Error:
        """The same error as an order's fate."""
        match self.outcome:
            case Outcome.NOT_EXECUTED:
                return OrderRejectedError(str(self.code), self.text)
            case Outcome.UNKNOWN:
                return OutcomeUnknownError(str(self))
            case Outcome.VENUE:
                return self


def outcome_of(status: int, code: int) -> Outcome:
    """The table's answer for an HTTP (or WS-API) status and code; code 0 where there was none."""
    if status >= 500:
        return Outcome.UNKNOWN
    if code:
        return OUTCOMES.get(code, Outcome.UNKNOWN)
    return STATUS_OUTCOMES.get(status, Outcome.UNKNOWN)


def error_of(status: int, body: bytes, where: str) -> BinanceError:
    """From a reply that is not 2xx, whose body may be JSON, HTML or nothing."""
    try:
        found = _decoder.decode(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return BinanceError(status, 0, "no error code in the reply", where)
    return BinanceError(status, found.code, found.msg, where)
