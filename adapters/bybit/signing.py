"""Bybit's signatures: hex HMAC-SHA256 over exactly what is sent (bybit.md, 2.1 and 3.4).

Invariant: neither key nor secret appears in a repr, a str or an error of anything here.
"""

from __future__ import annotations

from typing import Final

import msgspec

from adapters.net.credentials import Credentials

_NS_PER_MS: Final = 1_000_000
LOGIN_LIFE_MS: Final = 10_000


def signed_headers(
    credentials: Credentials, payload: bytes, now_ns: int, window_ms: int
) -> dict[str, str]:
    """`payload` is the query of a GET, the body of a POST: the bytes on the wire."""
    stamp = str(now_ns // _NS_PER_MS)
    signed = f"{stamp}{credentials.api_key}{window_ms}".encode() + payload
    return {
        "X-BAPI-API-KEY": credentials.api_key,
        "X-BAPI-TIMESTAMP": stamp,
        "X-BAPI-RECV-WINDOW": str(window_ms),
        "X-BAPI-SIGN": credentials.sign(signed),
        "Content-Type": "application/json",
    }


def auth(credentials: Credentials, now_ns: int, more: dict[str, str]) -> str:
    """The first message of a private websocket; `more` is its number, by the socket's name."""
    expires = now_ns // _NS_PER_MS + LOGIN_LIFE_MS
    signature = credentials.sign(f"GET/realtime{expires}".encode())
    body = {**more, "op": "auth", "args": [credentials.api_key, expires, signature]}
    return msgspec.json.encode(body).decode()
