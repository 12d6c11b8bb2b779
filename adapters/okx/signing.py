"""OKX's signatures: base64 HMAC-SHA256 over exactly what is sent (okx.md, 3 and 4.3).

Invariant: neither key, secret nor passphrase appears in a repr, a str or an error of anything here.
"""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Final

import msgspec

from adapters.net.credentials import Credentials

_LOGIN: Final = "GET/users/self/verify"


def timestamp(now_ns: int) -> str:
    """UTC with exactly milliseconds: `2020-12-08T09:08:57.715Z`."""
    seconds, ns = divmod(now_ns, 1_000_000_000)
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{ns // 1_000_000:03d}Z"


def signature(credentials: Credentials, payload: str) -> str:
    """As headers and logins carry it."""
    return base64.b64encode(credentials.digest(payload.encode())).decode()


def signed_headers(
    credentials: Credentials, method: str, target: str, body: bytes, now_ns: int
) -> dict[str, str]:
    """`target` and `body` are the bytes on the wire."""
    stamp = timestamp(now_ns)
    return {
        "OK-ACCESS-KEY": credentials.api_key,
        "OK-ACCESS-SIGN": signature(credentials, f"{stamp}{method}{target}{body.decode()}"),
        "OK-ACCESS-TIMESTAMP": stamp,
        "OK-ACCESS-PASSPHRASE": credentials.passphrase,
        "Content-Type": "application/json",
    }


def login(credentials: Credentials, now_ns: int) -> str:
    """The first message of a private websocket."""
    stamp = str(now_ns // 1_000_000_000)
    arg = {
        "apiKey": credentials.api_key,
        "passphrase": credentials.passphrase,
        "timestamp": stamp,
        "sign": signature(credentials, stamp + _LOGIN),
    }
    return msgspec.json.encode({"op": "login", "args": [arg]}).decode()
