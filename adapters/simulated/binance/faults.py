"""Binance's words for its faults: statuses, bodies, close codes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, final

import msgspec

from adapters.simulated.binance.errors import BUS_UNCLEAR, BUSY, ENGINE_TIMEOUT
from adapters.simulated.binance.front import WS_API_PATH
from adapters.simulated.binance.rest import JSON, ROUTES
from adapters.simulated.fault_rates import RequestKind, VenueFault
from adapters.simulated.wire import POLICY_VIOLATION, HttpReply, HttpRequest

_INTERNAL_ERROR = 1011
_KINDS = {
    "order.place": RequestKind.ENTRY,
    "order.cancelReplace": RequestKind.ENTRY,
    "order.cancel": RequestKind.CANCEL,
    "openOrders.cancelAll": RequestKind.CANCEL,
}
_ANSWERS = ('{"result":', '{"error":', '{"id":')
_COMBINED = '{"stream":"'
_LIMITED = (
    "Too much request weight used; current limit is 6000 request weight per 1 MINUTE. "
    "Please use WebSocket Streams for live updates to avoid polling the API."
)
_BANNED = (
    "Way too much request weight used; IP banned until {until_ms}. "
    "Please use WebSocket Streams for live updates to avoid bans."
)


def _error(status: int, code: int, text: str, *headers: tuple[str, str]) -> HttpReply:
    body = msgspec.json.encode({"code": code, "msg": text})
    return HttpReply(status, body, (JSON, *headers))


def _page(status: int, title: str) -> HttpReply:
    page = f"<html><head><title>{status} {title}</title></head></html>"
    return HttpReply(status, page.encode(), (("content-type", "text/html"),))


@final
class BinanceFaultDialect:
    """`now_ms` is for the texts of bans only."""

    unavailable_before: Final = (_page(503, "Service Unavailable"), _error(503, *BUSY))
    unavailable_after: Final = (
        _error(500, *BUS_UNCLEAR),
        _error(504, *ENGINE_TIMEOUT),
        _page(502, "Bad Gateway"),
    )
    lost_codes: Final = (
        (POLICY_VIOLATION, "Disconnected"),
        (_INTERNAL_ERROR, "Internal error"),
    )

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms

    def kind_of(self, request: HttpRequest) -> RequestKind:
        name = ROUTES.get((request.method, request.path), "")
        is_signed = "signature=" in request.query or b"signature=" in request.body
        return _KINDS.get(name, RequestKind.QUERY if is_signed else RequestKind.DATA)

    def is_account(self, request: HttpRequest) -> bool:
        return request.path == WS_API_PATH

    def stream_of(self, text: str) -> str | None:
        if text.startswith(_ANSWERS):
            return None
        return text.split('"', 4)[3] if text.startswith(_COMBINED) else ""

    def refused(self, fault: VenueFault, retry_after_s: int) -> HttpReply:
        retry_after = ("retry-after", str(retry_after_s))
        if fault is VenueFault.RATE_LIMITED:
            return _error(429, -1003, _LIMITED, retry_after)
        until_ms = self._now_ms() + retry_after_s * 1_000
        return _error(418, -1003, _BANNED.format(until_ms=until_ms), retry_after)
