"""Request signing: HMAC-SHA256 over exactly the bytes that are sent (REST) or sorted (WS-API).

Invariant: neither key nor secret appears in a repr, a str or an error of anything here.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from adapters.net.credentials import Credentials

Param = str | int


def query_of(params: Mapping[str, Param]) -> str:
    """`a=1&b=2` in the given order, percent-encoded as UTF-8: what is sent and what is signed."""
    return "&".join(f"{quote(k, safe='')}={quote(str(v), safe='')}" for k, v in params.items())


def signed_query(credentials: Credentials, params: Mapping[str, Param]) -> str:
    """The query string with its signature last (rest-api.md, "Request Security")."""
    query = query_of(params)
    signature = f"signature={credentials.sign(query.encode('ascii'))}"
    return f"{query}&{signature}" if query else signature


def signed_params(credentials: Credentials, params: Mapping[str, Param]) -> dict[str, Param]:
    """WS-API parameters with key and signature (web-socket-api.md).

    Signed is `k=v&…` sorted by name, as raw UTF-8 without percent-encoding.
    """
    whole: dict[str, Param] = {**params, "apiKey": credentials.api_key}
    payload = "&".join(f"{name}={whole[name]}" for name in sorted(whole))
    return {**whole, "signature": credentials.sign(payload.encode())}
