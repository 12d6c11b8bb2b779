"""Who signed a request, and whether in time: HMAC-SHA256 and the receive window."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from decimal import Decimal

from adapters.simulated.binance.errors import ApiError, illegal, missing
from adapters.simulated.binance.params import Params
from adapters.simulated.credential import Credential

KEY_PATTERN = re.compile(r"[A-Za-z0-9]{4,128}")
_RECV_WINDOW_PATTERN = r"^[0-9]{1,5}(\.[0-9]{1,3})?$"
_RECV_WINDOW_DEFAULT_MS = Decimal(5_000)
_RECV_WINDOW_MAX_MS = Decimal(60_000)
_AHEAD_MAX_MS = 1_000
_MICROSECONDS_FROM = 100_000_000_000_000


def authenticate(
    params: Params, key: str | None, credentials: Mapping[str, Credential], now_ms: int
) -> Credential:
    """The credential that signed; raises `ApiError` in the order of Binance's checks."""
    if not key or not KEY_PATTERN.fullmatch(key):
        raise ApiError(-2014, "API-key format invalid.", status=401)
    credential = credentials.get(key)
    if credential is None:
        raise ApiError(-2015, "Invalid API-key, IP, or permissions for action.", status=401)
    signature = params.text("signature")
    check_window(params, now_ms)
    expected = hmac.new(credential.secret.encode(), params.signed, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected, signature.lower()):
        raise ApiError(-1022, "Signature for this request is not valid.")
    return credential


def check_window(params: Params, now_ms: int) -> None:
    """Raises `ApiError` -1021 for a request that is too old or from the future."""
    stamp = params.integer("timestamp")
    if stamp is None:
        raise missing("timestamp")
    stamp_ms = Decimal(stamp)
    if stamp >= _MICROSECONDS_FROM:
        stamp_ms /= 1_000
    window_ms = _RECV_WINDOW_DEFAULT_MS
    window = params.optional("recvWindow")
    if window is not None:
        if not re.match(_RECV_WINDOW_PATTERN, window):
            raise illegal("recvWindow", _RECV_WINDOW_PATTERN)
        window_ms = Decimal(window)
    if window_ms > _RECV_WINDOW_MAX_MS:
        raise ApiError(-1131, "'recvWindow' must be less than 60000.")
    if stamp_ms >= now_ms + _AHEAD_MAX_MS:
        raise ApiError(-1021, "Timestamp for this request was 1000ms ahead of the server's time.")
    if now_ms - stamp_ms > window_ms:
        raise ApiError(-1021, "Timestamp for this request is outside of the recvWindow.")
