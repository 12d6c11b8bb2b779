"""What each of OKX's codes says about the request: the table of okx.md, 12, as data.

Invariant: `NOT_EXECUTED` and `VENUE` are given only where the request certainly was not executed;
everything unlisted is `UNKNOWN`.
"""

from __future__ import annotations

from typing import Final

from adapters.net.calls import Outcome
from bot3.domain.errors import Bot3Error, OrderRejectedError, OutcomeUnknownError, VenueError

TIMESTAMP_EXPIRED: Final = "50102"
LOGIN_TIMESTAMP_EXPIRED: Final = "60006"
TOO_FAST: Final = frozenset({"50011", "50040", "50061"})
NO_ORDER: Final = "51603"
NOT_CANCELED: Final = "51400"

# The request as such was refused: parameters, filters, funds, state of the order.
_NOT_EXECUTED = frozenset(
    {"50000", "50002", "50006", "50014", "50015", "50016", "50024", "50025", "50032", "50033"}
    | {"50036", "50037", "50039", TIMESTAMP_EXPIRED, *TOO_FAST}
    | {"51001", "51003", "51005", "51006", "51008", "51010", "51015", "51020", "51021", "51022"}
    | {"51025", "51027", "51087", "51101", "51102", "51103", "51109", "51110", "51111", "51116"}
    | {"51119", "51120", "51121", "51122", "51124", "51127", "51131", "51137", "51138", "51140"}
    | {"51142", "51150", "51155", "51174", "51185", "51196", "51197", "51201", "51202", "51203"}
    | {"51204", NOT_CANCELED, "51401", "51402", "51403", "51404", "51406", "51407", "51410"}
    | {"51501", "51502", "51503", "51506", "51507", "51508", "51511", "51512", "51513", "51514"}
    | {NO_ORDER, "54004", "54084", "54085", "60011", "60012", "60013", "60014", "60023", "60033"}
)
# We as a whole were refused: key, account, region, place.
_VENUE = frozenset(
    {"50005", "50007", "50008", "50009", "50012", "50027", "50028", "50029", "50030", "50038"}
    | {"50051", "50052", "50100", "50101", "50103", "50104", "50105", "50106", "50107", "50110"}
    | {"50111", "50112", "50113", "50114", "50115", "50119", "50120", "50404", "51009", "51024"}
    | {"59000", "59113", "60008", "64001", "64002"}
)
# A first order of this client id may live: 51000 only where it is about that id.
_DUPLICATES: Final = frozenset({"50071", "51011", "51016"})
_PARAMETER: Final = "51000"

# Keys and permissions: no waiting mends them.
REFUSED_FOR_GOOD: Final = frozenset(
    {"50100", "50101", "50105", "50110", "50111", "50113", "50119", "50120"}
    | {"60005", "60007", "60024", "60032"}
)


class OkxError(VenueError):
    """An error reply: HTTP status (200 for an item's, or a websocket's), code, words, place."""

    def __init__(self, status: int, code: str, text: str, where: str) -> None:
        super().__init__(f"{where}: HTTP {status}, {code}: {text}")
        self.status, self.code, self.text = status, code, text

    @property
    def outcome(self) -> Outcome:
        """What is known about the request."""
        return outcome_of(self.status, self.code, self.text)

    def about_order(self) -> Bot3Error:
        """The same error as an order's fate."""
        match self.outcome:
            case Outcome.NOT_EXECUTED:
                return OrderRejectedError(self.code, self.text)
            case Outcome.UNKNOWN:
                return OutcomeUnknownError(str(self))
            case Outcome.VENUE:
                return self


def outcome_of(status: int, code: str, text: str) -> Outcome:
    """A gateway's page without a code counts by its status."""
    if code in _DUPLICATES or status >= 500:
        return Outcome.UNKNOWN
    if code == _PARAMETER:
        return Outcome.UNKNOWN if "clOrdId" in text else Outcome.NOT_EXECUTED
    if code in _NOT_EXECUTED:
        return Outcome.NOT_EXECUTED
    if code in _VENUE or (not code and status in {401, 403, 404, 405, 410, 429, 451}):
        return Outcome.VENUE
    return Outcome.UNKNOWN
