"""OKX's words for its faults: statuses, bodies, close codes (okx.md, 11 and 12)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, final

import msgspec

from adapters.simulated.fault_rates import RequestKind, VenueFault
from adapters.simulated.okx.errors import TOO_FAST
from adapters.simulated.wire import HttpReply, HttpRequest

_JSON = ("content-type", "application/json; charset=utf-8")
_KINDS = {
    "order": RequestKind.ENTRY,
    "batch-orders": RequestKind.ENTRY,
    "amend-order": RequestKind.ENTRY,
    "cancel-order": RequestKind.CANCEL,
    "cancel-batch-orders": RequestKind.CANCEL,
}
_PUSH = '{"arg":'


def _error(status: int, code: str, text: str) -> HttpReply:
    body = msgspec.json.encode({"code": code, "data": [], "msg": text})
    return HttpReply(status, body, (_JSON,))


def _page(status: int, title: str) -> HttpReply:
    page = f"<html><head><title>{status} {title}</title></head></html>"
    return HttpReply(status, page.encode(), (("content-type", "text/html"),))


@final
class OkxFaultDialect:
    """There is no ban with a time on it: too much is told again and again."""

    unavailable_before: Final = (
        _error(410, "50005", "API is offline or unavailable"),
        _error(200, "50040", "Operations are too frequent"),
    )
    unavailable_after: Final = (
        _error(400, "50004", "API endpoint request timeout; it may have succeeded"),
        _error(500, "50026", "System error. Try again later"),
        _error(503, "50001", "Service temporarily unavailable"),
        _page(502, "Bad Gateway"),
    )
    lost_codes: Final = ((4006, "Abnormal disconnection"), (1011, "Internal error"))

    def __init__(self, now_ms: Callable[[], int]) -> None:
        del now_ms

    def kind_of(self, request: HttpRequest) -> RequestKind:
        if request.method == "POST":
            return _KINDS.get(request.path.rpartition("/")[2], RequestKind.QUERY)
        is_signed = "ok-access-sign" in request.headers
        return RequestKind.QUERY if is_signed else RequestKind.DATA

    def is_account(self, request: HttpRequest) -> bool:
        return request.path.endswith("/private")

    def stream_of(self, text: str) -> str | None:
        return text.partition("}")[0] if text.startswith(_PUSH) else None

    def refused(self, fault: VenueFault, retry_after_s: int) -> HttpReply:
        del retry_after_s
        return _error(429 if fault is VenueFault.RATE_LIMITED else 200, *TOO_FAST)
