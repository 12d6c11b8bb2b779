"""Who signed a request, and whether in time: hex HMAC-SHA256 over the raw query or body."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from adapters.net.decimals import whole
from adapters.simulated.bybit.errors import BybitApiError
from adapters.simulated.credential import Credential
from adapters.simulated.wire import HttpRequest

WINDOW_MS: Final = 5_000
AHEAD_MS: Final = 1_000
_SOCKET_ARGS: Final = ("key", "expires", "signature")


def sign(secret: str, payload: bytes) -> str:
    """As the header carries it."""
    return hmac.new(secret.encode(), payload, hashlib.sha256).hexdigest()


def authenticate(
    request: HttpRequest, credentials: Mapping[str, Credential], now_ms: int
) -> Credential:
    """The credential that signed; raises `BybitApiError`."""
    key = request.headers.get("x-bapi-api-key", "")
    if not key:
        raise BybitApiError(10001, "Request parameter error: apiKey is missing")
    credential = credentials.get(key)
    if credential is None:
        raise BybitApiError(10003, "API key is invalid.")
    stamp = request.headers.get("x-bapi-timestamp", "")
    window = request.headers.get("x-bapi-recv-window", "")
    check_window(stamp, window, now_ms)
    said = request.query.encode() if request.method == "GET" else request.body
    payload = f"{stamp}{key}{window}".encode() + said
    given = request.headers.get("x-bapi-sign", "")
    if not hmac.compare_digest(sign(credential.secret, payload).encode(), given.lower().encode()):
        text = "Error sign, please check your signature generation algorithm."
        raise BybitApiError(10004, text)
    return credential


def authenticate_socket(
    args: Sequence[object], credential_of: Callable[[str], Credential | None], now_ms: int
) -> Credential:
    """Of `[key, expires, signature]`; raises `BybitApiError`."""
    if len(args) != len(_SOCKET_ARGS):
        raise BybitApiError(10001, "Params Error")
    key, expires, given = map(str, args)
    credential = credential_of(key)
    if credential is None:
        raise BybitApiError(10003, "API key is invalid.")
    if (whole(expires) or 0) <= now_ms:
        raise BybitApiError(10001, "Params Error")
    expected = sign(credential.secret, f"GET/realtime{expires}".encode())
    if not hmac.compare_digest(expected.encode(), given.lower().encode()):
        raise BybitApiError(10004, "Error sign, please check your signature generation algorithm.")
    return credential


def check_window(stamp: str, window: str, now_ms: int) -> None:
    """Raises `BybitApiError` 10002 for a time-stamp that is too old, or ahead."""
    sent_ms, window_ms = whole(stamp), whole(window) if window else WINDOW_MS
    is_read = sent_ms is not None and window_ms is not None
    if not is_read or not now_ms - (window_ms or 0) <= (sent_ms or 0) < now_ms + AHEAD_MS:
        text = "invalid request, please check your server timestamp or recv_window param."
        details = f" req_timestamp[{stamp}],server_timestamp[{now_ms}],recv_window[{window_ms}]"
        raise BybitApiError(10002, text + details)
