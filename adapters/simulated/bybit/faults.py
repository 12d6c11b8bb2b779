"""Bybit's words for its faults: statuses, bodies, close codes (bybit.md, 13 and 14)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, final

import msgspec

from adapters.simulated.bybit.errors import TOO_FAST
from adapters.simulated.fault_rates import RequestKind, VenueFault
from adapters.simulated.wire import HttpReply, HttpRequest

_JSON = ("content-type", "application/json; charset=utf-8")
_KINDS = {
    "/v5/order/create": RequestKind.ENTRY,
    "/v5/order/amend": RequestKind.ENTRY,
    "/v5/order/cancel": RequestKind.CANCEL,
    "/v5/order/cancel-all": RequestKind.CANCEL,
}
_TOPIC: Final = '{"topic":"'


def _error(code: int, text: str, *headers: tuple[str, str]) -> HttpReply:
    body = {"retCode": code, "retMsg": text, "result": {}, "retExtInfo": {}, "time": 0}
    return HttpReply(200, msgspec.json.encode(body), (_JSON, *headers))


def _page(status: int, title: str) -> HttpReply:
    page = f"<html><head><title>{status} {title}</title></head></html>"
    return HttpReply(status, page.encode(), (("content-type", "text/html"),))


@final
class BybitFaultDialect:
    """Errors are HTTP 200 with a code, and what lasts says until when.

    Not among them is the page (HTTP 403) for an address that asked too much: it says nothing of its
    ten minutes, and a client that keeps them is away for longer than any fault here.
    """

    unavailable_before: Final = (
        _error(170222, "Too many requests in this time frame."),
        _error(170031, "The feature has been suspended"),
    )
    unavailable_after: Final = (
        _error(170007, "Timeout waiting for response from backend server."),
        _error(10016, "Server error."),
        _error(10000, "Server Timeout"),
        _page(504, "Gateway Time-out"),
    )
    lost_codes: Final = ((1001, "Going away"), (1011, "Internal error"))

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms

    def kind_of(self, request: HttpRequest) -> RequestKind:
        is_signed = "x-bapi-sign" in request.headers
        other = RequestKind.QUERY if is_signed else RequestKind.DATA
        return _KINDS.get(request.path, other)

    def is_account(self, request: HttpRequest) -> bool:
        return request.path in {"/v5/private", "/v5/trade"}

    def stream_of(self, text: str) -> str | None:
        return text.split('"', 4)[3] if text.startswith(_TOPIC) else None

    def refused(self, fault: VenueFault, retry_after_s: int) -> HttpReply:
        del fault
        until_ms = str(self._now_ms() + retry_after_s * 1_000)
        return _error(*TOO_FAST, ("x-bapi-limit-reset-timestamp", until_ms))
