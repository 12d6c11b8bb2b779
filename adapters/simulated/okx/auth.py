"""Who signed a request, and whether in time: base64 HMAC-SHA256 over the raw bytes sent."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final

from adapters.net.decimals import whole
from adapters.simulated.credential import Credential
from adapters.simulated.okx.errors import OkxApiError
from adapters.simulated.wire import HttpRequest

WINDOW_MS: Final = 30_000
LOGIN_WINDOW_S: Final = 30
LOGIN_PATH: Final = "/users/self/verify"
_STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_HEADERS = (
    ("ok-access-key", "50103"),
    ("ok-access-passphrase", "50104"),
    ("ok-access-sign", "50106"),
    ("ok-access-timestamp", "50107"),
)


def sign(secret: str, payload: bytes) -> str:
    """As the header carries it."""
    return base64.b64encode(hmac.new(secret.encode(), payload, hashlib.sha256).digest()).decode()


def authenticate(
    request: HttpRequest, credentials: Mapping[str, Credential], now_ms: int
) -> Credential:
    """The credential that signed; raises `OkxApiError` with HTTP 401."""
    for name, code in _HEADERS:
        if not request.headers.get(name):
            raise _refused(code, f'Request header "{name.upper()}" cannot be empty.')
    key, passphrase, signature, stamp = (request.headers[name] for name, _ in _HEADERS)
    if not _STAMP.fullmatch(stamp):
        raise _refused("50112", "Invalid OK-ACCESS-TIMESTAMP")
    credential = credentials.get(key)
    if credential is None:
        raise _refused("50111", "Invalid OK-ACCESS-KEY")
    if abs(now_ms - _ms_of(stamp)) > WINDOW_MS:
        raise _refused("50102", "Timestamp request expired")
    if not hmac.compare_digest(credential.passphrase.encode(), passphrase.encode()):
        raise _refused("50105", "Request header OK-ACCESS-PASSPHRASE incorrect.")
    payload = f"{stamp}{request.method}{request.target}".encode() + request.body
    if not hmac.compare_digest(sign(credential.secret, payload).encode(), signature.encode()):
        raise _refused("50113", "Invalid Sign")
    return credential


def authenticate_login(
    arg: Mapping[str, str], credential_of: Callable[[str], Credential | None], now_s: int
) -> Credential:
    """Of a websocket's `login`; raises `OkxApiError`."""
    stamp = arg.get("timestamp", "")
    sent_s = whole(stamp)
    if sent_s is None:
        raise OkxApiError("60004", "Invalid timestamp")
    credential = credential_of(arg.get("apiKey", ""))
    if credential is None:
        raise OkxApiError("60005", "Invalid apiKey")
    if abs(now_s - sent_s) > LOGIN_WINDOW_S:
        raise OkxApiError("60006", "Timestamp request expired")
    if not hmac.compare_digest(credential.passphrase.encode(), arg.get("passphrase", "").encode()):
        raise OkxApiError("60024", "Wrong passphrase")
    expected = sign(credential.secret, f"{stamp}GET{LOGIN_PATH}".encode())
    if not hmac.compare_digest(expected.encode(), arg.get("sign", "").encode()):
        raise OkxApiError("60007", "Invalid sign")
    return credential


def _refused(code: str, text: str) -> OkxApiError:
    return OkxApiError(code, text, status=401)


def _ms_of(stamp: str) -> int:
    try:
        moment = datetime.fromisoformat(stamp)
    except ValueError:
        raise _refused("50112", "Invalid OK-ACCESS-TIMESTAMP") from None
    return round(moment.replace(tzinfo=UTC).timestamp() * 1000)
