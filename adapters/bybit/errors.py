"""What each of Bybit's codes says about the request: the table of bybit.md, 14, as data.

Invariant: `NOT_EXECUTED` and `VENUE` are given only where the request certainly was not executed;
everything unlisted is `UNKNOWN`.
"""

from __future__ import annotations

from typing import Final

from adapters.net.calls import Outcome
from bot3.domain.errors import Bot3Error, OrderRejectedError, OutcomeUnknownError, VenueError

TIMESTAMP_OUTSIDE_WINDOW: Final = 10002
TOO_FAST: Final = 10006
HTTP_FORBIDDEN: Final = 403
# Filled, canceled or never there: a query tells which.
NO_SUCH_ORDER: Final = frozenset({110001, 170139, 170142, 170143, 170190, 170213})

# The request as such was refused: parameters, filters, funds, state of the order.
_NOT_EXECUTED = (
    frozenset(
        {-1, 10001, TIMESTAMP_OUTSIDE_WINDOW, TOO_FAST, 10018, 10403, 20003}
        | {110003, 110004, 110007, 110012, 110017, 110020, 110045, 110079, 110094, 110108, 110109}
        | {110008, 110010, 110120, 110121, 170005, 170031, *range(170033, 170035), 170036, 170037}
        | {170105, 170115, 170116, 170117, 170121, 170124, *range(170130, 170138), 170140, 170145}
        | {170148, 170151, 170157, 170159, 170192, 170193, 170194, *range(170197, 170205), 170206}
        | {170209, 170210, 170217, 170218, 170222, 170227, 170228, 170229, 170312, 170313, 170341}
        | {170344, 170346, 170348, 170355, 170358, 170359, 170371, 170372, 170381, 170382, 170810}
    )
    | NO_SUCH_ORDER
)
# We as a whole were refused: key, account, region, route.
_VENUE = frozenset(
    {10003, 10004, 10005, 10007, 10008, 10009, 10010, 10017, 10024, 10027, 10028, 10029}
    | {10404, 33004, -2015}
)

# Keys and permissions: no waiting mends them.
REFUSED_FOR_GOOD: Final = frozenset({10003, 10004, 10005, 10007, 10010, 33004, -2015})


class BybitError(VenueError):
    """An error reply: the HTTP status, the venue's code (0: none), words, place."""

    def __init__(self, status: int, code: int, text: str, where: str) -> None:
        super().__init__(f"{where}: HTTP {status}, {code}: {text}")
        self.status, self.code, self.text = status, code, text

    @property
    def outcome(self) -> Outcome:
        """What is known about the request."""
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
    """A gateway's page without a code counts by its status."""
    if status >= 500:
        return Outcome.UNKNOWN
    if code in _NOT_EXECUTED:
        return Outcome.NOT_EXECUTED
    if code in _VENUE or (not code and status in {400, 401, HTTP_FORBIDDEN, 404, 405}):
        return Outcome.VENUE
    return Outcome.UNKNOWN
